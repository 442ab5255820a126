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
  const once = measured('none', 'one');
  const plain = measured('plain', 'one');
  const rate = ({ bars, fills, ns, plainNs }: BacktestFigures) => ({
    value: (bars / ns) * 1_000,
    unit: 'million bars/s',
    peer: 'plain loop over candle objects: running sums, float equity, drawdown',
    peerValue: (bars / plainNs) * 1_000,
    isMoreBetter: true,
    what: `(${bars} bars, ${fills} fills, fees and funding)`,
  });
  const { what, ...unlimited } = rate(none);
  const { what: whatLive, ...limited } = rate(live);
  return [
    row({
      ...unlimited,
      name: `event-driven backtest by the live engine, --risk none ${what}`,
      limit: { valueMin: RATE_MIN },
    }),
    row({ ...limited, name: `the same with --risk live at a hundredth of equity ${whatLive}` }),
    row({
      name: 'the same, the first run of a process, nothing compiled yet',
      value: (once.bars / once.ns) * 1_000,
      unit: 'million bars/s',
      peer: 'the plain loop, likewise',
      peerValue: (plain.bars / plain.plainNs) * 1_000,
      isMoreBetter: true,
    }),
    row({
      name: `event-driven backtest of ${once.bars} bars, highest resident set of its process`,
      value: once.mb,
      unit: 'MB',
      peer: 'a process of the plain loop over its candle objects',
      peerValue: plain.mb,
      limit: { valueMax: MB_MAX },
    }),
  ];
}

function measured(what: 'none' | 'live' | 'plain', runs: 'one' | 'many'): BacktestFigures {
  const line = execFileSync(process.execPath, [WORKER, what, runs], { encoding: 'utf8' });
  return JSON.parse(line) as BacktestFigures;
}
