/**
 * The functions of a proxy script that look at the time, as `pacFunctions.mjs` has the others. A range whose end comes before
 * its start goes over midnight, the week's end or the year's.
 */

const toNumber = Number;
const { isInteger } = Number;
const ThisDate = Date;
const uncurried = Function.prototype.bind.bind(Function.prototype.call);
const indexOf = uncurried(String.prototype.indexOf);
const upper = uncurried(String.prototype.toUpperCase);
const FIELDS = ['FullYear', 'Month', 'Date', 'Day', 'Hours', 'Minutes', 'Seconds'];
const LOCAL = FIELDS.map((field) => uncurried(Date.prototype[`get${field}`]));
const UTC = FIELDS.map((field) => uncurried(Date.prototype[`getUTC${field}`]));

const DAYS = 'SUNMONTUEWEDTHUFRISAT';
const MONTHS = 'JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC';

/** `weekdayRange('MON', 'FRI', 'GMT')`: the second day and `GMT` may be left out. */
export function weekdayRange(...args) {
  const { count, now } = timeOf(args);
  const from = inList(DAYS, args[0]);
  const to = count === 2 ? inList(DAYS, args[1]) : from;
  if (count < 1 || count > 2 || from < 0 || to < 0) return false;
  return isBetween(now[3], from, to);
}

/** Days, months and years, each once for a date or twice for a range: `dateRange(24, 'DEC')`, `dateRange('OCT', 1995, 'MAR', 1996)`. */
export function dateRange(...args) {
  const { count, now } = timeOf(args);
  const fields = [];
  for (let i = 0; i < count; i += 1) {
    fields[i] = dateField(args[i]);
    if (fields[i] === null) return false;
  }
  const half = count / 2;
  let isRange = count > 0 && isInteger(half);
  for (let i = 0; isRange && i < half; i += 1) isRange = fields[i].unit === fields[half + i].unit;
  const end = isRange ? half : count;
  if (end < 1 || end > 3) return false;
  const current = [];
  for (let i = 0; i < end; i += 1) current[i] = { unit: fields[i].unit, value: now[fields[i].unit] };
  const from = dateNumber(fields, 0, end);
  const to = isRange ? dateNumber(fields, half, count) : from;
  return from !== null && to !== null && isBetween(dateNumber(current, 0, end), from, to);
}

/** An hour, or a range of hours, of hours and minutes, or of hours, minutes and seconds; both ends are in it. */
export function timeRange(...args) {
  const { count, now } = timeOf(args);
  if (count !== 1 && count !== 2 && count !== 4 && count !== 6) return false;
  const units = count === 1 ? 1 : count / 2;
  let from = 0;
  let to = 0;
  let current = 0;
  for (let i = 0; i < units; i += 1) {
    from = from * 60 + toNumber(args[i]);
    to = to * 60 + toNumber(args[count === 1 ? i : units + i]);
    current = current * 60 + now[4 + i];
  }
  return isBetween(current, from, to);
}

/** How many arguments stand before `GMT`, and now: year, month, day, weekday, hour, minute, second. */
function timeOf(args) {
  const isGmt = args.length > 0 && args[args.length - 1] === 'GMT';
  const date = new ThisDate();
  const now = [];
  for (let i = 0; i < 7; i += 1) now[i] = (isGmt ? UTC[i] : LOCAL[i])(date);
  return { count: isGmt ? args.length - 1 : args.length, now };
}

/** A year, a month or a day, with its place in what {@link timeOf} gives; null for anything else. */
function dateField(argument) {
  const month = inList(MONTHS, argument);
  if (month >= 0) return { unit: 1, value: month };
  const value = toNumber(argument);
  if (!isInteger(value) || value < 1) return null;
  return { unit: value < 32 ? 2 : 0, value };
}

/** A number that grows with the date, of fields that are each there once; null when one comes twice. */
function dateNumber(fields, start, end) {
  let number = 0;
  const seen = [false, false, false];
  for (let i = start; i < end; i += 1) {
    const { unit, value } = fields[i];
    if (seen[unit]) return null;
    seen[unit] = true;
    number += value * (unit === 0 ? 12 * 32 : unit === 1 ? 32 : 1);
  }
  return number;
}

function isBetween(value, from, to) {
  return from <= to ? from <= value && value <= to : value >= from || value <= to;
}

function inList(list, argument) {
  const name = typeof argument === 'string' ? upper(argument) : '';
  const at = name.length === 3 ? indexOf(list, name) : -1;
  return at % 3 === 0 ? at / 3 : -1;
}
