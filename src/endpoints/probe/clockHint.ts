/** Whether the clock or the certificate is wrong, asked of an endpoint in whose chain nothing but the dates is. */
import type { TLSSocket } from 'node:tls';
import type { ChainCertificate } from '../report';
import { within } from '../../lib/waiting';
import { dateOffsetMs } from './httpDate';
import type { ProbeRun } from './phase';
import { pingRequest } from './request';
import { readResponseHead } from './responseHead';
import { holdsAt } from './verifyResult';

const MAX_MS = 3000;
/** What is left of the probe's time for it to end by itself. */
const SPARE_MS = 100;
/** What Kerberos lets pass (RFC 4120, section 1.6, recommends five minutes). */
const AGREES_MS = 5 * 60_000;

const MINUTE_MS = 60_000;
const UNITS = [
  { name: 'days', ms: 24 * 60 * MINUTE_MS },
  { name: 'hours', ms: 60 * MINUTE_MS },
] as const;

/**
 * Sends the ping, which holds no secret, and compares the answer's Date with this machine's clock. Null when there is no
 * answer or no Date within 3 s and within the probe's time.
 */
export async function clockHint(
  run: ProbeRun,
  socket: TLSSocket,
  chain: readonly ChainCertificate[],
): Promise<string | null> {
  const leftMs = run.deadlineMs - run.clock.monotonicMs() - SPARE_MS;
  const limitMs = Math.min(MAX_MS, leftMs);
  if (limitMs <= 0) return null;
  socket.write(pingRequest(run));
  const asked = readResponseHead(socket).then(({ head }) => dateOffsetMs(head.fields, run.clock));
  const offsetMs = await within(asked, limitMs, () => null);
  if (offsetMs === null) return null;
  return hintText(offsetMs, holdsAt(chain, Date.parse(run.clock.now()) + offsetMs));
}

/** What the offset of the answer's Date means. `holds`: the chain is valid at that time. */
function hintText(offsetMs: number, holds: boolean): string {
  if (Math.abs(offsetMs) <= AGREES_MS)
    return 'the answer’s Date agrees with this machine’s clock, so that the certificate is the problem';
  const direction = offsetMs > 0 ? 'ahead of' : 'behind';
  const meaning = holds
    ? 'so that the clock is probably wrong'
    : 'and the chain is not valid at that time either';
  return `the answer’s Date is ${distance(Math.abs(offsetMs))} ${direction} this machine’s clock, ${meaning}`;
}

function distance(ms: number): string {
  const unit = UNITS.find((one) => ms >= 2 * one.ms);
  return unit === undefined
    ? `${Math.round(ms / MINUTE_MS)} minutes`
    : `${Math.round(ms / unit.ms)} ${unit.name}`;
}
