/** `plimsoll status`, `halt`, `reduce`, `resume`, `flatten`: look at a trader and steer it, through its store. */
import { randomUUID } from 'node:crypto';
import { type Command, InvalidArgumentError } from 'commander';
import type { TradingStateRecord } from '../../shared/core/event.ts';
import { displayMoney, parseMoney, type TimeMs } from '../../shared/core/units.ts';
import { readStatus, type Status } from '../../shared/operation/status.ts';
import {
  requestFlatten,
  resumeTrading,
  type Steering,
  tightenTrading,
} from '../../shared/operation/steer.ts';
import { sessionOptions, withSessionStore } from './session-store.ts';

type Flags = Readonly<Record<string, unknown>>;

const steering = (): Steering => ({ by: 'command line', nowMs: Date.now() as TimeMs });

export function addSteeringCommands(program: Command): void {
  sessionOptions(program.command('status'))
    .description('show trading state, position, orders and heartbeat of a trader')
    .option('--json', 'as JSON')
    .action((flags: Flags) =>
      withSessionStore(flags, async (store, session) => {
        const status = await readStatus(store);
        const shown = flags.json ? JSON.stringify({ ...session, ...status }) : table(status);
        process.stdout.write(`${shown}\n`);
      }),
    );
  addTightening(
    program,
    'halt',
    'halted',
    'stop trading: nothing more is sent but what protects, and a flatten',
  );
  addTightening(
    program,
    'reduce',
    'reducing',
    'open nothing more: only what makes the position smaller is sent',
  );
  addResume(program);
  sessionOptions(program.command('flatten'))
    .description('halt, and close the position')
    .action((flags: Flags) =>
      withSessionStore(flags, async (store) => {
        const record = await requestFlatten(store, { ...steering(), id: randomUUID() });
        process.stdout.write(
          `${told(record)}\nflatten is on record: a running trader closes the position within 2 s, a stopped one when it starts\n`,
        );
      }),
    );
}

function addTightening(
  program: Command,
  name: string,
  state: 'reducing' | 'halted',
  description: string,
): void {
  sessionOptions(program.command(name))
    .description(description)
    .option('--reason <text>', 'kept with the change', `${name} by the operator`)
    .action((flags: Flags) =>
      withSessionStore(flags, async (store) => {
        const change = { ...steering(), state, reason: String(flags.reason) };
        process.stdout.write(`${told(await tightenTrading(store, change))}\n`);
      }),
    );
}

function addResume(program: Command): void {
  sessionOptions(program.command('resume'))
    .description('trade again after halt, reduce or flatten')
    .option('--reason <text>', 'kept with the change', 'resume by the operator')
    .option(
      '--seen <version>',
      'only if the trading state is still this version of "status"',
      whole,
    )
    .action((flags: Flags) =>
      withSessionStore(flags, async (store) => {
        const { state, reason, version } = await store.tradingState();
        const seenVersion = typeof flags.seen === 'number' ? flags.seen : version;
        const change = { ...steering(), seenVersion, reason: String(flags.reason) };
        const { isResumed, record } = await resumeTrading(store, change);
        if (isResumed) {
          process.stdout.write(`${told(record)}; it was ${state}: ${reason}\n`);
          return;
        }
        process.stderr.write(
          `plimsoll: nothing done: meanwhile ${told(record)}. Look at "plimsoll status" and resume again.\n`,
        );
        process.exitCode = 1;
      }),
    );
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new InvalidArgumentError('must be a version as "plimsoll status" shows it');
  }
  return value;
}

function told({ state, reason, version }: TradingStateRecord): string {
  return `trading is ${state} (${reason}; version ${version})`;
}

function table(status: Status): string {
  const { tradingState, account, orders, heartbeat, decision } = status;
  const beat = heartbeat?.status ?? {};
  const rows: [string, string][] = [
    [
      'trading',
      `${tradingState.state}: ${tradingState.reason} (by ${tradingState.by}; version ${tradingState.version})`,
    ],
    [
      'trader',
      heartbeat
        ? `${heartbeat.owner}, epoch ${heartbeat.epoch}, ${heartbeat.mode}, last seen ${new Date(heartbeat.timeMs).toISOString()}`
        : 'has not run yet',
    ],
    ['strategy', `${beat.strategy ?? '-'} on ${beat.interval ?? '-'} candles`],
    ['holds', String(beat.holds || 'none')],
    ['position', `${beat.position ?? '-'}${decision ? `  (decided: ${decision.reason})` : ''}`],
    ['wallet', account ? `${displayMoney(account.walletBalance)} USDT` : '-'],
    ['equity', beat.equity ? `${displayMoney(parseMoney(String(beat.equity)))} USDT` : '-'],
    [
      'result',
      account
        ? `realised ${displayMoney(account.realizedPnl)}, fees ${displayMoney(account.fees)}, funding ${displayMoney(account.funding)}, ${account.fillCount} fills`
        : '-',
    ],
    [
      'orders',
      orders.length === 0
        ? 'none unsettled'
        : orders.map((o) => `${o.intent.request.clientOrderId} ${o.state}`).join(', '),
    ],
  ];
  return rows.map(([name, text]) => `${name.padEnd(9)} ${text}`).join('\n');
}
