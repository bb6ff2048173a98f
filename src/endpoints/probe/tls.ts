/** The phase `tls`: the handshake with the endpoint, judged by the probe itself so that the reason can be named. */
import { checkServerIdentity, type TLSSocket } from 'node:tls';
import { shownText } from '../../wininet/hostName';
import type { TlsReport } from '../report';
import type { FailureCode } from '../verdicts/verdicts';
import { chainOf, shownCertificate } from './chain';
import { clockHint } from './clockHint';
import { type Handshake, shakeHands } from './handshake';
import { connectionOf, type Phase, type PhaseOutcome, type ProbeRun } from './phase';
import { PhaseFailure } from './phaseFailure';
import type { RootKind } from './trust';
import { chainFailure, isDateFailure, seenDates } from './verifyResult';

const DAY_MS = 24 * 60 * 60 * 1000;

/** Shakes hands, reports what was seen, then fails if the chain, its dates or its names do not fit. */
export const tlsPhase: Phase = {
  name: 'tls',
  timeout: () => 'tls-timeout',
  run: async (run) => {
    const handshake = await shakeHands(run, connectionOf(run));
    const { secured } = handshake;
    run.socket = secured;
    const judged = judge(run, handshake);
    run.tls = judged.report;
    if (judged.code === null) return passed(run, judged);
    throw new PhaseFailure(judged.code, await seen(run, secured, judged.code, judged.report));
  },
};

/** What the handshake showed, what is wrong with it, and whose root stands behind it. */
interface Judged {
  readonly report: TlsReport;
  readonly code: FailureCode | null;
  readonly root: RootKind | null;
}

function judge(run: ProbeRun, handshake: Handshake): Judged {
  try {
    return judgeChain(run, handshake);
  } catch {
    // Whoever answers may show anything that OpenSSL lets pass: odd times, odd keys.
    throw new PhaseFailure('tls-untrusted', 'its certificate cannot be read');
  }
}

function judgeChain(run: ProbeRun, { secured, certificateRequested, peer }: Handshake): Judged {
  const certificates = chainOf(peer);
  const chain = certificates.map(shownCertificate);
  const [leaf] = chain;
  if (leaf === undefined) throw new Error('the endpoint showed no certificate');
  const root = run.trust.rootOf(certificates);
  const code = chainFailure({
    problem: problemOf(secured),
    rooted: root !== null,
    named: () => checkServerIdentity(run.endpoint.host, peer) === undefined,
  });
  const trust = code === 'tls-untrusted' ? 'untrusted' : root === 'public' ? 'public' : 'private';
  const report: TlsReport = {
    protocol: secured.getProtocol() ?? 'unknown',
    cipher: secured.getCipher().standardName,
    ...leaf,
    daysLeft: Math.floor((Date.parse(leaf.validTo) - Date.parse(run.clock.now())) / DAY_MS),
    trust,
    inspection: trust === 'public' ? 'none' : 'suspected',
    clientCertificateRequested: certificateRequested,
    chain: [...chain],
  };
  return { report, code, root };
}

function problemOf(secured: TLSSocket): string | null {
  return secured.authorized ? null : String(secured.authorizationError);
}

function passed(run: ProbeRun, { report, root }: Judged): PhaseOutcome {
  const { protocol, cipher, issuer } = report;
  const detail = `${protocol}, ${cipher}, issued by ${issuer}`;
  if (root === 'public') return { status: 'pass', detail };
  // An operator vouches for the roots that the settings name.
  if (root === 'extra')
    return { status: 'pass', detail: `${detail}; its root is one that SENSORPROXY_EXTRA_CA names` };
  run.warn('tls-inspection-suspected', `issued by ${issuer}`);
  return { status: 'warn', detail: `${detail}; only a root of this machine’s own stands behind it` };
}

/** What was seen of a chain that does not hold. */
async function seen(
  run: ProbeRun,
  secured: TLSSocket,
  code: FailureCode,
  { subject, issuer, validTo, chain }: TlsReport,
): Promise<string> {
  if (!isDateFailure(code)) {
    const problem = shownText(problemOf(secured) ?? '');
    return `${problem}; subject ${subject}, issuer ${issuer}, valid to ${validTo}`;
  }
  const dates = seenDates(code, chain, run.clock.now());
  const hint = await clockHint(run, secured, chain);
  return hint === null ? dates : `${dates}; ${hint}`;
}
