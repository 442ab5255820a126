/** All tests of the deployment in one process: CDK takes two seconds to load, and a template half of one to make. */
import { describe } from 'vitest';

for (const part of ['config', 'cost', 'policies', 'stacks', 'validation']) {
  describe(part, async () => {
    await import(`./${part}.ts`);
  });
}
