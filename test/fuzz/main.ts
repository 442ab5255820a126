/**
 * `npm run fuzz`: the fuzz tests, fifty times as long and with a seed of their own, which is printed. A
 * failure names the seed: `PLIMSOLL_TEST_SEED=<seed> npm run fuzz` repeats the run.
 */
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';

const FACTOR = 50;
const TIMEOUT_MS = 1_800_000;

const seed = process.env.PLIMSOLL_TEST_SEED ?? String(randomInt(2 ** 31));
process.stdout.write(`PLIMSOLL_TEST_SEED=${seed}\n`);
const { status } = spawnSync(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', 'run', 'test/fuzz', `--testTimeout=${TIMEOUT_MS}`],
  {
    cwd: new URL('../../', import.meta.url).pathname,
    env: { ...process.env, PLIMSOLL_TEST_SEED: seed, FUZZ_FACTOR: String(FACTOR) },
    stdio: 'inherit',
  },
);
process.exitCode = status ?? 1;
