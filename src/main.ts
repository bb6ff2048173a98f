import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { Exit, type OneCommand, parseCommandLine } from './cli/commandLine';
import type { Terminal } from './cli/client/screen';
import { runClient } from './cli/client/runClient';
import { runCommand, windowsService } from './cli/runCommand';
import { SERVICE_NAME } from './cli/serviceCommand';
import { compose } from './compose';
import {
  type CommandLineSettings,
  type Config,
  ConfigError,
  makeRoomForLookUps,
  readConfigWith,
} from './config';
import { createApp } from './http/app';
import { startServer } from './http/server';
import { systemClock } from './lib/clock';
import { messageOf, systemCodeOf } from './lib/errors';
import { openLogFile } from './lib/logFile';
import { type Logger, createLogger } from './lib/logger';
import { version } from '../package.json';
import { writeEvent } from './windows/eventLog';
import { connectToServiceManager } from './windows/serviceHost';

void main();

async function main(): Promise<void> {
  makeRoomForLookUps();
  // Whoever reads the log may go away; the service does not.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const command = parseCommandLine(process.argv.slice(2), version);
  switch (command.kind) {
    case 'serve':
      await serveInTerminal();
      break;
    case 'runAsService':
      await serveAsService(command.settings);
      break;
    case 'command':
      await carryOut(command);
      break;
    case 'client':
      endAfterOutput(await runClient(command, terminal()));
      break;
    case 'print':
      (command.exitCode === 0 ? process.stdout : process.stderr).write(`${command.text}\n`);
      endAfterOutput(command.exitCode);
  }
}

async function serveInTerminal(): Promise<void> {
  const stopSignal = firstSignal();
  let config: Config;
  try {
    config = readConfigWith({ configFile: null, dataDir: null });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const problem of error.problems) process.stderr.write(`sensorproxy: ${problem}\n`);
    process.exit(Exit.config);
  }
  const logger = createLogger(config.logLevel, systemClock, (line) => process.stdout.write(line));
  try {
    await serve(config, logger, { stopSignal });
  } catch (error) {
    process.stderr.write(`sensorproxy: ${describe(error, config)}\n`);
    process.exit(1);
  }
  process.exit(0);
}

/** As Windows' service manager starts it: there is no terminal, so the log is a file, and the event log has what matters. */
async function serveAsService(settings: CommandLineSettings): Promise<void> {
  process.on('uncaughtExceptionMonitor', (error) => {
    writeEvent('failed', `The service ends: ${messageOf(error)}`);
  });
  const host = await connectToServiceManager(SERVICE_NAME).catch((error: unknown) => {
    process.stderr.write(`sensorproxy: ${messageOf(error)}\n`);
    process.exit(1);
  });
  let config: Config | undefined;
  try {
    config = readConfigWith(settings);
    mkdirSync(config.dataDir, { recursive: true });
    const logger = createLogger(
      config.logLevel,
      systemClock,
      openLogFile(path.join(config.dataDir, 'sensorproxy.log')),
    );
    await serve(config, logger, {
      stopSignal: host.stopRequested,
      onListening: (url) => {
        host.running();
        writeEvent('started', `The service has started: ${url}`);
      },
    });
  } catch (error) {
    const why = config === undefined ? messageOf(error) : describe(error, config);
    writeEvent('failed', `The service has not started, or failed: ${why}`);
    await host.stopped(error instanceof ConfigError ? Exit.config : 1);
    process.exit(1);
  }
  writeEvent('stopped', 'The service has stopped.');
  await host.stopped(0);
  process.exit(0);
}

async function carryOut(command: OneCommand): Promise<void> {
  const write = (line: string): void => {
    process.stdout.write(`${line}\n`);
  };
  const result = await runCommand(command, { service: windowsService, write });
  for (const line of result.lines) {
    if (result.exitCode === 0) write(line);
    else process.stderr.write(`sensorproxy: ${line}\n`);
  }
  endAfterOutput(result.exitCode);
}

function terminal(): Terminal {
  const { stdout, stderr } = process;
  return {
    out: (text) => stdout.write(text),
    err: (text) => stderr.write(text),
    outIsTerminal: stdout.isTTY,
    errIsTerminal: stderr.isTTY,
  };
}

/** Serves until the signal comes, then finishes what is in flight, changes last. */
async function serve(
  config: Config,
  logger: Logger,
  life: { readonly stopSignal: Promise<string>; readonly onListening?: (url: string) => void },
): Promise<void> {
  const { services, close } = await compose(config, logger);
  try {
    const { host, port } = config;
    const tls = config.tls && { ...config.tls, logger, clock: systemClock };
    const server = await startServer(createApp(services), { host, port, tls, logger });
    if (config.plaintextBeyondLoopback) {
      logger.warn('tokens travel unencrypted: listening beyond loopback without TLS', { host });
    }
    logger.info('listening', {
      url: server.url,
      address: server.address.address,
      docs: `${server.url}/docs`,
    });
    life.onListening?.(server.url);
    logger.info('stopping', { signal: await life.stopSignal });
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

/** Ends when what was written is out: exit at once would cut a pipe short on Windows. */
function endAfterOutput(exitCode: number): void {
  process.stdout.write('', () => process.stderr.write('', () => process.exit(exitCode)));
}
