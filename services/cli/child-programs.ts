/** `plimsoll exchange` and `plimsoll gateway`: programs of their own, started with the arguments given. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';

export function addExchangeCommand(program: Command): void {
  childProgram(program, {
    name: 'exchange',
    description: 'run the exchange simulator alone, for any Binance USD-M client',
    file: new URL('../exchange-simulator/main.ts', import.meta.url),
  });
}

export function addGatewayCommand(program: Command): void {
  childProgram(program, {
    name: 'gateway',
    description: 'connect to the exchange, publish RemoteFeed, record raw frames',
    file: new URL('../gateway/main.ts', import.meta.url),
  });
}

function childProgram(
  program: Command,
  { name, description, file }: { name: string; description: string; file: URL },
): void {
  program
    .command(name)
    .description(description)
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments()
    .argument('[options...]', `see plimsoll ${name} --help`)
    .action((options: string[]) => run(file, options));
}

/** Runs the program to its end in the same terminal; its exit code becomes ours. */
function run(file: URL, options: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [fileURLToPath(file), ...options], { stdio: 'inherit' });
  // A Ctrl-C reaches the child by itself; a signal to us alone is handed on.
  const forward = (signal: NodeJS.Signals) => child.kill(signal);
  process.on('SIGTERM', forward);
  process.on('SIGINT', () => undefined);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      process.exitCode = code ?? 1;
      resolve();
    });
  });
}
