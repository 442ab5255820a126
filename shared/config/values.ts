/**
 * The written forms of durations and sizes: "60s", "0.1x". Pure text, no defaults.
 */

import type { Instrument } from '../core/instrument.ts';
import type { Sizing } from '../core/strategy/sizing.ts';
import type { ExecutionSettings } from '../core/trading/execution/execution-style.ts';
import { MalformedNumberError, parseDecimal, parseMoney } from '../core/units.ts';

const DURATION_UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Milliseconds of "500ms", "60s", "5m", "2h" or "1d"; null for anything else, zero included. */
export function parseDuration(text: string): number | null {
  const match = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text);
  if (!match) return null;
  const ms = Number(match[1]) * (DURATION_UNITS[match[2] ?? ''] ?? 0);
  return ms > 0 && Number.isSafeInteger(ms) ? ms : null;
}

/** Distance of a stop in ppm of the entry price of "3%" or "0.5%"; null for anything else, zero and 100 % included. */
export function parseStopDistance(text: string): number | null {
  const match = /^(\d{1,2}(?:\.\d{1,4})?)%$/.exec(text);
  const ppm = match ? parseDecimal(match[1] ?? '', 4) : 0;
  return ppm > 0 ? ppm : null;
}

/** The ways in which trades may meet the book. */
export const EXECUTIONS = ['market', 'maker', 'maker-or-cancel'] as const;
export type Execution = (typeof EXECUTIONS)[number];

export function executionSettings(execution: Execution, deadlineMs: number): ExecutionSettings {
  if (execution === 'market') return { style: 'market' };
  return { style: 'maker', deadlineMs, atDeadline: execution === 'maker' ? 'cross' : 'giveUp' };
}

/** The forms a size may take; `sizeText` is checked against this. */
export const SIZE_FORMS =
  '"25lots", "0.01base" (base units, e.g. BTC), "500usdt" or "0.1x" (of equity)';

const SIZE = /^(\d{1,12}(?:\.\d{1,12})?)(lots|base|usdt|x)$/;

/** True for text of one of the SIZE_FORMS, above zero. */
export function isSize(text: string): boolean {
  const match = SIZE.exec(text);
  return match !== null && Number(match[1]) > 0 && (match[2] !== 'lots' || !text.includes('.'));
}

/** The sizing a text means for an instrument. Throws MalformedNumberError where it has too many digits. */
export function parseSize(text: string, instrument: Instrument): Sizing {
  const match = SIZE.exec(text);
  if (!match) throw new MalformedNumberError(`size must be ${SIZE_FORMS}, not "${text}"`);
  const [, amount = '', unit = ''] = match;
  switch (unit) {
    case 'lots':
      return { kind: 'lots', lots: Number(amount) as never };
    case 'base':
      return { kind: 'lots', lots: instrument.parseQuantity(amount) };
    case 'usdt':
      return { kind: 'notional', notional: parseMoney(amount) };
    default:
      return { kind: 'equity', multiplePpm: parseDecimal(amount, 6) };
  }
}
