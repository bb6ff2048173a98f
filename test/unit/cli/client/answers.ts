/** Answers of each kind, with what commands read of them and nothing else; every text in them is this one. */
export function answersWith(text: string) {
  const settings = {
    flags: { proxy: true, autoConfigUrl: true, autoDetect: false },
    proxyServer: text,
    bypassList: [text],
    autoConfigUrl: text,
  };
  const finding = { code: text, severity: text, detail: text, remedy: text };
  const context = {
    id: text,
    sid: text,
    account: text,
    usedBy: [text],
    key: text,
    state: 'configured',
    settings,
    etag: text,
    comparison: text,
    findings: [finding],
  };
  const contexts = { source: null, inSync: false, contexts: [context], findings: [finding] };
  const outcome = {
    changeId: text,
    changed: true,
    dryRun: false,
    backupId: text,
    results: [{ target: text, changed: true, before: settings, after: settings }],
    restartRecommended: true,
    sensorRestart: { status: text, detail: text },
    findings: [finding],
  };
  const backup = {
    id: text,
    createdAt: text,
    kind: text,
    actor: text,
    ticket: text,
    reason: text,
    sha256: text,
    sizeBytes: 1,
    values: [{ context: text, state: text }],
  };
  const change = {
    id: text,
    at: text,
    kind: 'copy',
    outcome: text,
    actor: text,
    ticket: text,
    contexts: [{ context: text }],
  };
  const hookChange = { ...change, kind: 'webhook', name: text, action: text };
  const problem = {
    type: `/problems/${text}`,
    title: text,
    status: 400,
    detail: text,
    code: text,
    errors: [{ detail: text, in: text, pointer: text }],
    candidates: [text],
  };
  const check = {
    context: text,
    endpoint: { host: text, port: 443 },
    status: text,
    durationMs: 1,
    route: { via: text, proxy: text },
    failure: { code: text, phase: text, detail: text, remedy: text },
    warnings: [],
  };
  const lines = [
    { type: 'check', check },
    { type: 'summary', status: text, durationMs: 1, findings: [finding] },
  ];
  const sensor = {
    installed: true,
    version: text,
    path: text,
    services: [{ name: text, account: text, startType: text, state: text, detail: text }],
    configuration: { state: text, endpoint: { host: text, port: 443 } },
    findings: [finding],
  };
  const restart = {
    changeId: text,
    dryRun: false,
    durationMs: 1,
    steps: [{ action: text, service: text, state: text, durationMs: 1 }],
    findings: [finding],
  };
  return {
    backup,
    change,
    context,
    contexts,
    hookChange,
    lines,
    outcome,
    problem,
    report: { status: text, durationMs: 1, findings: [finding], checks: [check] },
    restart,
    sensor,
  };
}
