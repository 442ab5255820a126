/** What a run says about its rule, in words that its own numbers carry. */
import type { CostPoint } from '../honesty/cost-stress.ts';
import { multiple, number } from './html.ts';
import type { ReportRun } from './report-run.ts';

/** A taker's usual fee at Binance USD-M, bps a side. */
export const TAKER_FEE_BPS = 5;
const ORIGINAL_RULE = 'SmaCrossoverInflection';
const KNOWN_OF_ORIGINAL =
  ' Over the five-minute candles of 2023-01 to 2024-05 the original rule has a gross edge and none at taker fees.';

export interface Verdict {
  readonly isGood: boolean;
  readonly headline: string;
  readonly text: string;
}

export function verdictOf(report: ReportRun): Verdict {
  const { strategy, honesty, breakEvenFeeBps, breakEvenNote, isRecorded } = report;
  const at = (fee: number): CostPoint | undefined =>
    honesty.costs.find((point) => point.feeBps === fee);
  const gross = at(0)?.multiple ?? 1;
  const taker = at(TAKER_FEE_BPS)?.multiple ?? 1;
  const fee =
    breakEvenFeeBps !== null
      ? `it breaks even at ${number(breakEvenFeeBps, 2)} bps a side`
      : breakEvenNote === null
        ? 'there is no break-even fee'
        : `its break-even fee was ${breakEvenNote}`;
  const how = isRecorded ? ', filled at the next candle’s open,' : '';
  const numbers = `On these bars${how} it turns 1 into ${multiple(gross)} without fees and into ${multiple(taker)} at a taker’s ${TAKER_FEE_BPS} bps a side; ${fee}.`;
  const isOriginal = strategy === ORIGINAL_RULE;
  const result = (isGood: boolean, headline: string, note = '') => ({
    isGood,
    headline,
    text: numbers + note,
  });
  const elsewhere = isOriginal ? KNOWN_OF_ORIGINAL : '';
  if (gross === 1 && taker === 1) {
    return result(false, 'This run made no trade that counts.', elsewhere);
  }
  if (gross <= 1) return result(false, 'No edge on these bars, even without fees.', elsewhere);
  if (taker <= 1) {
    const rule = isOriginal ? 'The original rule' : 'This rule';
    return result(false, `${rule} has a gross edge and none at taker fees.`);
  }
  return result(true, 'A gain after taker fees on these bars, which promise nothing.', elsewhere);
}
