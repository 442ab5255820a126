/**
 * Funding payments from CSV bytes: the archive's `calc_time,funding_interval_hours,last_funding_rate`
 * or the plain `funding_time,funding_rate`. No `node:`.
 */
import { MalformedNumberError, parseDecimal } from '../../shared/core/units.ts';
import type { FundingRates } from './bars.ts';
import { DataSetError } from './data-set-error.ts';

const HOUR_MS = 3_600_000;
/** The exchange pays up to tens of ms late; a minute off the hour is no funding time. */
const JITTER_MAX_MS = 60_000;
const RATE_DECIMALS = 8;

/**
 * Times are snapped to the nearest hour; rows must rise. Exact duplicates are dropped.
 * Throws DataSetError with file, line and reason.
 */
export function parseFunding(bytes: Uint8Array, file: string): FundingRates {
  const lines = new TextDecoder()
    .decode(bytes)
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/);
  while (lines.at(-1) === '') lines.pop();
  if (lines.length === 0) throw new DataSetError(file, null, 'is empty');
  const header = (lines[0] ?? '').toLowerCase().split(',');
  const hasHeader = header[0] === 'calc_time' || header[0] === 'funding_time';
  const columns = hasHeader ? header.length : (lines[0] ?? '').split(',').length;
  if (columns !== 2 && columns !== 3) {
    throw new DataSetError(file, 1, `has ${columns} columns, 2 or 3 expected`);
  }
  const timeMs: number[] = [];
  const rateE8: number[] = [];
  for (let i = hasHeader ? 1 : 0; i < lines.length; i++) {
    const cells = (lines[i] ?? '').split(',');
    if (cells.length !== columns) {
      throw new DataSetError(file, i + 1, `has ${cells.length} columns, ${columns} expected`);
    }
    const time = hourOf(cells[0] ?? '', file, i + 1);
    const rate = rateOf(cells.at(-1) ?? '', file, i + 1);
    const before = timeMs.at(-1);
    if (before === time && rateE8.at(-1) === rate) continue;
    if (before !== undefined && time <= before) {
      throw new DataSetError(file, i + 1, `funding time ${cells[0]} is not after the one before`);
    }
    timeMs.push(time);
    rateE8.push(rate);
  }
  if (timeMs.length === 0) throw new DataSetError(file, null, 'has a header and no rows');
  return {
    length: timeMs.length,
    timeMs: Float64Array.from(timeMs),
    rateE8: Int32Array.from(rateE8),
  };
}

function hourOf(text: string, file: string, line: number): number {
  if (!/^(\d{12,13}|\d{16})$/.test(text)) {
    throw new DataSetError(file, line, `${JSON.stringify(text)} is no time in ms or µs`);
  }
  const ms = text.length === 16 ? Math.floor(Number(text) / 1000) : Number(text);
  const hour = Math.round(ms / HOUR_MS) * HOUR_MS;
  if (Math.abs(ms - hour) > JITTER_MAX_MS) {
    throw new DataSetError(file, line, `funding time ${text} is not near a full hour`);
  }
  return hour;
}

function rateOf(text: string, file: string, line: number): number {
  try {
    const rate = parseDecimal(text, RATE_DECIMALS);
    if (Math.abs(rate) <= 1e8) return rate;
  } catch (error) {
    if (!(error instanceof MalformedNumberError)) throw error;
    throw new DataSetError(file, line, `funding rate: ${error.message}`);
  }
  throw new DataSetError(file, line, `funding rate ${text} is above 100 %`);
}
