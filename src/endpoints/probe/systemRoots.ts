/** The certificates of this machine's own store, where Node.js can read it. */
import tls from 'node:tls';

/**
 * The store's certificates, PEM: `tls.getCACertificates`, which came with Node.js 22.15. Null when it is not there or fails.
 * Node.js reads the store once for the life of the process.
 */
export function systemRoots(): readonly string[] | null {
  const read: unknown = Reflect.get(tls, 'getCACertificates');
  if (typeof read !== 'function') return null;
  try {
    const roots: unknown = Reflect.apply(read, tls, ['system']);
    return Array.isArray(roots) ? roots.filter((root) => typeof root === 'string') : null;
  } catch {
    return null;
  }
}
