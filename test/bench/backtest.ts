/**
 * The event-driven backtest over a year of generated 1-minute bars, fees and funding on: bars a second, with the
 * limits of live trading and without, how long the first run of a process takes, and its memory. Every figure is
 * a process of its own, as `plimsoll backtest` is one: what other benchmarks have had compiled would count.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { BacktestFigures } from './backtest-worker.ts';
import { type BenchRow, row } from './rows.ts';

const WORKER = fileURLToPath(new URL('./backtest-worker.ts', import.meta.url));
const RATE_MIN = 5;
const MB_MAX = 300;

export async function backtestBench(): Promise<BenchRow[]> {
  const [none, live] = [measured('none', 'many'), measured('live', 'many')];
  const [once, plainOnce] = [measured('none', 'one'), measured('plain', 'one')];
  const rate = {
    unit: 'million bars/s',
    peer: 'plain loop over candle objects: running sums, float equity, drawdown',
    isMoreBetter: true,
  };
  const thread = ({ backtest, plain }: BacktestFigures) => ({
    ...rate,
    value: millionsPerSecond(backtest.threadNs),
    peerValue: millionsPerSecond(plain.threadNs),
  });
  const scale = ({ bars, fills }: BacktestFigures) =>
    `${bars} bars, ${fills} fills, fees and funding`;
  return [
    row({
      ...thread(none),
      name: `event-driven backtest by the live engine, --risk none (${scale(none)}), processor time of its thread, fastest round`,
      limit: { valueMin: RATE_MIN },
    }),
    row({
      ...thread(live),
      name: `the same with --risk live at a hundredth of equity (${scale(live)})`,
    }),
    row({
      ...rate,
      name: 'the same with --risk none by the clock, median round',
      value: millionsPerSecond(none.backtest.elapsedNs),
      peerValue: millionsPerSecond(none.plain.elapsedNs),
    }),
    row({
      ...rate,
      name: 'the same by the clock, the first run of a process, nothing compiled yet',
      value: millionsPerSecond(once.backtest.elapsedNs),
      peerValue: millionsPerSecond(plainOnce.plain.elapsedNs),
    }),
    row({
      name: `event-driven backtest of ${once.bars} bars, highest resident set of its process`,
      value: once.mb,
      unit: 'MB',
      peer: 'a process of the plain loop over its candle objects',
      peerValue: plainOnce.mb,
      limit: { valueMax: MB_MAX },
    }),
  ];

  function millionsPerSecond(ns: number): number {
    return (none.bars / ns) * 1_000;
  }
}

function measured(what: 'none' | 'live' | 'plain', runs: 'one' | 'many'): BacktestFigures {
  const line = execFileSync(process.execPath, [WORKER, what, runs], { encoding: 'utf8' });
  return JSON.parse(line) as BacktestFigures;
}
