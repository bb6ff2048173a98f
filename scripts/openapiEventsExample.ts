import type { EventList } from '../src/http/controllers/events.controller';

/** `GET /events`: one event of each kind of thing that happens. `docs/events.md` has all types. */
export const eventsExample: EventList = {
  items: [
    {
      id: '20261124T061812004Z-b7d1f02c',
      at: '2026-11-24T06:18:12.004Z',
      type: 'proxy.drift.cleared',
      subject: 'LocalService',
      problem: 'drift/LocalService',
      resolved: true,
      severity: 'info',
      summary: 'LocalService has the source’s proxy settings again.',
      data: {
        account: 'LocalService',
        sid: 'S-1-5-19',
        source: 'S-1-5-21-1004336348-1177238915-682003330-1104',
        comparison: 'identical',
        begunBy: '20261124T060102771Z-51c09e3a',
        begunAt: '2026-11-24T06:01:02.771Z',
      },
    },
    {
      id: '20261124T061512350Z-2c26b46b',
      at: '2026-11-24T06:15:12.350Z',
      type: 'proxy.changed',
      subject: 'LocalService',
      problem: null,
      resolved: false,
      severity: 'info',
      summary: 'Proxy settings were copied to LocalService by admin.',
      data: {
        changeId: '20261124T061512350Z-2c26b46b',
        kind: 'copy',
        actor: 'admin',
        ticket: 'CHG0031337',
        contexts: ['LocalService'],
        backupId: '20261124T061512345Z-9f86d081',
        restoredBackupId: null,
      },
    },
    {
      id: '20261124T060412118Z-0a4bd6f7',
      at: '2026-11-24T06:04:12.118Z',
      type: 'endpoint.unhealthy',
      subject: 'contoso-corpsensorapi.atp.azure.com:443',
      problem: 'endpoint/LocalService/contoso-corpsensorapi.atp.azure.com:443',
      resolved: false,
      severity: 'critical',
      summary: 'LocalService does not reach contoso-corpsensorapi.atp.azure.com:443: connect-timeout.',
      data: {
        context: 'LocalService',
        host: 'contoso-corpsensorapi.atp.azure.com',
        port: 443,
        region: 'workspace',
        status: 'unhealthy',
        via: 'direct',
        proxy: null,
        remedy:
          'Allow TCP 443 from this machine to the endpoint in the firewall (service tag AzureAdvancedThreatProtection), or send the account through a proxy.',
        code: 'connect-timeout',
        phase: 'connect',
      },
    },
  ],
  next: null,
};
