import { systemClock } from '../../src/lib/clock';
import { type Logger, createLogger } from '../../src/lib/logger';

/** A logger that keeps its lines, for tests that read them. */
export function memoryLogger(): Logger & { readonly lines: string[] } {
  const lines: string[] = [];
  return { ...createLogger('debug', systemClock, (line) => lines.push(line)), lines };
}
