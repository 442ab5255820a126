/**
 * What people do to a trader from afar. `/halt` and `/reduce` act at once, because they only tighten;
 * what loosens or trades waits for its button, which works once, for its presser, for 30 s.
 */
import { randomBytes } from 'node:crypto';
import type { EffectiveConfiguration } from '../../shared/config/load.ts';
import { parseDuration } from '../../shared/config/values.ts';
import type { TradingStateRecord } from '../../shared/core/event.ts';
import type { TimeMs } from '../../shared/core/units.ts';
import { BY_HAND, type EmergencyStarter } from '../../shared/operation/emergency.ts';
import { mute as muteUntil } from '../../shared/operation/mute.ts';
import { requestFlatten, resumeTrading, tightenTrading } from '../../shared/operation/steer.ts';
import { traderStatus } from '../../shared/operation/trader-status.ts';
import type { ControlStore } from '../../shared/ports/control-store.ts';
import { type Store, StoreUnavailableError } from '../../shared/ports/store.ts';
import { type Answer, duration, utc } from './messages.ts';
import { lastSeen } from './queries.ts';

export interface ControlParts {
  readonly store: Store;
  readonly control: ControlStore;
  readonly now: () => TimeMs;
  /** Whose trader this is. */
  readonly configuration: Pick<EffectiveConfiguration, 'mode'>;
  /** Closes where no trader leads; absent where it is not turned on. */
  readonly emergency?: EmergencyStarter | undefined;
  /** Names a button, so that nobody can guess it; absent: random bytes. Of a simulation's seed where one runs. */
  readonly newNonce?: () => string;
}

/** Actions that want a button. */
export const CONFIRMED_ACTIONS = ['resume', 'flatten'] as const;
export type ConfirmedAction = (typeof CONFIRMED_ACTIONS)[number];

/** A question with its button. */
export interface Question {
  readonly answer: Answer;
  readonly button: { readonly label: string; readonly data: string };
}

export const CONFIRMATION_MS = 30_000;
const NONCE_BYTES = 16;
const WRITE_ATTEMPTS_MAX = 20;
const MUTE_DEFAULT_MS = 3_600_000;
const MUTE_MAX_MS = 86_400_000;
/** Who the trader itself is, where it changes its own trading state. */
const TRADER = 'plimsoll';

/**
 * Halts, unless it is halted already. `isRepeat` says that this very command was taken before and may
 * not have got here: then what a person did after `givenMs` stands, and null is returned.
 */
export async function halt(
  { store, now }: ControlParts,
  { by, givenMs, isRepeat }: { by: string; givenMs: TimeMs; isRepeat: boolean },
): Promise<TradingStateRecord | null> {
  for (let i = 0; i < WRITE_ATTEMPTS_MAX; i++) {
    const current = await store.tradingState();
    if (current.state === 'halted') return current;
    if (isRepeat && current.by !== TRADER && current.sinceMs > givenMs) return null;
    const reason = '/halt by the operator';
    const version = current.version + 1;
    const record = { state: 'halted', reason, by, sinceMs: now(), version } as const;
    if (await store.setTradingState(record)) return record;
  }
  throw new Error('the trading state kept changing while it was being written');
}

/** What a halt came to, told after it is committed. */
export async function haltAnswer(
  { store, now }: ControlParts,
  record: TradingStateRecord,
): Promise<Answer> {
  const committed = `HALTED, committed at ${utc(record.sinceMs)} (version ${record.version}). Nothing more opens.`;
  try {
    const heartbeat = await store.heartbeat();
    const { position, baseAsset } = traderStatus(heartbeat);
    const held =
      position === undefined || Number(position) === 0
        ? 'There was no position.'
        : `The position of ${position} ${baseAsset} stays; /flatten closes it.`;
    return { text: `${committed}\n${held}\nTrader: ${lastSeen(heartbeat, now())}.` };
  } catch (error) {
    if (!(error instanceof StoreUnavailableError)) throw error;
    return { text: committed };
  }
}

/** Opens nothing more. Where trading is halted, that is stricter and stays. */
export async function reduce({ store, now }: ControlParts, by: string): Promise<Answer> {
  const nowMs = now();
  const reason = '/reduce by the operator';
  const record = await tightenTrading(store, { state: 'reducing', reason, by, nowMs });
  if (record.state === 'halted') {
    return { text: 'Trading is halted, which is stricter, and stays so. /resume loosens it.' };
  }
  const isOurs = record.by === by && record.sinceMs === nowMs && record.reason === reason;
  if (!isOurs) return { text: `Already reducing: ${record.reason}` };
  const seen = lastSeen(await store.heartbeat(), now());
  return {
    text: `REDUCING, committed at ${utc(nowMs)} (version ${record.version}): only what makes the position smaller is sent.\nTrader: ${seen}.`,
  };
}

/** Asks before trading is resumed. The button stands for what is seen now: any change since makes it void. */
export async function askResume(parts: ControlParts, userId: number): Promise<Answer | Question> {
  const { state, reason, by, version } = await parts.store.tradingState();
  if (state === 'active') return { text: 'Trading is active already.' };
  return ask(parts, {
    userId,
    action: 'resume',
    scope: String(version),
    label: 'Resume trading',
    text: `Trading is ${state}: ${reason} (by ${by}). Resume?`,
  });
}

/** Asks before the position is closed. */
export async function askFlatten(parts: ControlParts, userId: number): Promise<Question> {
  const heartbeat = await parts.store.heartbeat();
  const { position, baseAsset } = traderStatus(heartbeat);
  const held = position === undefined ? 'not known' : `${position} ${baseAsset}`;
  return ask(parts, {
    userId,
    action: 'flatten',
    scope: '',
    label: 'Halt and close the position',
    text: `The position is ${held}. Halt and close it at market?\nTrader: ${lastSeen(heartbeat, parts.now())}.`,
  });
}

async function ask(
  { control, now, newNonce = randomNonce }: ControlParts,
  asked: { userId: number; action: ConfirmedAction; scope: string; label: string; text: string },
): Promise<Question> {
  const { userId, action, scope, label, text } = asked;
  const nonce = newNonce();
  const expiresMs = (now() + CONFIRMATION_MS) as TimeMs;
  await control.saveConfirmation({ nonce, userId, action: `${action}@${scope}`, expiresMs });
  return {
    answer: { text: `${text}\nThe button works once, for ${duration(CONFIRMATION_MS)}.` },
    button: { label, data: `${action}:${nonce}` },
  };
}

function randomNonce(): string {
  return randomBytes(NONCE_BYTES).toString('base64url');
}

/** Takes a pressed button at its word if it was given to this person, for this action, and not long ago. */
export async function confirm(
  parts: ControlParts,
  { userId, data, by }: { userId: number; data: string; by: string },
): Promise<Answer> {
  const [action, nonce = ''] = data.split(':');
  const isKnown = CONFIRMED_ACTIONS.some((known) => known === action);
  const confirmation = isKnown ? await parts.control.takeConfirmation(nonce) : null;
  if (!confirmation) return { text: 'Nothing done: this button was used already.' };
  const [confirmed, scope] = confirmation.action.split('@');
  if (confirmation.userId !== userId || confirmed !== action) {
    return { text: 'Nothing done: this button was not made for that. It is void now.' };
  }
  if (parts.now() > confirmation.expiresMs) {
    return {
      text: `Nothing done: the button is over ${duration(CONFIRMATION_MS)} old. Ask again.`,
    };
  }
  return action === 'resume' ? resume(parts, Number(scope), by) : flatten(parts, nonce, by);
}

async function resume({ store, now }: ControlParts, seenVersion: number, by: string) {
  const reason = '/resume by the operator';
  const change = { seenVersion, reason, by, nowMs: now() };
  const { isResumed, record } = await resumeTrading(store, change);
  if (isResumed) {
    const seen = lastSeen(await store.heartbeat(), now());
    return { text: `ACTIVE again, committed (version ${record.version}).\nTrader: ${seen}.` };
  }
  return {
    text: `Nothing done: meanwhile trading is ${record.state}: ${record.reason}. Ask again.`,
  };
}

async function flatten(parts: ControlParts, nonce: string, by: string): Promise<Answer> {
  const { store, now } = parts;
  const id = `telegram-${nonce}`;
  const { version } = await requestFlatten(store, { by, nowMs: now(), id });
  const otherwise = await whereNoTraderRuns(parts, id);
  const seen = lastSeen(await store.heartbeat(), now());
  return {
    text: `HALTED (version ${version}), and a flatten is on record: a running trader closes the position within 2 s and says so here, a stopped one when it starts.\nTrader: ${seen}.\n${otherwise}`,
  };
}

/** Has the emergency function look, which alone decides whether a trader leads: clocks of two hosts cannot tell. */
async function whereNoTraderRuns(
  { emergency, configuration }: ControlParts,
  id: string,
): Promise<string> {
  if (configuration.mode === 'paper') {
    return 'In paper the exchange lives in the trader’s own process, so nobody else can close there; no money is at stake.';
  }
  if (!emergency) {
    return `If none runs: the emergency function is off. ${BY_HAND} To have one: -c emergencyFlatten=true.`;
  }
  try {
    await emergency.start({ id });
    return 'The emergency function is looking, too: where no trader leads for 8 s it closes the position itself, and says so here.';
  } catch (error) {
    return `The emergency function could NOT be started (${(error as Error).name}); if no trader runs, ask again. ${BY_HAND}`;
  }
}

/** `/mute`, `/mute 30m`, `/mute off`: what is not critical waits for nobody. */
export async function mute({ control, now }: ControlParts, argument: string): Promise<Answer> {
  if (argument === 'off') {
    await muteUntil(control, now());
    return { text: 'Alerts sound again.' };
  }
  const ms = argument === '' ? MUTE_DEFAULT_MS : parseDuration(argument);
  if (ms === null || ms > MUTE_MAX_MS) {
    return { text: '/mute takes a duration up to 1d, such as 30m or 8h, or "off"' };
  }
  const untilMs = (now() + ms) as TimeMs;
  await muteUntil(control, untilMs);
  return { text: `Muted until ${utc(untilMs)}. Critical alerts still come; /mute off ends it.` };
}
