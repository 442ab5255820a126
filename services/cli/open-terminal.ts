/** A person at the terminal, or nobody. */
import { ConfigurationError } from '../../shared/config/load.ts';
import { interactiveTerminal, silentTerminal, type Terminal } from './aws/terminal.ts';

/** Throws ConfigurationError where questions are wanted and nobody is there. */
export async function openTerminal({ yes }: { readonly yes: boolean }): Promise<Terminal> {
  const say = (text: string) => process.stdout.write(`${text}\n`);
  if (yes) return silentTerminal(say);
  if (process.stdin.isTTY) return interactiveTerminal(say);
  throw new ConfigurationError(
    'there is no terminal to ask questions on; give the answers as flags, --help names them',
  );
}
