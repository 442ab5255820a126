/** The configuration's keys as command-line options, and the one place where flags become configuration. */
import { type Command, InvalidArgumentError } from 'commander';
import { type EffectiveConfiguration, loadConfiguration } from '../../shared/config/load.ts';
import { SIZE_FORMS } from '../../shared/config/values.ts';

/** Adds the options every command that trades or reads a configuration has. */
export function configurationOptions(command: Command): Command {
  return command
    .option('--config <file>', 'JSON file of configuration keys')
    .option('--mode <mode>', 'simulated (default), paper, demo or live')
    .option('--feed <feed>', 'market data from binance, ccxt:<exchange> or remote:<ws url>')
    .option('--exchange <url>', 'an exchange simulator already running')
    .option(
      '--replay <file>',
      'a recording as the simulator’s market; repeatable, in order',
      append,
    )
    .option('--speed <n>', 'simulated: times real time (default 1), or max', speed)
    .option('--faults <kinds>', 'what goes wrong at the simulator: all, or kinds with commas')
    .option('--duration <time>', 'stop after so long, e.g. 60s, 5m, 8h; in the market’s own time')
    .option('--interval <interval>', 'candle interval, 1s to 1d (default 5m; simulated 1s)')
    .option('--symbol <symbol>', 'USDT-margined perpetual (default BTCUSDT)')
    .option('--strategy <name>', 'SmaCrossoverInflection (default) or SmaCrossover')
    .option('--param <key=value>', 'strategy parameter; repeatable', parameter)
    .option('--size <size>', `position of one signal: ${SIZE_FORMS} (default 0.1x)`)
    .option(
      '--stop <share>',
      'distance of the stop from the entry price: 0.21% to 3%, none (default 3%)',
    )
    .option('--execution <style>', 'market (default), maker or maker-or-cancel')
    .option('--maker-deadline <time>', 'how long a maker’s order may rest, 1s to 5m (default 30s)')
    .option(
      '--store <store>',
      'sqlite:PATH, dynamodb[:ENDPOINT] or memory (default: a file in .plimsoll)',
    )
    .option('--table <name>', 'DynamoDB table (default plimsoll)')
    .option('--account <name>', 'names the account in keys and leases (default main)')
    .option('--deployment <name>', 'names this deployment in client order ids, metrics, messages')
    .option('--seed <n>', 'of the simulated market (default 1)', number)
    .option('--port <n>', 'of the embedded simulator (default: any free one)', number)
    .option('--leverage <n>', 'leverage to set at the exchange (default 3)', number)
    .option(
      '--recv-window <time>',
      'how long an order stays acceptable after it was decided (default 2s)',
    )
    .option('--summary <file>', 'write the summary as JSON')
    .option('--json', 'JSON lines instead of text')
    .option('--flatten-on-exit', 'close the position before ending')
    .option('--no-journal', 'keep no journal');
}

/** The effective configuration of flags, environment and file. Throws ConfigurationError. */
export function readConfiguration(
  flags: Readonly<Record<string, unknown>>,
): EffectiveConfiguration {
  const { config, param, printConfig: _printed, replay, journal, ...rest } = flags;
  return loadConfiguration({
    file: (config as string | undefined) ?? process.env.PLIMSOLL_CONFIG ?? null,
    environment: process.env,
    flags: {
      ...rest,
      ...(Object.keys((param as object) ?? {}).length > 0 ? { params: param } : {}),
      ...(((replay as string[]) ?? []).length > 0 ? { replay } : {}),
      // Commander sets an option named --no-… to true where it is not given.
      ...(journal === false ? { journal } : {}),
    },
  });
}

function append(value: string, list: string[] = []): string[] {
  return [...list, value];
}

function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value))
    throw new InvalidArgumentError('must be a number.');
  return value;
}

function speed(text: string): number | 'max' {
  return text === 'max' ? 'max' : number(text);
}

function parameter(text: string, given: Record<string, number> = {}): Record<string, number> {
  const [key = '', value = '', ...rest] = text.split('=');
  if (key === '' || rest.length > 0) throw new InvalidArgumentError('must be key=value.');
  return { ...given, [key]: number(value) };
}
