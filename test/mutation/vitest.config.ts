/**
 * The tests that must notice: those of the components that are changed, all in one process. Property tests over
 * whole sessions are left out: they are slow, and what only they notice has no test that says it.
 */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/core/*.test.ts', 'test/research/{accounting,arithmetic,ledger,stops}.test.ts'],
    exclude: ['test/core/{engine-determinism,quiet-marks}.test.ts'],
    setupFiles: ['test/support/seed.ts'],
    isolate: false,
    testTimeout: 20_000,
  },
});
