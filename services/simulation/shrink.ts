/** Looks for the fewest kinds of fault with which a seed still fails. */
import { runSeed, type SeedResult } from './run-seed.ts';

/** Drops one kind after the other for as long as a rule is still violated. */
export async function shrink(failing: SeedResult): Promise<SeedResult> {
  let smallest = failing;
  for (const kind of failing.kinds) {
    const faults = smallest.kinds.filter((other) => other !== kind);
    const result = await runSeed({ seed: failing.seed, faults });
    if (result.violations.length > 0) smallest = result;
  }
  return smallest;
}
