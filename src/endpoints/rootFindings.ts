/** Whether this machine has the roots that the endpoints' certificates hang from: the sensor verifies with its store. */
import { createHash } from 'node:crypto';
import type { Finding } from '../wininet/findings';
import { systemRoots } from './probe/systemRoots';
import { VENDOR_ROOTS, type VendorRoot } from './probe/vendorRoots';

/**
 * A finding for each root that one of the hosts needs and the machine's store (PEM certificates) lacks. None when `stored` is
 * null: the store cannot be read, or is not Windows'.
 */
export function rootFindings(hosts: readonly string[], stored: readonly string[] | null): readonly Finding[] {
  if (stored === null) return [];
  const needed = VENDOR_ROOTS.filter(({ domain }) => hosts.some((host) => isBelow(host, domain)));
  if (needed.length === 0) return [];
  const thumbprints = new Set(stored.map(thumbprint));
  return needed.filter((root) => !thumbprints.has(root.thumbprint)).map(missing);
}

/** The certificates of Windows' store, PEM; null on another system, or when Node.js cannot read them. */
export function systemRootsOnWindows(): readonly string[] | null {
  if (process.platform !== 'win32') return null;
  const roots = systemRoots();
  // No Windows is without roots.
  return roots?.length === 0 ? null : roots;
}

function missing({ name, thumbprint, domain }: VendorRoot): Finding {
  return {
    code: 'root-missing',
    severity: 'warning',
    detail: `The certificates of *.${domain} hang from ${name} (thumbprint ${thumbprint}), which was not in this machine’s store when this service first looked.`,
    remedy:
      'Windows fetches a root when it first needs it, from ctldl.windowsupdate.com, the way that WinHTTP’s proxy settings say. That way is often blocked on domain controllers: allow it, or import the root (certutil -addstore root <file>). Restart this service to have it look again.',
  };
}

function isBelow(host: string, domain: string): boolean {
  return host.toLowerCase().replace(/\.$/, '').endsWith(`.${domain}`);
}

/** SHA-1 of the certificate, as Windows shows it. */
function thumbprint(pem: string): string {
  const der = Buffer.from(pem.replace(/-----[^-]*-----/g, ''), 'base64');
  return createHash('sha1').update(der).digest('hex').toUpperCase();
}
