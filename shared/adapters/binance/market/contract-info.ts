/** Frames of `!contractInfo`: a contract of the exchange was listed, halted, settled or given a date to end. */
import { isTimeMs } from '../../../core/units.ts';
import type { ContractStatus } from '../../../ports/exchange.ts';
import { payload } from './frame-json.ts';

/** How the exchange writes its states, those we do not know too. */
const STATUS = /^[A-Z][A-Z_]{0,39}$/;

/** What a `contractInfo` frame says, wrapped or not; null where it is malformed. */
export function parseContractInfo(
  raw: Buffer,
): { readonly symbol: string; readonly status: ContractStatus } | null {
  const { s, cs, dt } = payload(raw);
  if (typeof s !== 'string' || typeof cs !== 'string' || !STATUS.test(cs)) return null;
  return isTimeMs(dt) ? { symbol: s, status: { status: cs, deliveryMs: dt } } : null;
}
