/** The table of what the simulation finds: written, and read again so that one bug's row can be renewed alone. */

export interface Row {
  readonly bug: string;
  /** Where it was planted. */
  readonly file: string;
  /** The first that shows it; null where none of those tried does. */
  readonly seed: number | null;
  /** The first that is broken. */
  readonly rule: string;
}

const HEAD = `# Planted bugs

Written by \`npm run planted\`, which puts one bug of \`bugs.ts\` at a time into a copy of the code and runs
\`plimsoll simulate\` from seed 1 until the checker names a broken rule.

| planted bug | file | first seed | rule |
| --- | --- | ---: | --- |
`;
const NOT_FOUND = 'not found';

export function resultsTable(rows: readonly Row[]): string {
  const lines = rows.map(
    ({ bug, file, seed, rule }) => `| ${bug} | ${file} | ${seed ?? NOT_FOUND} | ${rule} |`,
  );
  const found = rows.filter(({ seed }) => seed !== null).length;
  return `${HEAD}${lines.join('\n')}\n\n${found} of ${rows.length} found.\n`;
}

/** The rows of a table that was written before. */
export function rowsOf(table: string): Row[] {
  return table
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(2)
    .map((line) => {
      const [bug = '', file = '', seed = '', rule = ''] = line
        .split('|')
        .slice(1)
        .map((cell) => cell.trim());
      return { bug, file, seed: seed === NOT_FOUND ? null : Number(seed), rule };
    });
}
