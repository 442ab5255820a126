import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/support/seed.ts'],
    testTimeout: 20_000,
    hookTimeout: 30_000,
    pool: 'forks',
    maxWorkers: 2,
    // What `plimsoll` itself uses: a program that a test starts need not be compiled anew.
    env: {
      NODE_COMPILE_CACHE: fileURLToPath(new URL('node_modules/.cache/plimsoll', import.meta.url)),
    },
    coverage: {
      provider: 'v8',
      include: ['shared/**/*.ts', 'services/**/*.ts', 'research/**/*.ts'],
      // AssemblyScript: not TypeScript to a parser.
      exclude: ['research/sweep/kernel/**'],
      reporter: ['text-summary', 'html'],
    },
  },
});
