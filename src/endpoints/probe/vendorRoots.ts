/** The public roots that the vendor names for its endpoints. */

/** A root, and the endpoints whose certificates hang from it. */
export interface VendorRoot {
  readonly name: string;
  /** SHA-1, upper-case hex, as Windows shows it. To find a certificate by, not to trust it by. */
  readonly thumbprint: string;
  /** SHA-256, upper-case hex. */
  readonly sha256: string;
  readonly domain: string;
}

/**
 * The roots. Baltimore CyberTrust Root, which the vendor once named as well, has expired. Node.js 22 has DigiCert Global Root
 * CA no more, as Mozilla takes it out of its list; Windows has it.
 */
export const VENDOR_ROOTS: readonly VendorRoot[] = [
  {
    name: 'DigiCert Global Root G2',
    thumbprint: 'DF3C24F9BFD666761B268073FE06D1CC8D4F82A4',
    sha256: 'CB3CCBB76031E5E0138F8DD39A23F9DE47FFC35E43C1144CEA27D46A5AB1CB5F',
    domain: 'atp.azure.com',
  },
  {
    name: 'DigiCert Global Root CA',
    thumbprint: 'A8985D3A65E5E5C4B2D7D66D40C6DD2FB19C5436',
    sha256: '4348A0E9444C78CB265E058D5E8944B4D84F9662BD26DB257F8934A443C70161',
    domain: 'atp.azure.us',
  },
];
