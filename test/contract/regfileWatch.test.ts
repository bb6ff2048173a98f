import path from 'node:path';
import { practiceDomainController } from '../../src/registry/regfile/practiceDomainController';
import { openRegFile } from '../../src/registry/regfile/regFileRegistry';
import { temporaryFolder } from '../support/temporaryFolder';
import { describeWatchContract, watchHere } from './watchContract';

describeWatchContract('regfile', async () => {
  const folder = await temporaryFolder();
  const registry = await openRegFile(path.join(folder.path, 'registry.reg'), {
    createFrom: practiceDomainController,
  });
  return {
    registry,
    watch: watchHere(registry),
    cleanup: async () => {
      await registry.close();
      await folder.remove();
    },
  };
});
