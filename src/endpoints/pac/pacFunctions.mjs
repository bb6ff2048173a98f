/**
 * What a proxy script finds in its sandbox: Netscape's functions and Microsoft's for IPv6 (`…Ex`). This module never runs
 * in Node: `pacWorker.mjs` evaluates its text in the sandbox, before the script. It keeps the built-ins that it calls, so
 * that a script that changes them changes nothing here. Nothing here sees more than the sandbox does.
 */

import { dateRange, timeRange, weekdayRange } from './pacTimes.mjs';

const scope = globalThis;
const toText = String;
const toNumber = Number;
const { apply } = Reflect;
const { floor } = Math;
const uncurried = Function.prototype.bind.bind(Function.prototype.call);
const charAt = uncurried(String.prototype.charAt);
const indexOf = uncurried(String.prototype.indexOf);
const slice = uncurried(String.prototype.slice);
const trim = uncurried(String.prototype.trim);
const matches = uncurried(RegExp.prototype.exec);
/** Gives a name's addresses, by semicolons; '' when it has none. */
let resolve = () => '';
/** The machine's addresses, by semicolons. */
let ownAddresses = '';
let longestAnswer = 0;

/** Puts the functions where the script finds them. */
export function install(host) {
  resolve = host.resolve;
  ownAddresses = host.ownAddresses;
  longestAnswer = host.longestAnswer;
  for (const { name, value } of FUNCTIONS) {
    Object.defineProperty(scope, name, { value, writable: true, enumerable: true, configurable: true });
  }
}

/** The function that WinINET calls: the one for IPv6 when there are both. Undefined when there is none. */
export function entry() {
  if (typeof scope.FindProxyForURLEx === 'function') return scope.FindProxyForURLEx;
  return typeof scope.FindProxyForURL === 'function' ? scope.FindProxyForURL : undefined;
}

/** Asks the script. What comes back says in its first letter what it is: an answer, what was thrown, no memory. */
export function ask(url, host) {
  try {
    const answer = apply(entry(), undefined, [url, host]);
    return typeof answer === 'string' ? `a${slice(answer, 0, longestAnswer)}` : 'a';
  } catch (error) {
    return nameOf(error);
  }
}

function nameOf(error) {
  try {
    const name = typeof error === 'object' && error !== null ? error.name : '';
    if (name === 'InternalError' && error.message === 'out of memory') return 'm';
    return typeof name === 'string' ? `t${slice(name, 0, 100)}` : 't';
  } catch {
    return 't';
  }
}

// Names

function isPlainHostName(host) {
  const name = toText(host);
  return indexOf(name, '.') < 0 && indexOf(name, ':') < 0;
}

function dnsDomainIs(host, domain) {
  const name = toText(host);
  const end = toText(domain);
  return name.length >= end.length && slice(name, name.length - end.length) === end;
}

function localHostOrDomainIs(host, full) {
  const name = toText(host);
  const whole = toText(full);
  return name === whole || (indexOf(name, '.') < 0 && slice(whole, 0, name.length + 1) === `${name}.`);
}

function dnsDomainLevels(host) {
  return split(toText(host), '.').length - 1;
}

/** `*` and `?` are all that a pattern knows. Goes back to the last `*` alone, so no pattern takes more than text × pattern. */
function shExpMatch(str, shexp) {
  const text = toText(str);
  const pattern = toText(shexp);
  let at = 0;
  let inPattern = 0;
  let star = -1;
  let starAt = 0;
  while (at < text.length) {
    const wanted = charAt(pattern, inPattern);
    if (wanted === '*') {
      star = inPattern;
      starAt = at;
      inPattern += 1;
    } else if (inPattern < pattern.length && (wanted === '?' || wanted === charAt(text, at))) {
      at += 1;
      inPattern += 1;
    } else if (star >= 0) {
      starAt += 1;
      at = starAt;
      inPattern = star + 1;
    } else return false;
  }
  while (charAt(pattern, inPattern) === '*') inPattern += 1;
  return inPattern === pattern.length;
}

// Addresses

function dnsResolve(host) {
  return firstIpv4(resolve(toText(host)));
}

function dnsResolveEx(host) {
  return resolve(toText(host));
}

function isResolvable(host) {
  return dnsResolve(host) !== null;
}

function isResolvableEx(host) {
  return dnsResolveEx(host) !== '';
}

function myIpAddress() {
  return firstIpv4(ownAddresses) ?? '127.0.0.1';
}

function myIpAddressEx() {
  return ownAddresses;
}

function isInNet(host, pattern, mask) {
  const net = ipv4(toText(pattern));
  const bits = ipv4(toText(mask));
  const address = ipv4(firstIpv4(resolve(toText(host))) ?? '');
  if (net === null || bits === null || address === null) return false;
  for (let i = 0; i < 4; i += 1) if ((address[i] & bits[i]) !== (net[i] & bits[i])) return false;
  return true;
}

/** `prefix`: `3ffe:8311:ffff::/48`. A name is in the net when one of its addresses is. */
function isInNetEx(host, prefix) {
  const found = matches(/^([^/]*)\/(\d{1,3})$/, trim(toText(prefix)));
  const net = found === null ? null : ipAddress(found[1]);
  const bits = found === null ? 0 : toNumber(found[2]);
  if (net === null || bits > net.length * 8) return false;
  const addresses = split(resolve(toText(host)), ';');
  for (let i = 0; i < addresses.length; i += 1) {
    const address = ipAddress(addresses[i]);
    if (address?.length === net.length && sameBits(address, net, bits)) return true;
  }
  return false;
}

/** IPv6 first, each kind by number. '' when one of them is no address. */
function sortIpAddressList(list) {
  const texts = split(toText(list), ';');
  const sorted = [];
  for (let i = 0; i < texts.length; i += 1) {
    const bytes = ipAddress(trim(texts[i]));
    if (bytes === null) return '';
    let at = i;
    for (; at > 0 && isBefore(bytes, sorted[at - 1].bytes); at -= 1) sorted[at] = sorted[at - 1];
    sorted[at] = { bytes, text: trim(texts[i]) };
  }
  let joined = '';
  for (let i = 0; i < sorted.length; i += 1) joined += (i === 0 ? '' : ';') + sorted[i].text;
  return joined;
}

function convert_addr(address) {
  const bytes = ipv4(toText(address));
  return bytes === null ? 0 : (bytes[0] << 24) | (bytes[1] << 16) | (bytes[2] << 8) | bytes[3];
}

function firstIpv4(list) {
  const addresses = split(list, ';');
  for (let i = 0; i < addresses.length; i += 1) if (ipv4(addresses[i]) !== null) return addresses[i];
  return null;
}

function ipAddress(text) {
  return ipv4(text) ?? ipv6(text);
}

/** Four bytes, or null. */
function ipv4(text) {
  const found = matches(/^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/, text);
  if (found === null) return null;
  const bytes = [toNumber(found[1]), toNumber(found[2]), toNumber(found[3]), toNumber(found[4])];
  for (let i = 0; i < 4; i += 1) if (bytes[i] > 255) return null;
  return bytes;
}

/** Sixteen bytes, or null. */
function ipv6(text) {
  const gap = indexOf(text, '::');
  if (text.length > 45 || (gap >= 0 && indexOf(text, '::', gap + 1) >= 0)) return null;
  const head = groups(gap < 0 ? text : slice(text, 0, gap), gap < 0);
  const tail = groups(gap < 0 ? '' : slice(text, gap + 2), true);
  if (head === null || tail === null) return null;
  const missing = 16 - head.length - tail.length;
  if (gap < 0 ? missing !== 0 : missing < 2) return null;
  const bytes = [];
  for (let i = 0; i < 16; i += 1) {
    const fromTail = i - head.length - missing;
    bytes[i] = i < head.length ? head[i] : fromTail < 0 ? 0 : tail[fromTail];
  }
  return bytes;
}

/** The bytes of groups by colons; the last may be an IPv4 address when it ends the whole. */
function groups(text, endsWhole) {
  const bytes = [];
  if (text === '') return bytes;
  const parts = split(text, ':');
  for (let i = 0; i < parts.length; i += 1) {
    const isLast = endsWhole && i === parts.length - 1;
    // Unlike in a net's mask, a zero in front is an error here.
    const inside = isLast && matches(/(?:^|\.)0\d/, parts[i]) === null ? ipv4(parts[i]) : null;
    if (inside === null && matches(/^[0-9a-f]{1,4}$/i, parts[i]) === null) return null;
    const number = inside === null ? toNumber(`0x${parts[i]}`) : 0;
    const more = inside ?? [number >> 8, number & 255];
    for (let j = 0; j < more.length; j += 1) bytes[bytes.length] = more[j];
  }
  return bytes;
}

function sameBits(a, b, count) {
  for (let i = 0; i < count; i += 1) {
    const bit = 128 >> (i % 8);
    if ((a[floor(i / 8)] & bit) !== (b[floor(i / 8)] & bit)) return false;
  }
  return true;
}

function isBefore(a, b) {
  if (a.length !== b.length) return a.length > b.length;
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return a[i] < b[i];
  return false;
}

function split(text, separator) {
  const parts = [];
  let from = 0;
  for (let at = indexOf(text, separator); at >= 0; at = indexOf(text, separator, from)) {
    parts[parts.length] = slice(text, from, at);
    from = at + 1;
  }
  parts[parts.length] = slice(text, from);
  return parts;
}

const FUNCTIONS = [
  isPlainHostName,
  dnsDomainIs,
  localHostOrDomainIs,
  dnsDomainLevels,
  shExpMatch,
  isResolvable,
  isResolvableEx,
  dnsResolve,
  dnsResolveEx,
  isInNet,
  isInNetEx,
  myIpAddress,
  myIpAddressEx,
  sortIpAddressList,
  convert_addr,
  weekdayRange,
  dateRange,
  timeRange,
  function alert() {},
  function getClientVersion() {
    return '1.0';
  },
].map((value) => ({ name: value.name, value }));
