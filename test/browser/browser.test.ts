/** All pages in one browser: each Chromium that starts costs more than most of the tests in it. */
import { afterAll, describe } from 'vitest';
import { closeBrowser, tellIfMissing } from './chromium.ts';

const PARTS = {
  notebooks: () => import('./notebooks.ts'),
  report: () => import('./report.ts'),
  sweep: () => import('./sweep.ts'),
  validation: () => import('./validation.ts'),
};

tellIfMissing();
afterAll(closeBrowser);

for (const [part, load] of Object.entries(PARTS)) {
  describe(part, async () => {
    await load();
  });
}
