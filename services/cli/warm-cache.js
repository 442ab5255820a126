// Runs at install: loads both programs once, so that the compile cache is filled before the first start.
// Only a convenience: whatever goes wrong here, the programs run, a little later and larger.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const start = fileURLToPath(new URL('./plimsoll.js', import.meta.url));
for (const args of [
  ['trade', '--help'],
  ['exchange', '--help'],
]) {
  spawnSync(process.execPath, [start, ...args], { stdio: 'ignore', timeout: 30_000 });
}
