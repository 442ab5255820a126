#!/usr/bin/env node
// Starts the command line on the Node this package pins, whatever Node runs this file.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const node = join(dirname(require.resolve('node/package.json')), 'bin', 'node');
const main = fileURLToPath(new URL('./main.ts', import.meta.url));
// A Ctrl-C goes to the child by itself; this process only waits for it to end in good order.
process.on('SIGINT', () => undefined);
const { status, error } = spawnSync(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
if (error) process.stderr.write(`plimsoll: cannot start ${node}: ${error.message}; run npm ci\n`);
process.exit(status ?? 1);
