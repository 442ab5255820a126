/**
 * `npm run bench`: measures what Plimsoll claims about its own speed and size, each figure beside a
 * peer's from the same run. Prints JSON, one row a line: first the machine, then the figures. Times
 * are this machine's and noisy; the ratios are what is worth reading.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { backtestBench } from './backtest.ts';
import { containerBench } from './container.ts';
import { dataBench } from './data.ts';
import { depthBench } from './depth.ts';
import { engineBench } from './engine.ts';
import { intentBench } from './intent-latency.ts';
import { memoryBench } from './memory.ts';
import { orderBench } from './order-latency.ts';
import { replayBench } from './replay.ts';
import type { BenchRow } from './rows.ts';
import { sweepBench } from './sweep.ts';
import { telegramBench } from './telegram.ts';
import { vectorizedBench } from './vectorized.ts';

const BENCHES: Readonly<Record<string, () => Promise<BenchRow[]>>> = {
  engine: engineBench,
  depth: depthBench,
  intent: intentBench,
  order: orderBench,
  replay: replayBench,
  sweep: sweepBench,
  memory: memoryBench,
  vectorized: vectorizedBench,
  backtest: backtestBench,
  data: dataBench,
  telegram: telegramBench,
  container: containerBench,
};

const { values: flags } = parseArgs({
  options: {
    /** Runs one of BENCHES; may be repeated. */
    only: { type: 'string', multiple: true },
    /** Ends with 1 where a limit is missed; without it figures never fail a build. */
    check: { type: 'boolean', default: false },
  },
});

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

print({
  node: process.version,
  platform: `${process.platform} ${process.arch}`,
  cores: cpus().length,
  cpu: cpus()[0]?.model ?? 'unknown',
});
for (const name of flags.only ?? Object.keys(BENCHES)) {
  const bench = BENCHES[name];
  if (!bench) {
    process.stderr.write(`bench: no "${name}"; there are ${Object.keys(BENCHES).join(', ')}\n`);
    process.exit(2);
  }
  for (const row of await bench()) {
    print(row);
    if (flags.check && row.met === false) process.exitCode = 1;
  }
}
