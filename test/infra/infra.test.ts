/** All tests of the deployment in one process: CDK takes two seconds to load, and a template half of one to make. */
import { describe } from 'vitest';

const PARTS = {
  config: () => import('./config.ts'),
  cost: () => import('./cost.ts'),
  policies: () => import('./policies.ts'),
  stacks: () => import('./stacks.ts'),
  validation: () => import('./validation.ts'),
};

for (const [part, load] of Object.entries(PARTS)) {
  describe(part, async () => {
    await load();
  });
}
