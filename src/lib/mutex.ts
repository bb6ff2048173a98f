/** Runs tasks one at a time, in the order in which they came. A task that throws does not stop the next. */
export class Mutex {
  private tail: Promise<unknown> = Promise.resolve();

  /** Resolves or rejects as `task` does, once every earlier task has ended. */
  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.tail.then(task, task);
    this.tail = result.catch(() => undefined);
    return result;
  }
}
