import { type Config, ConfigError, readConfig } from './config';
import { compose } from './compose';
import { createApp } from './http/app';
import { startServer } from './http/server';
import { systemClock } from './lib/clock';
import { messageOf, systemCodeOf } from './lib/errors';
import { type Logger, createLogger } from './lib/logger';

/** Exit status for bad settings (sysexits.h). */
const EX_CONFIG = 78;

void main();

async function main(): Promise<void> {
  // Whoever reads the log may go away; the service does not.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const stopSignal = firstSignal();
  const config = configOrExit();
  const logger = createLogger(config.logLevel, systemClock, (line) => process.stdout.write(line));
  try {
    await serve(config, logger, stopSignal);
  } catch (error) {
    fail(describe(error, config));
  }
  process.exit(0);
}

/** Serves until the signal comes, then finishes what is in flight, changes last. */
async function serve(config: Config, logger: Logger, stopSignal: Promise<string>): Promise<void> {
  const { services, close } = await compose(config, logger);
  try {
    const server = await startServer(createApp(services), { host: config.host, port: config.port });
    if (config.plaintextBeyondLoopback) {
      logger.warn('tokens travel unencrypted: listening beyond loopback without TLS', { host: config.host });
    }
    logger.info('listening', { url: server.url, docs: `${server.url}/docs` });
    logger.info('stopping', { signal: await stopSignal });
    await server.stop();
  } finally {
    await close();
  }
  logger.info('stopped');
}

/** The first signal that asks for an end, whenever it comes. Further ones change nothing: the end has begun. */
function firstSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGBREAK', 'SIGHUP'] as const) {
      process.on(signal, () => {
        resolve(signal);
      });
    }
  });
}

function configOrExit(): Config {
  try {
    return readConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const problem of error.problems) process.stderr.write(`sensorproxy: ${problem}\n`);
    return process.exit(EX_CONFIG);
  }
}

function describe(error: unknown, { host, port }: Config): string {
  switch (systemCodeOf(error)) {
    case 'EADDRINUSE':
      return `port ${port} on ${host} is in use. Stop the other program, or set SENSORPROXY_PORT.`;
    case 'EADDRNOTAVAIL':
    case 'EINVAL':
      return `${host} is no address of this machine. Set SENSORPROXY_HOST.`;
    default:
      return messageOf(error);
  }
}

function fail(message: string): never {
  process.stderr.write(`sensorproxy: ${message}\n`);
  process.exit(1);
}
