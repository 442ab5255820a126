/**
 * `npm run mutation`: changes the code of risk, orders, margin and ledger in one small thing at a time and
 * counts the changes that no test notices. Half an hour on two quiet cores, so nothing waits for it. Arguments go to
 * Stryker: `-- --mutate shared/core/trading/order.ts` for one file, which leaves the table as it is; `-- --incremental`
 * tries again only what has changed since the last run with it. Stryker has an install of its own, in this folder: it is made
 * at the first run, and nobody else pays for it.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { resultsTable } from './results-table.ts';

const ROOT = new URL('../../', import.meta.url);
const HERE = fileURLToPath(new URL('.', import.meta.url));
const STRYKER = `${HERE}node_modules/.bin/stryker`;
const REPORT = new URL('dist/mutation/report.json', ROOT);
const RESULTS = new URL('results.md', import.meta.url);

const options = process.argv.slice(2);
mkdirSync(new URL('.', REPORT), { recursive: true });
// Anew where an install was cut short.
if (!existsSync(STRYKER)) spawnSync('npm', ['ci'], { cwd: HERE, stdio: 'inherit' });
const status = run(STRYKER, 'run', 'test/mutation/stryker.config.json', ...options);
if (status === 0 && !options.includes('--mutate')) {
  writeFileSync(RESULTS, resultsTable(JSON.parse(readFileSync(REPORT, 'utf8'))));
  run('node_modules/.bin/biome', 'format', '--write', RESULTS.pathname);
}
process.exitCode = status;

function run(program: string, ...args: string[]): number {
  const options = { cwd: ROOT.pathname, stdio: 'inherit' } as const;
  return spawnSync(process.execPath, [program, ...args], options).status ?? 1;
}
