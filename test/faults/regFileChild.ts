import { DomainError } from '../../src/lib/errors';
import { openRegFile } from '../../src/registry/regfile/regFileRegistry';

/** A second process: opens the file and says how it went; then writes without end, or waits to be ended. */
async function main(file: string, task: string): Promise<void> {
  try {
    const registry = await openRegFile(file);
    console.log(JSON.stringify({ opened: true }));
    for (let i = 0; task === 'write'; i += 1) {
      const data = Buffer.alloc(2000, i & 0xff);
      await registry.writeValue('HKEY_USERS\\S-1-5-18', 'Value', { type: 3, data });
    }
    setInterval(() => undefined, 1000);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    console.log(JSON.stringify({ opened: false, code: error.code, detail: error.detail }));
  }
}

const [file = '', task = ''] = process.argv.slice(2);
void main(file, task);
