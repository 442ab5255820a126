/** The table of a mutation run, from Stryker's report in the format of mutation-testing-report-schema. */

type Status =
  | 'Killed'
  | 'Timeout'
  | 'Survived'
  | 'NoCoverage'
  | 'Ignored'
  | 'CompileError'
  | 'RuntimeError'
  | 'Pending';

export interface MutationReport {
  readonly files: Readonly<
    Record<string, { readonly mutants: readonly { readonly status: Status }[] }>
  >;
}

export function resultsTable({ files }: MutationReport): string {
  const rows = Object.entries(files)
    .map(([file, { mutants }]) => ({ file, ...counted(mutants.map(({ status }) => status)) }))
    // A file of types alone has nothing to change.
    .filter((row) => row.killed + row.survived > 0)
    .sort((a, b) => (a.file < b.file ? -1 : 1));
  const killed = rows.reduce((sum, row) => sum + row.killed, 0);
  const survived = rows.reduce((sum, row) => sum + row.survived, 0);
  const lines = [...rows, { file: '**all**', killed, survived }].map(
    (row) =>
      `| ${row.file} | ${row.killed + row.survived} | ${row.killed} | ${row.survived} | ${score(row)} |`,
  );
  return `${HEAD}${lines.join('\n')}\n`;
}

const HEAD = `# Mutation testing

Written by \`npm run mutation\`; the files and what is not mutated are in \`stryker.config.json\`. Killed counts the changes
that a test refuses or that never end; survived counts those that every test lets pass or none reaches.

| file | mutants | killed | survived | score |
| --- | ---: | ---: | ---: | ---: |
`;

function counted(statuses: readonly Status[]): { killed: number; survived: number } {
  const count = (...of: readonly Status[]) =>
    statuses.filter((status) => of.includes(status)).length;
  return { killed: count('Killed', 'Timeout'), survived: count('Survived', 'NoCoverage') };
}

function score({ killed, survived }: { killed: number; survived: number }): string {
  return `${((100 * killed) / (killed + survived)).toFixed(1)} %`;
}
