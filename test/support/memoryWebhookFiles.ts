import type { WebhookCommit, WebhookFile, WebhookFiles } from '../../src/webhooks/files';
import type { QueuedDelivery, StoredWebhook } from '../../src/webhooks/stored';

/** Files in memory, for tests that are not about the disk: an fsync takes longer than all else. They outlive their reader. */
export function memoryWebhookFiles(): WebhookFiles {
  const files = new Map<string, WebhookFile>();
  return {
    load: () => Promise.resolve([...files.values()]),
    write: (webhook: StoredWebhook) => {
      files.set(webhook.id, { webhook, dead: files.get(webhook.id)?.dead ?? [] });
      return Promise.resolve();
    },
    writeDead: (id: string, dead: readonly QueuedDelivery[]) => {
      const file = files.get(id);
      if (file !== undefined) files.set(id, { ...file, dead });
      return Promise.resolve();
    },
    commit: async ({ id, webhook }: WebhookCommit, record: () => Promise<void>) => {
      await record();
      if (webhook === null) files.delete(id);
      else files.set(id, { webhook, dead: files.get(id)?.dead ?? [] });
      return true;
    },
  };
}
