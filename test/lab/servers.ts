/** Debian's nginx, OpenSSL, Dante and dnsmasq: endpoints, web servers that are taken for proxies, and other services. */
import { closedPort } from '../support/scriptedServer';
import type { KeyAndCertificate } from '../support/certificates';
import { ADDRESS, binary, type Lab, type Program } from './processes';
import type { Listening, Place } from './squid';

/** The paths of a certificate and its key. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** Writes a certificate and its key into the lab's folder. */
export function writeCertificate(lab: Lab, name: string, { cert, key }: KeyAndCertificate): CertificateFiles {
  return { cert: lab.write(`${name}.crt`, cert), key: lab.write(`${name}.key`, key) };
}

/** An nginx with one server. `rules` stand inside its `server {}`; with a certificate it speaks TLS. */
export async function startNginx(
  lab: Lab,
  name: string,
  rules: readonly string[],
  options: Place & { readonly tls?: CertificateFiles; readonly fakedTime?: string } = {},
): Promise<Listening> {
  const { namespace, address = ADDRESS, tls, fakedTime } = options;
  const port = options.port ?? (await closedPort());
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${lab.folder}/${name}-${kind};`,
  );
  const secured =
    tls === undefined ? [] : [`ssl_certificate ${tls.cert};`, `ssl_certificate_key ${tls.key};`];
  const config = lab.write(
    `${name}.conf`,
    [
      'daemon off;',
      'master_process off;',
      'error_log stderr warn;',
      `pid ${lab.folder}/${name}.pid;`,
      'events {}',
      'http {',
      'access_log off;',
      ...temporary,
      'server {',
      `listen ${address}:${port}${tls === undefined ? '' : ' ssl'};`,
      ...secured,
      ...rules,
      '}',
      '}',
      '',
    ].join('\n'),
  );
  const nginx = binary('/usr/sbin/nginx', 'nginx-light');
  const args = ['-p', lab.folder, '-c', config];
  await lab.start({
    ...(fakedTime === undefined
      ? { file: nginx, args }
      : { file: binary('/usr/bin/faketime', 'faketime'), args: ['-f', fakedTime, nginx, ...args] }),
    ready: port,
    namespace,
  });
  return { port };
}

/** `openssl s_server` with this certificate. */
export async function startOpenssl(
  lab: Lab,
  { cert, key }: CertificateFiles,
  options: readonly string[],
): Promise<Listening> {
  const port = await closedPort();
  await lab.start({
    file: binary('/usr/bin/openssl', 'openssl'),
    args: ['s_server', '-accept', `${ADDRESS}:${port}`, '-cert', cert, '-key', key, ...options],
    ready: port,
  });
  return { port };
}

/** Dante, a SOCKS server. `verdict` is its rule for every request. */
export async function startDante(lab: Lab, name: string, verdict: 'pass' | 'block'): Promise<Listening> {
  const port = await closedPort();
  const everybody = `{ from: 127.0.0.0/8 to: 0.0.0.0/0 }`;
  const config = lab.write(
    `${name}.conf`,
    [
      'logoutput: stderr',
      `internal: ${ADDRESS} port = ${port}`,
      `external: ${ADDRESS}`,
      'clientmethod: none',
      'socksmethod: none',
      'user.privileged: root',
      'user.unprivileged: nobody',
      `client pass ${everybody}`,
      `socks ${verdict} ${everybody}`,
      '',
    ].join('\n'),
  );
  await lab.start({ file: binary('/usr/sbin/danted', 'dante-server'), args: ['-f', config], ready: port });
  return { port };
}

/** dnsmasq, with some settings and nothing of this machine's. It tells what it is asked on standard error. */
export function dnsmasqProgram(
  lab: Lab,
  name: string,
  rules: readonly string[],
  { namespace, address, port }: Required<Omit<Place, 'namespace'>> & Pick<Place, 'namespace'>,
): Program {
  const lines = [
    'no-resolv',
    'no-hosts',
    'bind-interfaces',
    `listen-address=${address}`,
    'user=root',
    'log-queries',
  ];
  const config = lab.write(`${name}.conf`, [...lines, `port=${port}`, ...rules, ''].join('\n'));
  return {
    file: binary('/usr/sbin/dnsmasq', 'dnsmasq-base'),
    args: ['--keep-in-foreground', '--log-facility=-', `--conf-file=${config}`, '--pid-file'],
    ready: port,
    namespace,
  };
}

/** A dnsmasq on loopback that knows nothing: a service that speaks no HTTP and no TLS. */
export async function startDnsmasq(lab: Lab, name: string): Promise<Listening> {
  const port = await closedPort();
  await lab.start(dnsmasqProgram(lab, name, [], { address: ADDRESS, port }));
  return { port };
}

/** A mail server: what listens on a port that is no proxy's, and speaks first. */
export async function startMailServer(lab: Lab): Promise<Listening> {
  const port = await closedPort();
  const file = binary('/usr/bin/python3', 'python3');
  await lab.start({
    file,
    args: ['-W', 'ignore', '-m', 'smtpd', '-n', '-c', 'DebuggingServer', `${ADDRESS}:${port}`],
    ready: port,
  });
  return { port };
}

/** mitmproxy, an inspecting proxy. `ca` is the file of the authority that it makes at its start. */
export async function startMitmproxy(
  lab: Lab,
  options: readonly string[],
): Promise<Listening & { readonly ca: string }> {
  const port = await closedPort();
  const folder = `${lab.folder}/mitmproxy-${port}`;
  await lab.start({
    file: binary('/usr/bin/mitmdump', 'mitmproxy'),
    args: ['--listen-host', ADDRESS, '--listen-port', `${port}`, '--set', `confdir=${folder}`, ...options],
    ready: port,
  });
  return { port, ca: `${folder}/mitmproxy-ca-cert.pem` };
}
