import type { Response } from 'express';

/** Media type of JSON values, one a line. */
export const NDJSON = 'application/x-ndjson';

/** How long a reader may take none of what waits for it, before the connection is dropped. */
const STALLED_MS = 30_000;

/**
 * An answer of JSON values, one a line, each sent as it comes. A value is made text when the connection has room for it:
 * a slow reader keeps references waiting, no bytes, and one that stalls is cut off.
 */
export class JsonLines {
  private readonly waiting: object[] = [];
  private sending: Promise<void> | null = null;

  constructor(
    private readonly response: Response,
    private readonly stalledMs = STALLED_MS,
  ) {}

  /** Whether the status is out, so that nothing but lines can be said any more. */
  get begun(): boolean {
    return this.response.headersSent;
  }

  /** Sends status 200 and the headers, if they are not out yet. */
  begin(): void {
    if (this.begun || this.isClosed()) return;
    this.response.statusCode = 200;
    this.response.setHeader('Content-Type', NDJSON);
    this.response.flushHeaders();
  }

  /** Sends a line, as soon as there is room; the headers first, if need be. */
  write(line: object): void {
    this.begin();
    this.waiting.push(line);
    // Not at once, or it could be done before it is known to be under way.
    this.sending ??= Promise.resolve().then(() => this.send());
  }

  /** Ends the answer when all lines are out. Resolves when it is, or when the connection is gone. */
  async end(): Promise<void> {
    await this.sending;
    if (this.isClosed()) return;
    const finished = this.next('finish');
    this.response.end();
    await finished;
  }

  private async send(): Promise<void> {
    for (let line = this.waiting.shift(); line !== undefined; line = this.waiting.shift()) {
      if (this.isClosed()) this.waiting.length = 0;
      else if (!this.response.write(`${JSON.stringify(line)}\n`)) await this.next('drain');
    }
    this.sending = null;
  }

  private isClosed(): boolean {
    return this.response.destroyed || this.response.writableEnded;
  }

  /** Waits for the event or for the connection's end, which it brings about when neither comes. */
  private next(event: 'drain' | 'finish'): Promise<void> {
    const { response } = this;
    return new Promise((resolve) => {
      const stalled = setTimeout(() => response.destroy(), this.stalledMs);
      const done = (): void => {
        clearTimeout(stalled);
        response.off(event, done).off('close', done);
        resolve();
      };
      response.once(event, done).once('close', done);
    });
  }
}
