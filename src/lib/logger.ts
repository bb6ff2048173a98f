import type { Clock } from './clock';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Facts of one line. Never a token, a password, or a whole registry value above `debug`. */
export type LogFields = Readonly<
  Record<string, string | number | boolean | null | undefined | readonly string[]>
>;

/** Structured log: one JSON object a line. */
export type Logger = Readonly<Record<LogLevel, (message: string, fields?: LogFields) => void>>;

/** A logger that writes lines at or above `threshold` to `write`. JSON escapes CR and LF, so a value cannot forge a line. */
export function createLogger(threshold: LogLevel, clock: Clock, write: (line: string) => void): Logger {
  const from = LOG_LEVELS.indexOf(threshold);
  const at =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}) => {
      if (LOG_LEVELS.indexOf(level) < from) return;
      write(JSON.stringify({ time: clock.now(), level, message, ...fields }) + '\n');
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
