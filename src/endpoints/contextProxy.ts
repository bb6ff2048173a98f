import type { InForceSettings } from '../wininet/inForce';

/** What an account's programs are told about proxies: all that the health check needs to know of an account. */
export interface ContextProxy {
  /** The context's id as answers show it: `LocalSystem`, `LocalService`, `NetworkService`, or a SID. */
  readonly id: string;
  /** `machine`: the machine-wide policy is on, so that these are HKLM's settings and the account's own are ignored. */
  readonly scope: 'account' | 'machine';
  readonly state: 'configured' | 'absent' | 'malformed';
  /** Null unless `configured`. */
  readonly inForce: InForceSettings | null;
}

/** Looks an account's proxy up, afresh each time. Rejects with `DomainError` `context-not-found`. */
export type ProxyFor = (context: string) => Promise<ContextProxy>;
