/** What a sweep tells: the best rows, what they are worth after counting the trials, and what is left out. */
import type { AccountOptions } from '../../research/accounting/account-options.ts';
import { runSignals } from '../../research/accounting/run-signals.ts';
import type { Bars } from '../../research/data/bars.ts';
import { utc } from '../../research/data/utc.ts';
import { buyAndHoldMultiple } from '../../research/metrics/baselines.ts';
import { breakEvenFeeBps } from '../../research/metrics/break-even.ts';
import { DEFLATED_SHARPE_BAR } from '../../research/sweep/deflated-sharpe.ts';
import type { GridAxis, Trials } from '../../research/sweep/grid.ts';
import type { LedgerRules } from '../../research/sweep/ledger-rules.ts';
import { annualised } from '../../research/sweep/stretch.ts';
import type { KernelName } from '../../research/sweep/sweep-job.ts';
import type { SweepResult, SweepRow } from '../../research/sweep/sweep-result.ts';
import { vectorizedSignals } from '../../research/vectorized/registry.ts';
import { parseMoney } from '../../shared/core/units.ts';

/** A row computed again by the plain ledger, with its margin rules. */
export interface CheckedRow extends SweepRow {
  readonly plainEquityMultiple: number;
  /** Liquidations and fills refused by margin: where there are any, the plain ledger's figure is the true one. */
  readonly marginEvents: number;
}

export interface SweepFacts {
  readonly flags: {
    readonly data: string;
    readonly strategy: string;
    readonly grid: readonly GridAxis[];
    readonly random?: number;
    readonly seed: number;
    readonly feeBps: number;
    readonly size: number;
    readonly blocks: number;
  };
  readonly bars: Bars;
  readonly gaps: number;
  readonly trials: Trials;
  readonly result: SweepResult;
  readonly top: { readonly rows: readonly CheckedRow[]; readonly breakEvenFeeBps: number | null };
  readonly run: {
    readonly seconds: number;
    readonly resumed: number;
    readonly workers: number;
    readonly on: 'local' | 'aws';
    readonly kernel: KernelName;
  };
}

const CASH = parseMoney('100000');
const LEVERAGE = 3;
const MARGIN_MARK = '*';

/** Runs the best rows through the plain ledger, and finds the fee at which the first would break even. */
export function checkedTop(
  bars: Bars,
  strategy: string,
  rules: LedgerRules,
  rows: readonly SweepRow[],
): SweepFacts['top'] {
  const options: AccountOptions = {
    cash: CASH,
    size: { kind: 'equity', multiplePpm: Math.round(rules.size * 1_000_000) },
    feeBps: rules.feeRate * 10_000,
    slippageBps: 0,
    leverage: LEVERAGE,
    lots: 'none',
  };
  const checked = rows.map((row): CheckedRow => {
    const { finalEquity, counts } = runSignals(
      bars,
      vectorizedSignals(strategy, bars, row.params),
      options,
    );
    const marginEvents = counts.liquidations + counts.refusedByMargin;
    return { ...row, plainEquityMultiple: finalEquity / CASH, marginEvents };
  });
  const best = rows[0];
  return {
    rows: checked,
    breakEvenFeeBps:
      best === undefined
        ? null
        : breakEvenFeeBps(bars, vectorizedSignals(strategy, bars, best.params), options),
  };
}

export type SweepReport = ReturnType<typeof sweepReport>;

/** The result as `--json` writes it: multiples and shares plain, ratios a year unless named daily. */
export function sweepReport({ flags, bars, gaps, trials, result, top, run }: SweepFacts) {
  const { deflatedSharpe, overfitting, walkForward } = result;
  const last = bars.length - 1;
  return {
    data: flags.data,
    symbol: bars.symbol,
    intervalMs: bars.intervalMs,
    from: utc(bars.openMs[0] as number),
    to: utc((bars.openMs[last] as number) + bars.intervalMs),
    bars: bars.length,
    days: result.days,
    gaps,
    strategy: flags.strategy,
    grid: flags.grid,
    random: flags.random === undefined ? null : { count: flags.random, seed: flags.seed },
    feeBps: flags.feeBps,
    size: flags.size,
    trials: result.trials,
    refusedCombinations: trials.refused,
    medianSharpe: result.medianSharpe,
    gained: result.gained,
    buyAndHoldMultiple: buyAndHoldMultiple(bars),
    deflatedSharpe: deflatedSharpe && {
      probability: deflatedSharpe.probability,
      trials: deflatedSharpe.trials,
      days: deflatedSharpe.days,
      sharpe: annualised(deflatedSharpe.sharpe),
      sharpeByLuck: annualised(deflatedSharpe.sharpeByLuck),
      skewness: deflatedSharpe.skewness,
      kurtosis: deflatedSharpe.kurtosis,
    },
    overfitting,
    walkForward: walkForward && {
      ...walkForward,
      steps: walkForward.steps.map(({ chosen, ...step }) => ({
        ...step,
        params: trials.combinations[chosen],
      })),
    },
    bestBreakEvenFeeBps: top.breakEvenFeeBps,
    top: top.rows,
    rows: result.rows,
    notes: notes(result, top.rows),
    run,
  };
}

/** The table for people. */
export function toldSweep(report: SweepReport): string {
  const swept = new Set(report.grid.map(({ key }) => key));
  const header = ['', ...swept, 'equity', 'max DD', 'Sharpe', 'signals', 'fees', 'plain ledger'];
  const body = report.top.map((row, i) => [
    `${i + 1}`,
    ...[...swept].map((key) => `${row.params[key]}`),
    `x${row.equityMultiple.toFixed(4)}`,
    percent(row.maxDrawdown),
    row.sharpe?.toFixed(2) ?? 'withheld',
    `${row.signals}`,
    percent(row.fees),
    `x${row.plainEquityMultiple.toFixed(4)}${row.marginEvents > 0 ? MARGIN_MARK : ''}`,
  ]);
  const lines = [
    `${report.symbol}, ${report.bars} bars of ${report.intervalMs / 1_000} s, ${report.from} to ${report.to}, ${report.gaps} gaps`,
    `${report.strategy}, ${report.trials} combinations (${report.refusedCombinations} more refused by the strategy), ${report.feeBps} bps a side, size ${report.size}x`,
    `${report.run.seconds.toFixed(1)} s on ${report.run.on === 'aws' ? 'AWS' : `${report.run.workers} threads`}${report.run.resumed > 0 ? `, ${report.run.resumed} combinations resumed` : ''}`,
    '',
    ...aligned([header, ...body]),
    '',
    ...luckLines(report),
    '',
    ...report.notes.map((note) => `note: ${note}`),
  ];
  return `${lines.join('\n')}\n`;
}

function luckLines(report: SweepReport): string[] {
  const { deflatedSharpe: deflated, overfitting, walkForward } = report;
  const lines = [
    `all trials: ${percent(report.gained)} gained, median Sharpe ${report.medianSharpe.toFixed(2)}; buy and hold x${report.buyAndHoldMultiple?.toFixed(4) ?? 'none'}`,
    `break-even fee of the best: ${report.bestBreakEvenFeeBps?.toFixed(2) ?? 'none'} bps a side`,
    deflated
      ? `deflated Sharpe ratio: ${deflated.probability.toFixed(4)} (${deflated.trials} trials, ${deflated.days} days; best Sharpe ${deflated.sharpe.toFixed(2)}, by luck alone ${deflated.sharpeByLuck.toFixed(2)})`
      : 'deflated Sharpe ratio: none for fewer than two trials or days',
    overfitting
      ? `probability of backtest overfitting: ${percent(overfitting.probability)} (${overfitting.blocks} blocks, ${overfitting.splits} splits)`
      : 'probability of backtest overfitting: none for fewer than two trials or two days a block',
  ];
  if (!walkForward) return lines;
  const { trainDays, testDays, steps, multiple, gained } = walkForward;
  return [
    ...lines,
    `walk-forward, ${trainDays} days to choose, ${testDays} to test: x${multiple.toFixed(4)} over ${steps.length} tests, ${percent(gained)} gained`,
    ...aligned([
      ['', 'test from day', 'chosen', 'Sharpe before', 'Sharpe after', 'growth'],
      ...steps.map((step, i) => [
        `${i + 1}`,
        `${step.testFrom}`,
        report.grid.map(({ key }) => `${key} ${step.params?.[key]}`).join(', '),
        step.trainSharpe.toFixed(2),
        step.testSharpe.toFixed(2),
        `x${step.testMultiple.toFixed(4)}`,
      ]),
    ]),
  ];
}

function notes(result: SweepResult, top: readonly CheckedRow[]): string[] {
  const { trials, deflatedSharpe: deflated } = result;
  const verdict = !deflated
    ? 'nothing here says whether it is more than luck.'
    : deflated.probability >= DEFLATED_SHARPE_BAR
      ? `its deflated Sharpe ratio passes ${DEFLATED_SHARPE_BAR}, on this one history: test it on data it has not seen.`
      : `its deflated Sharpe ratio of ${deflated.probability.toFixed(4)} is below ${DEFLATED_SHARPE_BAR}: the spread of so many trials gives as much by luck.`;
  const all = [
    `the best of ${trials} is not an edge; ${verdict}`,
    'funding, slippage, lot sizes and protective stops are left out; fees are on every traded quantity, fills at the next open.',
    'a missing candle starts the averages anew and keeps the position.',
    'a low probability of overfitting says that the ranking is stable, not that anything earns.',
    'walk-forward does not charge the change from one combination to the next.',
  ];
  if (top.some(({ marginEvents }) => marginEvents > 0)) {
    all.push(
      `${MARGIN_MARK} was liquidated or refused by margin in the plain ledger, whose figure holds.`,
    );
  }
  return all;
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows.map((row) => row.map((cell, i) => cell.padStart(widths[i] ?? 0)).join('  '));
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
