// Runs at install: loads what the programs load once, so that the compile cache is filled before the first start.
// Only a convenience: whatever goes wrong here, the programs run, a little later and larger.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const start = fileURLToPath(new URL('./plimsoll.js', import.meta.url));
const session = new URL('../trader/wiring.ts', import.meta.url);
const ccxt = new URL('../../shared/adapters/ccxt/load.ts', import.meta.url);
/** What a session loads once it is to run, which no command line loads for its help. */
const load = `await import('${session}'); await (await import('${ccxt}')).loadBinanceUsdm();`;
const env = {
  ...process.env,
  NODE_COMPILE_CACHE: fileURLToPath(new URL('../../node_modules/.cache/plimsoll', import.meta.url)),
};
for (const args of [
  [start, 'trade', '--help'],
  [start, 'exchange', '--help'],
  ['--input-type=module', '--eval', load],
]) {
  spawnSync(process.execPath, args, { stdio: 'ignore', timeout: 30_000, env });
}
