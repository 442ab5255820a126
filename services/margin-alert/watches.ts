/** What is watched, from which value on, and what is said. */
import type { Topic } from '../../shared/core/command.ts';
import type { Instrument } from '../../shared/core/instrument.ts';
import { displayMoney } from '../../shared/core/units.ts';
import type { MarkPrice, Measures } from './measure.ts';

/** What a run has seen; without measures where there is no account yet or no mark price. */
export interface Sight {
  readonly heartbeatAgeMs: number;
  readonly measures?: Measures;
  readonly markPrice?: MarkPrice;
  readonly instrument?: Instrument;
}

interface WatchText {
  /** Rising is worse: each level is told as it is crossed, the last as critical. */
  readonly levels: readonly number[];
  readonly topic: Topic;
  readonly value: (sight: Sight) => number | null;
  readonly text: (sight: Sight) => string;
  readonly cleared: string;
}

const PPM = 1_000_000;

/** Where the trader itself acts at a value, that value is a level here: it is told though the trader be silent. */
export const WATCHES = {
  /** Maintenance margin ÷ margin balance, in ppm: 1,000,000 is liquidation. */
  marginRatio: {
    levels: [300_000, 500_000, 800_000],
    topic: 'risk',
    value: ({ measures }) => measures?.marginRatioPpm ?? null,
    text: (sight) =>
      `Margin ratio ${percent(sight.measures?.marginRatioPpm)}: at 100 % the exchange liquidates. ${situation(sight)}`,
    cleared: 'The margin ratio is back to normal.',
  },
  /** How much of the mark price the liquidation price is: 850,000 ppm is 15 % away. */
  liquidation: {
    levels: [850_000, 900_000],
    topic: 'risk',
    value: ({ measures }) => {
      if (!measures) return null;
      const { liquidationDistancePpm } = measures;
      return liquidationDistancePpm === null ? 0 : PPM - liquidationDistancePpm;
    },
    text: (sight) =>
      `The liquidation price is ${percent(sight.measures?.liquidationDistancePpm)} away. ${situation(sight)}`,
    cleared: 'The liquidation price is far away again.',
  },
  dailyLoss: {
    levels: [20_000, 30_000],
    topic: 'risk',
    value: ({ measures }) => measures?.dailyLossPpm ?? null,
    text: (sight) =>
      `Loss today ${percent(sight.measures?.dailyLossPpm)} of equity. ${situation(sight)}`,
    cleared: 'The loss of today is small again.',
  },
  heartbeat: {
    levels: [60_000, 180_000],
    topic: 'session',
    value: ({ heartbeatAgeMs }) => heartbeatAgeMs,
    text: (sight) =>
      `The trader has not been heard of for ${Math.round(sight.heartbeatAgeMs / 1_000)} s: nothing trades. ${situation(sight)}`,
    cleared: 'The trader is heard of again.',
  },
} as const satisfies Readonly<Record<string, WatchText>>;
export type WatchName = keyof typeof WATCHES;

/** Position, equity and mark price, and whose it is. */
function situation({ measures, markPrice, instrument }: Sight): string {
  if (!measures || !markPrice || !instrument) return 'Its account is not known.';
  const { baseAsset } = instrument.spec;
  const held = `position ${instrument.formatQuantity(measures.position)} ${baseAsset}`;
  const liquidation =
    measures.liquidationPrice === null
      ? ''
      : `, liquidation at ${instrument.formatPrice(measures.liquidationPrice)}`;
  const whose =
    markPrice.source === 'exchange' ? '' : ' by the trader itself, the exchange could not be asked';
  return `As last written: ${held}, equity ${displayMoney(measures.equity)} USDT at mark price ${instrument.formatPrice(markPrice.mark)}${whose}${liquidation}.`;
}

function percent(ppm: number | null | undefined): string {
  if (ppm === null || ppm === undefined) return 'unknown';
  return Number.isFinite(ppm) ? `${(ppm / 10_000).toFixed(2)} %` : 'beyond 100 %';
}
