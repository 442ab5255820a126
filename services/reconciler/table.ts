/** Differences as a person reads them. */
import type { Difference } from './compare.ts';

/** One line a difference, what the store and what the witness say under one another. */
export function differenceTable(differences: readonly Difference[], witness: string): string {
  const width = Math.max('store'.length, witness.length);
  return differences
    .flatMap(({ what, store, exchange }) => [
      what,
      `  ${'store'.padEnd(width)}  ${store}`,
      `  ${witness.padEnd(width)}  ${exchange}`,
    ])
    .join('\n');
}
