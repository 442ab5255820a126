#!/usr/bin/env node
// Starts the command line on the Node this package pins, whatever Node runs this file. Plain
// JavaScript, so that the compile cache is on before the first TypeScript is loaded: with it neither
// this process nor its children carry the type stripper, some 30 MB each.
import { spawnSync } from 'node:child_process';
import module, { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NODE_MAJOR = 24;
const main = new URL('./main.ts', import.meta.url);

if (Number.parseInt(process.versions.node, 10) >= NODE_MAJOR) {
  const cache = fileURLToPath(new URL('../../node_modules/.cache/plimsoll', import.meta.url));
  process.env.NODE_COMPILE_CACHE ??= cache;
  module.enableCompileCache(process.env.NODE_COMPILE_CACHE);
  await import(main.href);
} else {
  const require = createRequire(import.meta.url);
  const node = join(dirname(require.resolve('node/package.json')), 'bin', 'node');
  // A Ctrl-C goes to the child by itself; this process only waits for it to end in good order.
  process.on('SIGINT', () => undefined);
  const args = [fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  const { status, error } = spawnSync(node, args, { stdio: 'inherit' });
  if (error) process.stderr.write(`plimsoll: cannot start ${node}: ${error.message}; run npm ci\n`);
  process.exitCode = status ?? 1;
}
