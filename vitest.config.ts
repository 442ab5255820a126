import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/**
 * Folders whose files share a process, and with it what they import: they test functions and what these
 * are given, and leave nothing behind in the process. Every other file has a process of its own.
 */
const SHARED = [
  ...['core', 'strategies', 'simulation', 'orders', 'clock', 'chart', 'config', 'infra'],
  ...['fuzz', 'operation', 'adapters', 'market-data'],
].map((folder) => `test/${folder}/**/*.test.ts`);

export default defineConfig({
  test: {
    setupFiles: ['test/support/seed.ts'],
    // Against a test that hangs; no test is to fail because the machine is slow or busy.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // More than there are cores: many a test waits for a lease, a timer, a program that starts.
    maxWorkers: 4,
    // What `plimsoll` itself uses: a program that a test starts need not be compiled anew.
    env: {
      NODE_COMPILE_CACHE: fileURLToPath(new URL('node_modules/.cache/plimsoll', import.meta.url)),
    },
    projects: [
      { extends: true, test: { name: 'shared', include: SHARED, isolate: false } },
      {
        extends: true,
        test: { name: 'alone', include: ['test/**/*.test.ts'], exclude: SHARED },
      },
    ],
    coverage: {
      provider: 'v8',
      include: ['shared/**/*.ts', 'services/**/*.ts', 'research/**/*.ts'],
      // AssemblyScript: not TypeScript to a parser.
      exclude: ['research/sweep/kernel/**'],
      reporter: ['text-summary', 'html'],
    },
  },
});
