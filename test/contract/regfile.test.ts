import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { practiceDomainController } from '../../src/registry/regfile/practiceDomainController';
import { openRegFile } from '../../src/registry/regfile/regFileRegistry';
import { describeRegistryContract } from './registryContract';

const PRACTICE = practiceDomainController();

describeRegistryContract('regfile, UTF-16', () => opened(PRACTICE));

describeRegistryContract('regfile, UTF-8 with LF', () =>
  opened(Buffer.from(PRACTICE.toString('utf16le').slice(1).replaceAll('\r\n', '\n'), 'utf8')),
);

async function opened(content: Buffer) {
  const folder = await mkdtemp(path.join(tmpdir(), 'sensorproxy-'));
  const file = path.join(folder, 'registry.reg');
  await writeFile(file, content);
  let registry = await openRegFile(file);
  return {
    registry,
    reopen: async () => {
      await registry.close();
      registry = await openRegFile(file);
      return registry;
    },
    cleanup: async () => {
      await registry.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
