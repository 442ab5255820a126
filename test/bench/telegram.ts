/**
 * A Telegram update at the bot's function URL: how long until `/halt` is committed, beside the bare write
 * of the trading state to the same engine; and how long hostile requests keep it busy, beside one that is
 * refused at its first header. Engine, Bot API and callers share the machine's cores.
 */
import type { TradingState } from '../../shared/core/event.ts';
import type { TimeMs } from '../../shared/core/units.ts';
import type { Store } from '../../shared/ports/store.ts';
import { startDynoxide } from '../support/dynoxide.ts';
import { messageUpdate, unheardUpdates } from '../support/telegram-server.ts';
import { OWNER, type Rig, START_MS, STRANGER, startRig } from '../telegram-bot/rig.ts';
import { type BenchRow, percentile, row } from './rows.ts';

const WARM_UP = 10;
const HALTS = 100;
const HOSTILE = 200;
const HALT_MAX_MS = 300;
const HOSTILE_MAX_MS = 50;

export async function telegramBench(): Promise<BenchRow[]> {
  const engine = await startDynoxide();
  let committedMs = 0;
  const rig = await startRig(engine.endpoint, {
    wrapStore: (store) =>
      new Proxy(store, {
        get(target, name: keyof Store) {
          if (name !== 'setTradingState') return target[name].bind(target);
          return async (record: Parameters<Store['setTradingState']>[0]) => {
            const isWritten = await target.setTradingState(record);
            committedMs = performance.now();
            return isWritten;
          };
        },
      }),
  });
  try {
    return [...(await halts(rig, () => committedMs)), await hostile(rig)];
  } finally {
    await rig.stop();
    await engine.stop();
  }
}

async function halts(rig: Rig, committedMs: () => number): Promise<BenchRow[]> {
  const ours: number[] = [];
  const bare: number[] = [];
  for (let i = 0; i < WARM_UP + HALTS; i++) {
    const writeMs = await timed(() => set(rig, 'active'));
    const sentMs = performance.now();
    if ((await rig.say('/halt')) !== 200) throw new Error('the bot did not take /halt');
    if ((await rig.store.tradingState()).state !== 'halted') throw new Error('not halted');
    if (i < WARM_UP) continue;
    ours.push(committedMs() - sentMs);
    bare.push(writeMs);
  }
  const figure = (share: number) => ({
    name: `/halt update posted to state committed, p${share * 100} of ${HALTS}`,
    value: percentile(ours, share),
    unit: 'ms',
    peer: 'reading and writing the state, no bot',
    peerValue: percentile(bare, share),
  });
  return [row(figure(0.5)), row({ ...figure(0.99), limit: { valueMax: HALT_MAX_MS } })];
}

async function hostile(rig: Rig): Promise<BenchRow> {
  const before = await rig.contents();
  const times: number[] = [];
  const refused: number[] = [];
  const replayed = messageUpdate({ userId: OWNER, text: '/resume', nowMs: START_MS - 3_600_000 });
  await rig.post(replayed);
  const said = { userId: OWNER, text: '/resume', nowMs: START_MS };
  const unheard = Object.values(unheardUpdates(said));
  const kinds: readonly ((i: number) => Promise<unknown>)[] = [
    () => rig.post(messageUpdate(said), { 'x-telegram-bot-api-secret-token': 'forged' }),
    () => rig.post(replayed),
    () => rig.post({ malformed: true }),
    () => rig.post({ update_id: 1, message: 'x'.repeat(200_000) }),
    (i) => rig.post(unheard[i % unheard.length] ?? {}),
    () => rig.post(messageUpdate({ ...said, userId: STRANGER })),
  ];
  for (let i = 0; i < WARM_UP; i++) for (const kind of kinds) await kind(i);
  for (let i = 0; i < HOSTILE; i++) {
    times.push(await timed(() => (kinds[i % kinds.length] as (typeof kinds)[0])(i)));
    refused.push(await timed(() => fetch(rig.url).then((response) => response.text())));
  }
  if ((await rig.contents()) !== before) throw new Error('a hostile request changed the store');
  return row({
    name: `hostile request answered, slowest of ${HOSTILE}`,
    value: Math.max(...times),
    unit: 'ms',
    peer: 'one without a secret, slowest of as many',
    peerValue: Math.max(...refused),
    limit: { valueMax: HOSTILE_MAX_MS },
  });
}

async function set({ store, clock }: Rig, state: TradingState): Promise<void> {
  const { version } = await store.tradingState();
  const sinceMs = clock.nowMs as TimeMs;
  await store.setTradingState({
    state,
    reason: 'bench',
    by: 'bench',
    sinceMs,
    version: version + 1,
  });
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}
