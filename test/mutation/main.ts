/**
 * `npm run mutation`: changes the code of risk, orders, margin and ledger in one small thing at a time and
 * counts the changes that no test notices. Half an hour on two quiet cores, so nothing waits for it. Arguments go to
 * Stryker: `-- --mutate shared/core/trading/order.ts` for one file, which leaves the table as it is; `-- --incremental`
 * tries again only what has changed since the last run with it.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { resultsTable } from './results-table.ts';

const ROOT = new URL('../../', import.meta.url);
const REPORT = new URL('dist/mutation/report.json', ROOT);
const RESULTS = new URL('results.md', import.meta.url);

const options = process.argv.slice(2);
mkdirSync(new URL('.', REPORT), { recursive: true });
const status = run('stryker', 'run', 'test/mutation/stryker.config.json', ...options);
if (status === 0 && !options.includes('--mutate')) {
  writeFileSync(RESULTS, resultsTable(JSON.parse(readFileSync(REPORT, 'utf8'))));
  run('biome', 'format', '--write', RESULTS.pathname);
}
process.exitCode = status;

function run(tool: string, ...args: string[]): number {
  const program = `node_modules/.bin/${tool}`;
  const options = { cwd: ROOT.pathname, stdio: 'inherit' } as const;
  return spawnSync(process.execPath, [program, ...args], options).status ?? 1;
}
