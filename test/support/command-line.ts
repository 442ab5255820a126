/** The command line within the test's process: for what it refuses, which starts nothing and leaves nothing. */
import { vi } from 'vitest';
import { run } from '../../services/cli/run.ts';

export interface Refusal {
  /** The exit code; null where the command was not refused. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What `plimsoll <args>` says as it refuses them. Paths are those of the test's process. */
export async function refusal(args: readonly string[]): Promise<Refusal> {
  const said = { stdout: '', stderr: '' };
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    said.stdout += String(text);
    return true;
  });
  try {
    const status = await run(args, (text) => {
      said.stderr += text;
    });
    return { status, ...said };
  } finally {
    write.mockRestore();
  }
}
