/** A person at the terminal, or nobody. */
import { interactiveTerminal, silentTerminal, type Terminal } from './aws/terminal.ts';

export async function openTerminal({ yes }: { readonly yes: boolean }): Promise<Terminal> {
  const say = (text: string) => process.stdout.write(`${text}\n`);
  return yes ? silentTerminal(say) : interactiveTerminal(say);
}
