/** Certificates and private keys, as their PEM files hold them. Each error says what is wrong with the file. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { messageOf } from './errors';

/** A certificate with its private key, of which is known that they belong together and that OpenSSL takes them. */
export interface KeyPair {
  /** PEM: the certificate, then those of the authorities on the way to its root. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
  /** RFC 3339 UTC. */
  readonly validFrom: string;
  readonly validTo: string;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** All certificates of a PEM text, of which there must be one at least. */
export function certificatesIn(pem: string): readonly [X509Certificate, ...X509Certificate[]] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  const [first, ...others] = blocks.map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch (error) {
      throw new Error(`certificate ${index + 1} of the file cannot be read.`, { cause: error });
    }
  });
  if (first === undefined) throw new Error('the file holds no PEM certificate.');
  return [first, ...others];
}

/** The private key of a PEM text. A service has nobody to ask for a password, so that the key must not be encrypted. */
export function privateKeyIn(pem: string): KeyObject {
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem)) throw new Error('the file holds no PEM private key.');
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type:.*ENCRYPTED/m.test(pem)) {
    throw new Error(
      'the key is encrypted. Take a key without a password, in a file that the service’s account alone can read.',
    );
  }
  try {
    return createPrivateKey(pem);
  } catch (error) {
    throw new Error('the private key cannot be read.', { cause: error });
  }
}

/** Joins the texts of a certificate file and a key file. */
export function keyPairOf(cert: string, key: string): KeyPair {
  const [own, ...others] = certificatesIn(cert);
  const privateKey = privateKeyIn(key);
  if (!own.checkPrivateKey(privateKey)) {
    throw new Error(
      others.some((other) => other.checkPrivateKey(privateKey))
        ? 'the key belongs to a later certificate of the file; the server’s own must come first.'
        : 'the key does not belong to the certificate.',
    );
  }
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    throw new Error(`OpenSSL does not take the certificate with its key (${messageOf(error)}).`, {
      cause: error,
    });
  }
  return {
    cert,
    key,
    validFrom: timeOf(own.validFrom),
    validTo: timeOf(own.validTo),
    sha256: own.fingerprint256.replaceAll(':', '').toLowerCase(),
  };
}

function timeOf(text: string): string {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) throw new Error('the times in the certificate cannot be read.');
  return time.toISOString();
}
