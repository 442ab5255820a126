/**
 * The command line within the test's process: for what it refuses, which starts nothing and leaves nothing, and
 * for runs whose result is the question, where each command is also tested as a program.
 */
import { vi } from 'vitest';
import { run } from '../../services/cli/run.ts';

export interface Refusal {
  /** The exit code; null where the command has done its work. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What `plimsoll <args>` says in `directory`: as it refuses them, or as it has done its work. */
export async function refusal(
  args: readonly string[],
  directory: string = process.cwd(),
): Promise<Refusal> {
  const said = { stdout: '', stderr: '' };
  const writes = (['stdout', 'stderr'] as const).map((stream) =>
    vi.spyOn(process[stream], 'write').mockImplementation((text) => {
      said[stream] += String(text);
      return true;
    }),
  );
  const before = { directory: process.cwd(), exitCode: process.exitCode };
  process.chdir(directory);
  try {
    const status = await run(args, (text) => {
      said.stderr += text;
    });
    // A command that has run to its end sets the code of the process.
    return { status: status ?? (Number(process.exitCode ?? 0) || null), ...said };
  } finally {
    process.chdir(before.directory);
    process.exitCode = before.exitCode;
    for (const write of writes) write.mockRestore();
  }
}

/** What `plimsoll <args>` prints in `directory`; throws where it does not succeed. */
export async function ran(args: readonly string[], directory?: string): Promise<string> {
  const { status, stdout, stderr } = await refusal(args, directory);
  if (status !== null || stderr !== '') throw new Error(`${args.join(' ')}: ${status} ${stderr}`);
  return stdout;
}
