/** Goal: each command is where the table says, so that loading its file alone is enough to run it. */
import { Command } from 'commander';
import { expect, it } from 'vitest';
import { COMMANDS, commandsFor } from '../services/cli/commands.ts';

async function namesIn(loads: ReturnType<typeof commandsFor>): Promise<string[]> {
  const program = new Command();
  for (const load of loads) (await load())(program);
  return program.commands.map((command) => command.name());
}

it('a command that is asked for is loaded, without the others', async () => {
  for (const name of COMMANDS.keys()) expect(await namesIn(commandsFor(name))).toContain(name);
  expect(await namesIn(commandsFor('data'))).toEqual(['data']);
});

it.each([undefined, '--help', 'unknown'])('every command is there for %s', async (word) => {
  expect((await namesIn(commandsFor(word))).sort()).toEqual([...COMMANDS.keys()].sort());
});
