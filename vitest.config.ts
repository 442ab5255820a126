import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { WaitingFirst } from './test/support/sequencer.ts';

const files = (...names: string[]) => names.map((name) => `test/${name}.test.ts`);

/** Files with a process of their own: a Lambda's handler keeps what it opened for its next event. */
const ALONE = files('margin-alert/handler', 'reconciler/handler', 'reconciler/paper');
/** An exchange simulator at unlimited speed is several times slower in a process that has run much else. */
const UNLIMITED = files('exchange-simulator/barrier', 'faults/*', 'whole-system/seeds');

export default defineConfig({
  test: {
    setupFiles: ['test/support/seed.ts'],
    // Against a test that hangs; no test is to fail because the machine is slow or busy.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // More than there are cores: many a test waits for a lease, a timer, a program that starts.
    maxWorkers: 4,
    sequence: { sequencer: WaitingFirst },
    // Node runs the source as it stands, as it does in production, and nothing is mocked by module.
    experimental: { viteModuleRunner: false, nodeLoader: false },
    // What `plimsoll` itself uses: a program that a test starts need not be compiled anew.
    env: {
      NODE_COMPILE_CACHE: fileURLToPath(new URL('node_modules/.cache/plimsoll', import.meta.url)),
    },
    projects: [
      { extends: true, test: { name: 'alone', include: ALONE } },
      // These and the rest share processes, and with them what they import: they leave the process as they found it,
      // its working directory, environment and exit code too.
      { extends: true, test: { name: 'unlimited', include: UNLIMITED, isolate: false } },
      {
        extends: true,
        test: {
          name: 'shared',
          include: ['test/**/*.test.ts'],
          // What a tool of our own has installed beside itself has tests of its own.
          exclude: [...ALONE, ...UNLIMITED, '**/node_modules/**'],
          isolate: false,
        },
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
