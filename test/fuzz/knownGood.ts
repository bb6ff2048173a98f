/**
 * One request to each operation that it carries out as it stands, whatever else the service has been sent: what is made of the
 * contract's schemas may be refused for what no schema says.
 */
import type { FuzzRequest } from './requests';

type Known = Pick<FuzzRequest, 'method' | 'target'> & {
  readonly body?: object;
  readonly headers?: FuzzRequest['headers'];
};

/** By operation. A delivery that can be replayed takes a receiver that gives one up: there is none. */
const KNOWN: Readonly<Record<string, Known | null>> = {
  listContexts: { method: 'GET', target: '/proxy/contexts' },
  getContext: { method: 'GET', target: '/proxy/contexts/LocalService' },
  putContext: {
    method: 'PUT',
    target: '/proxy/contexts/LocalService',
    headers: [['If-Match', '*']],
    body: { proxyServer: 'proxy.contoso.com:8080', bypassList: ['*.contoso.com'], ticket: 'CHG1' },
  },
  deleteContext: {
    method: 'DELETE',
    target: '/proxy/contexts/LocalService',
    headers: [['If-Match', '*']],
  },
  copyProxy: { method: 'POST', target: '/proxy/copy', body: { source: '{{anna:0}}', ticket: 'CHG1' } },
  listBackups: { method: 'GET', target: '/proxy/backups' },
  getBackup: { method: 'GET', target: '/proxy/backups/{{backups:0}}' },
  getBackupFile: { method: 'GET', target: '/proxy/backups/{{backups:0}}/file' },
  restoreBackup: { method: 'POST', target: '/proxy/backups/{{backups:0}}/restore', body: { ticket: 'CHG1' } },
  listChanges: { method: 'GET', target: '/changes' },
  getChange: { method: 'GET', target: '/changes/{{changes:0}}' },
  listEvents: { method: 'GET', target: '/events' },
  listEndpoints: { method: 'GET', target: '/endpoints' },
  getAllowlist: { method: 'GET', target: '/endpoints/allowlist' },
  checkHealth: { method: 'GET', target: '/endpoints/health?context=LocalService' },
  listHealthHistory: { method: 'GET', target: '/endpoints/health/history' },
  getSensor: { method: 'GET', target: '/sensor' },
  restartSensor: { method: 'POST', target: '/sensor/restart', body: { reason: 'It is tried.' } },
  listWebhooks: { method: 'GET', target: '/webhooks' },
  createWebhook: {
    method: 'POST',
    target: '/webhooks',
    body: { name: 'known', url: 'http://127.0.0.1:1/', eventTypes: ['proxy.changed'] },
  },
  getWebhook: { method: 'GET', target: '/webhooks/{{webhooks:0}}' },
  patchWebhook: { method: 'PATCH', target: '/webhooks/{{webhooks:0}}', body: { paused: true } },
  deleteWebhook: { method: 'DELETE', target: '/webhooks/{{webhooks:0}}' },
  listDeliveries: { method: 'GET', target: '/webhooks/{{webhooks:0}}/deliveries' },
  testWebhook: { method: 'POST', target: '/webhooks/{{webhooks:0}}/test' },
  replayDelivery: null,
  getMetrics: { method: 'GET', target: '/metrics' },
  getLiveness: { method: 'GET', target: '/livez' },
  getReadiness: { method: 'GET', target: '/readyz' },
};

/** The request for an operation; null where there can be none. Throws for an operation that has none yet. */
export function knownGood(operationId: string, fill: (text: string) => string): FuzzRequest | null {
  const known = KNOWN[operationId];
  if (known === undefined) throw new Error(`test/fuzz/knownGood.ts has no request for ${operationId}`);
  if (known === null) return null;
  const { method, target, body, headers = [] } = known;
  return {
    method,
    target,
    headers: body === undefined ? headers : [...headers, ['Content-Type', 'application/json']],
    body: body === undefined ? null : Buffer.from(fill(JSON.stringify(body))),
    token: 'right',
  };
}
