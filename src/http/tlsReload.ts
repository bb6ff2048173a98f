import { readFile, stat } from 'node:fs/promises';
import type { Server } from 'node:https';
import type { Clock } from '../lib/clock';
import { messageOf, systemCodeOf } from '../lib/errors';
import { keyPairOf } from '../lib/keyPair';
import type { Logger } from '../lib/logger';
import { logCertificate, secureContextOptions, type TlsSettings } from './tls';

const LOOK_MS = 2_000;

/**
 * Takes new files over while the server runs: connections that are made from then on see the new certificate, others go on.
 * Files that are still being replaced are left for the next look; a pair that cannot be used is an error in the log, and the
 * old one goes on. Returns what ends it.
 */
export function keepUpToDate(
  server: Pick<Server, 'setSecureContext'>,
  settings: TlsSettings,
  parts: { readonly logger: Logger; readonly clock: Clock },
): () => void {
  const { clientCa, lookMs = LOOK_MS } = settings;
  let current = settings.pair;
  /** The files' state that was taken over or refused; undefined: they may have changed since they were read. */
  let done: string | undefined;
  let last: string | undefined;
  let busy = false;
  const look = async (): Promise<void> => {
    const stamp = await stampOf(settings);
    const settled = stamp === last;
    last = stamp;
    // Both files have to keep still for as long as from one look to the next.
    if (stamp === done || !settled) return;
    const [cert, key] = await Promise.all([read(settings.certFile), read(settings.keyFile)]);
    if ((await stampOf(settings)) !== stamp) return;
    done = stamp;
    if (cert === current.cert && key === current.key) return;
    const pair = keyPairOf(cert, key);
    server.setSecureContext(secureContextOptions(pair, clientCa));
    current = pair;
    logCertificate('the TLS certificate was replaced', pair, parts);
  };
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    void look()
      .catch((error: unknown) => {
        done = last;
        parts.logger.error('the new TLS certificate cannot be used; the old one goes on', {
          reason: messageOf(error),
        });
      })
      .finally(() => {
        busy = false;
      });
  }, lookMs);
  timer.unref();
  return () => {
    clearInterval(timer);
  };
}

/** Changes whenever one of the files does, also by being gone. */
async function stampOf({ certFile, keyFile }: TlsSettings): Promise<string> {
  const stamps = await Promise.all(
    [certFile, keyFile].map((file) =>
      stat(file, { bigint: true }).then(
        ({ ino, size, mtimeNs, ctimeNs }) => `${ino}.${size}.${mtimeNs}.${ctimeNs}`,
        (error: unknown) => systemCodeOf(error) ?? 'unreadable',
      ),
    ),
  );
  return stamps.join(' ');
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new Error(`${file} cannot be read (${systemCodeOf(cause) ?? 'unknown reason'}).`, { cause });
  }
}
