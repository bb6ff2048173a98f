import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

const END_MS = 3000;

/** A part of the practice network, in a process of its own so that its timers wait for nobody else's work. */
export interface Child<Report> {
  /** What it says of itself now. */
  report(): Promise<Report>;
  stop(): Promise<void>;
}

/** Starts one of this folder's scripts and gives it its settings; it answers with its first report. */
export async function startChild<Report>(script: string, settings: object): Promise<Child<Report>> {
  const child = fork(path.join(__dirname, script));
  const ended = once(child, 'exit');
  const endedEarly = ended.then(() => Promise.reject(new Error(`${script} has ended`)));
  endedEarly.catch(() => undefined);
  const ask = async (question: object): Promise<Report> => {
    const answered = once(child, 'message') as Promise<[Report]>;
    child.send(question);
    const [answer] = await Promise.race([answered, endedEarly]);
    return answer;
  };
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    if (child.connected) child.disconnect();
    const timer = setTimeout(() => child.kill('SIGKILL'), END_MS);
    await ended;
    clearTimeout(timer);
  };
  try {
    await ask(settings);
  } catch (error) {
    await stop();
    throw error;
  }
  return { report: () => ask({}), stop };
}

/** The child's part: the first message holds the settings, each one asks for a report. Ends with its parent. */
export function serveParent(start: (settings: unknown) => Promise<() => object>): void {
  let started: Promise<() => object> | undefined;
  process.on('message', (message: unknown) => {
    started ??= start(message);
    void started.then((report) => process.send?.(report()));
  });
  process.once('disconnect', () => process.exit(0));
}
