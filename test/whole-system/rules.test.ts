/** The checker's rules about people and alerts, told stories that keep them and stories that break them. */
import { beforeEach, describe, expect, it } from 'vitest';
import { AlertRules } from '../../services/simulation/alert-rules.ts';
import { CommandRules } from '../../services/simulation/command-rules.ts';
import { EmergencyRules } from '../../services/simulation/emergency-rules.ts';
import { ExchangeHost } from '../../services/simulation/exchange-host.ts';
import { Faults } from '../../services/simulation/faults.ts';
import { SteeringRules } from '../../services/simulation/steering-rules.ts';
import { World } from '../../services/simulation/world.ts';
import type { OutboxItem } from '../../shared/ports/store.ts';

const BY = 'Telegram user 7';
const RESUMED = { state: 'active', by: BY, reason: '/resume by the operator' };
const HALTED = { state: 'halted', by: BY, reason: '/halt by the operator' };
const BUTTON = { text: 'Resume?', button: 'resume:a' };

let broken: string[];
let commands: CommandRules;
let alerts: AlertRules;

beforeEach(() => {
  broken = [];
  const violated = (rule: string) => broken.push(rule);
  commands = new CommandRules(violated);
  alerts = new AlertRules(violated);
});

describe('what people do from afar', () => {
  it('may resume by a button that was asked for, shown and pressed', () => {
    commands.wrote('/resume', 0);
    commands.shown(BUTTON, 1_000);
    commands.pressed('resume:a');
    commands.tradingState(RESUMED, 5_000);
    expect(broken).toEqual([]);
  });

  it('may not resume by a button pressed once twice', () => {
    commands.wrote('/resume', 0);
    commands.shown(BUTTON, 1_000);
    commands.pressed('resume:a');
    commands.tradingState(RESUMED, 5_000);
    commands.tradingState(RESUMED, 6_000);
    expect(broken).toEqual(['I18']);
  });

  it('may not resume by a button that is old, or that nobody pressed', () => {
    commands.wrote('/resume', 0);
    commands.shown(BUTTON, 1_000);
    commands.tradingState(RESUMED, 5_000);
    commands.pressed('resume:a');
    commands.tradingState(RESUMED, 41_000);
    expect(broken).toEqual(['I18', 'I18']);
  });

  it('get one button for one command, and none for an old one', () => {
    commands.wrote('/resume', 0);
    commands.shown(BUTTON, 1_000);
    commands.shown({ ...BUTTON, button: 'resume:b' }, 2_000);
    commands.wrote('/flatten', 10_000);
    commands.shown({ ...BUTTON, button: 'flatten:c' }, 100_000);
    expect(broken).toEqual(['I18', 'I18']);
  });

  it('halt once by one command', () => {
    commands.wrote('/halt', 0);
    commands.tradingState(HALTED, 1_000);
    commands.tradingState(HALTED, 2_000);
    expect(broken).toEqual(['I19']);
  });

  it('are not told of a halt that nobody committed', () => {
    commands.shown({ text: 'HALTED, committed at noon', button: null }, 0);
    expect(broken).toEqual(['I8']);
  });
});

describe('alerts', () => {
  const calm = (sinceMs: number) => sinceMs;
  const up = { oldest: undefined, upSinceMs: 0 };
  const item = (text: string, timeMs: number) => ({ id: '1', text, timeMs }) as OutboxItem;
  const owed = () => alerts.owe('a halt', 1_000, ({ text }) => text.includes('halted'));

  it('are on record within ten seconds of their cause', () => {
    owed();
    alerts.look(11_000, calm, up);
    expect(broken).toEqual([]);
    alerts.look(11_001, calm, up);
    expect(broken).toEqual(['L5']);
  });

  it('count only where they say what happened', () => {
    owed();
    alerts.notification(item('something else', 2_000));
    alerts.look(20_000, calm, up);
    alerts.notification(item('trading is halted', 21_000));
    alerts.look(60_000, calm, up);
    expect(broken).toEqual(['L5']);
  });

  it('are owed by nobody while no trader can act', () => {
    owed();
    alerts.look(60_000, () => null, up);
    expect(broken).toEqual([]);
  });

  it('wait no longer than their way to people is closed', () => {
    const oldest = item('trading is halted', 0);
    alerts.look(200_000, calm, { oldest, upSinceMs: null });
    alerts.look(200_000, calm, { oldest, upSinceMs: 100_000 });
    expect(broken).toEqual([]);
    alerts.look(300_000, calm, { oldest, upSinceMs: 100_000 });
    expect(broken).toEqual(['L5']);
  });
});

describe('the emergency function', () => {
  const START_MS = Date.UTC(2026, 0, 1);
  const calm = { struckMs: 0, refusedUntilMs: 0, servedSinceMs: null };

  function holding(side: 'BUY' | 'SELL' | null) {
    const world = new World(1, START_MS);
    const host = new ExchangeHost(world, new Faults(world, []));
    const disturbance = { ...calm };
    const rules = new EmergencyRules({
      host,
      disturbed: () => disturbance,
      violated: (rule) => broken.push(rule),
    });
    rules.runs(() => START_MS);
    const common = { symbol: 'BTCUSDT', type: 'MARKET', quantity: '0.010' } as const;
    if (side) host.placeOrder({ ...common, side, newClientOrderId: 'p-1' });
    return { host, rules, disturbance };
  }

  it('may call flat what is flat', () => {
    holding(null).rules.saidFlat(START_MS);
    expect(broken).toEqual([]);
  });

  it('may not call a position flat, unless somebody opened it meanwhile', () => {
    const { rules } = holding('BUY');
    rules.saidFlat(START_MS + 60_000);
    expect(broken).toEqual(['I17']);
    rules.somebodyTraded(START_MS + 50_000);
    rules.saidFlat(START_MS + 60_000);
    expect(broken).toEqual(['I17']);
  });

  it('may leave nothing of ours at the exchange, and what is not ours', () => {
    const { host, rules } = holding(null);
    const resting = {
      symbol: 'BTCUSDT',
      side: 'BUY',
      type: 'LIMIT',
      timeInForce: 'GTC',
      price: '58000',
      quantity: '0.010',
    } as const;
    host.placeOrder({ ...resting, newClientOrderId: 'web_1' });
    rules.saidFlat(START_MS);
    expect(broken).toEqual([]);
    host.placeOrder({ ...resting, newClientOrderId: 'p-2' });
    rules.saidFlat(START_MS);
    expect(broken).toEqual(['I17']);
  });

  it('must close while it runs alone, halted and undisturbed', () => {
    const { rules, disturbance } = holding('SELL');
    rules.check(START_MS + 90_000, true);
    rules.check(START_MS + 200_000, false);
    disturbance.struckMs = START_MS + 100_000;
    rules.check(START_MS + 240_000, true);
    expect(broken).toEqual([]);
    rules.check(START_MS + 251_000, true);
    expect(broken).toEqual(['I8']);
  });
});

describe('the lead', () => {
  const START_MS = Date.UTC(2026, 0, 1);
  const MINUTE_MS = 60_000;

  /** Rules of a lead that went to these owners, one every so many minutes, with this last disturbance. */
  function led(owners: readonly string[], everyMinutes: number, struckMs = 0) {
    const world = new World(1, START_MS);
    const rules = new SteeringRules({
      host: new ExchangeHost(world, new Faults(world, [])),
      disturbed: () => ({ struckMs, refusedUntilMs: 0, servedSinceMs: null }),
      goneSinceMs: () => null,
      isOpening: () => false,
      violated: (rule) => broken.push(rule),
    });
    for (const [i, owner] of owners.entries()) {
      rules.lease(owner, START_MS + i * everyMinutes * MINUTE_MS);
    }
  }

  it('may be renewed for ever, and change hands twice in ten minutes', () => {
    led(['a', 'a', 'a', 'b', 'b', 'b', 'a', 'a', 'a'], 1);
    expect(broken).toEqual([]);
  });

  it('may not go to and fro by itself, but slowly or where something went wrong just before', () => {
    led(['a', 'b', 'a', 'b'], 6);
    led(['a', 'b', 'a', 'b'], 1, START_MS + 3 * MINUTE_MS);
    expect(broken).toEqual([]);
    led(['a', 'b', 'a', 'b'], 3);
    expect(broken).toEqual(['L6']);
  });
});
