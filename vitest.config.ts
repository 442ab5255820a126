import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/support/seed.ts'],
    testTimeout: 20_000,
    hookTimeout: 30_000,
    pool: 'forks',
    maxWorkers: 2,
    coverage: {
      provider: 'v8',
      include: ['shared/**/*.ts', 'services/**/*.ts', 'research/**/*.ts'],
      // AssemblyScript: not TypeScript to a parser.
      exclude: ['research/sweep/kernel/**'],
      reporter: ['text-summary', 'html'],
    },
  },
});
