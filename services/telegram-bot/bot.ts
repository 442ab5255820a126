/**
 * One update, from an admitted webhook request to its answers. Effects happen once however often
 * Telegram delivers; an answer that cannot be sent undoes nothing.
 */
import { autoRetry } from '@grammyjs/auto-retry';
import { apiThrottler } from '@grammyjs/transformer-throttler';
import { Bot, type Context, GrammyError, InlineKeyboard, type Transformer } from 'grammy';
import type { Update } from 'grammy/types';
import type { TradingStateRecord } from '../../shared/core/event.ts';
import { isTimeMs } from '../../shared/core/units.ts';
import type { ChartDrawer } from '../../shared/operation/chart-request.ts';
import type { EmergencyStarter } from '../../shared/operation/emergency.ts';
import { type Store, StoreUnavailableError, StoreVersionError } from '../../shared/ports/store.ts';
import { access } from './access.ts';
import { chart } from './chart.ts';
import {
  askFlatten,
  askResume,
  confirm,
  halt,
  haltAnswer,
  mute,
  type Question,
  reduce,
} from './control.ts';
import { type Answer, duration, messagesOf } from './messages.ts';
import { pnl } from './pnl.ts';
import * as queries from './queries.ts';
import { why } from './why.ts';

export type Log = (event: string, details: Readonly<Record<string, string | number>>) => void;

export interface BotParts extends queries.QueryParts {
  readonly botToken: string;
  readonly allowedUserIds: readonly number[];
  /** Null where none is deployed. */
  readonly charts: ChartDrawer | null;
  /** Absent where it is not turned on. */
  readonly emergency?: EmergencyStarter | undefined;
  readonly log: Log;
  /** Why this version must not write what another version reads; null where it is the store's own. */
  readonly unreadable: string | null;
  /** Another Bot API than Telegram's, for tests. */
  readonly apiRoot?: string | undefined;
  readonly newNonce?: () => string;
  /** Takes each call to the Bot API in place of the network, for a simulation. */
  readonly callApi?: Transformer;
}

export interface TelegramBot {
  /** Throws where Telegram should deliver the update again: a store that could not be reached. */
  handle(update: Update): Promise<void>;
}

/** Commands of the menu, in its order, as `plimsoll setup` registers them. */
export const COMMANDS: Readonly<Record<string, string>> = {
  status: 'trading state, position, result of the day',
  positions: 'the position and its liquidation price',
  orders: 'open orders and the last that ended',
  pnl: 'result of the day, week or month',
  balance: 'wallet, equity, what is free',
  margin: 'margin ratio and distance to liquidation',
  chart: 'candles, signals and fills as a picture, e.g. /chart 15m',
  why: 'the story of an order, e.g. /why p-live-1-4',
  health: 'what is up and what is not',
  config: 'the configuration in force',
  version: 'what runs where',
  halt: 'stop trading, at once',
  reduce: 'open nothing more, at once',
  resume: 'trade again (asks first)',
  flatten: 'halt and close the position (asks first)',
  mute: 'no alerts but critical ones, e.g. /mute 8h',
  help: 'this list',
};

const QUERIES: Readonly<Record<string, queries.Query>> = {
  status: queries.status,
  positions: queries.positions,
  orders: queries.orders,
  balance: queries.balance,
  margin: queries.margin,
  health: queries.health,
  config: queries.config,
  version: queries.version,
  pnl,
  why,
};

const COMMAND_AGE_MAX_MS = 60_000;
/** Telegram keeps an update for a day at most. */
const CLAIM_KEPT_MS = 2 * 86_400_000;
const HOUR_MS = 3_600_000;
const REQUEST_TIMEOUT_S = 5;
const RETRY_DELAY_MAX_S = 5;
const MESSAGE_GAP_MS = 50;

/**
 * Opens the store; why it is not this version's, or null. A bot that does not know what the store means does
 * nothing but halt. Throws StoreUnavailableError.
 */
export async function openForBot(store: Pick<Store, 'open'>): Promise<string | null> {
  try {
    await store.open();
    return null;
  } catch (error) {
    if (error instanceof StoreVersionError) return error.message;
    throw error;
  }
}

export function createBot(parts: BotParts): TelegramBot {
  const bot = new Bot(parts.botToken, {
    // Given, so that no start asks Telegram for it; private chats need no name.
    botInfo: { id: 0, is_bot: true, first_name: 'Plimsoll', username: 'plimsoll' } as never,
    client: {
      timeoutSeconds: REQUEST_TIMEOUT_S,
      ...(parts.apiRoot ? { apiRoot: parts.apiRoot } : {}),
    },
  });
  bot.api.config.use(
    autoRetry({
      maxRetryAttempts: 1,
      maxDelaySeconds: RETRY_DELAY_MAX_S,
      rethrowHttpErrors: true,
    }),
    // Its defaults are for broadcasts, a second between messages; here a few answers go out in order, and
    // Telegram itself says when to wait.
    apiThrottler({ out: { maxConcurrent: 1, minTime: MESSAGE_GAP_MS } }),
  );
  // Outside the others, whose timers are the machine's.
  if (parts.callApi) bot.api.config.use(parts.callApi);
  const handler = new UpdateHandler(bot, parts);
  bot.on('message:text', (ctx) => handler.onText(ctx));
  bot.on('callback_query:data', (ctx) => handler.onPress(ctx));
  return { handle: (update) => handler.handle(update) };
}

class UpdateHandler {
  readonly #bot: Bot;
  readonly #parts: BotParts;
  #strangerHour = -1;

  constructor(bot: Bot, parts: BotParts) {
    this.#bot = bot;
    this.#parts = parts;
  }

  async handle(update: Update): Promise<void> {
    const { allowedUserIds, log } = this.#parts;
    const { kind } = access(update, allowedUserIds);
    if (kind === 'stranger') return this.#onStranger(update);
    if (kind === 'ignored') return log('ignored', { update: update.update_id });
    await this.#bot.handleUpdate(update);
  }

  async onText(ctx: Context & { readonly message: { text: string; date: number } }): Promise<void> {
    const { log, now } = this.#parts;
    const [, command = '', argument = ''] =
      /^\/([a-z]+)(?:@\w+)?(?:\s+(\S+))?/i.exec(ctx.message.text) ?? [];
    const name = command.toLowerCase();
    log('command', {
      update: ctx.update.update_id,
      name: Object.hasOwn(COMMANDS, name) ? name : 'unknown',
    });
    if (name === 'halt') return this.#onHalt(ctx);
    if (this.#parts.unreadable !== null) return this.#refuse(ctx);
    if (!(await this.#isFirst(ctx))) return;
    const ageMs = now() - ctx.message.date * 1_000;
    // A date that is none is not a fresh one.
    if (!(ageMs <= COMMAND_AGE_MAX_MS)) {
      return this.#answer(ctx, {
        text: `Nothing done: this was sent ${duration(ageMs)} ago. Send it again if you still mean it.`,
      });
    }
    await this.#answered(ctx, () => this.#answerTo(name, argument, ctx));
  }

  async onPress(ctx: Context & { readonly callbackQuery: { data: string } }): Promise<void> {
    if (this.#parts.unreadable !== null) return this.#refuse(ctx);
    if (!(await this.#isFirst(ctx))) return;
    const { data } = ctx.callbackQuery;
    const userId = ctx.from?.id ?? 0;
    await this.#answered(ctx, () => confirm(this.#parts, { userId, data, by: by(userId) }));
    await this.#sent('button', () => ctx.answerCallbackQuery());
    await this.#sent('button', () => ctx.editMessageReplyMarkup());
  }

  #answerTo(name: string, argument: string, ctx: Context): Promise<Answer | Question | null> {
    const userId = ctx.from?.id ?? 0;
    // Of its own: every object answers to "constructor" too.
    const query = Object.hasOwn(QUERIES, name) ? QUERIES[name] : undefined;
    if (query) return query(this.#parts, argument);
    switch (name) {
      case 'reduce':
        return reduce(this.#parts, by(userId));
      case 'resume':
        return askResume(this.#parts, userId);
      case 'flatten':
        return askFlatten(this.#parts, userId);
      case 'mute':
        return mute(this.#parts, argument);
      case 'chart':
        return chart(this.#parts, {
          argument,
          chatId: userId,
          id: `chart:${ctx.update.update_id}`,
        });
      default:
        return Promise.resolve(help(name === 'help' ? '' : 'That is no command I know.'));
    }
  }

  /**
   * Whatever its age, and committed before anything is said. A delivery that was taken before is
   * carried out again if its effect is not there: the first may have died on the way.
   */
  async #onHalt(ctx: Context & { readonly message: { date: number } }): Promise<void> {
    const { control, log, unreadable } = this.#parts;
    const update = ctx.update.update_id;
    // A message's date is cut to the second.
    const dateMs = (ctx.message.date + 1) * 1_000;
    const givenMs = isTimeMs(dateMs) ? dateMs : this.#parts.now();
    const answerId = `telegram-halt-answer:${update}`;
    let record: TradingStateRecord | null;
    try {
      const isRepeat = !(await this.#isFirst(ctx));
      // Carried out and answered: whatever has become of the state since, this halt is over.
      const isDone = isRepeat && unreadable === null && (await control.isClaimed(answerId));
      record = isDone
        ? null
        : await halt(this.#parts, { by: by(ctx.from?.id ?? 0), givenMs, isRepeat });
    } catch (error) {
      await this.#answer(ctx, {
        text: 'NOT HALTED as far as is known: the store cannot be reached. It is tried again; look at /status.',
      });
      throw error;
    }
    if (!record) return log('repeated', { update });
    log('halted', { update, version: record.version });
    if (unreadable !== null) {
      return this.#answer(ctx, {
        text: `A halt is written (version ${record.version}), but ${unreadable}: whether the trader reads it there is not known. It tells by an alert that it is halted; without one, revoke the key at the exchange.`,
      });
    }
    if (!(await control.claim(answerId, CLAIM_KEPT_MS))) return;
    await this.#answer(ctx, await haltAnswer(this.#parts, record));
  }

  async #answered(ctx: Context, work: () => Promise<Answer | Question | null>): Promise<void> {
    let answer: Answer | Question | null;
    try {
      answer = await work();
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      this.#parts.log('storeUnavailable', { update: ctx.update.update_id });
      answer = {
        text: 'The store cannot be reached. If this was to change something, it is not certain whether it did: look at /status.',
      };
    }
    if (answer === null) return;
    if ('button' in answer) {
      const { label, data } = answer.button;
      const keyboard = new InlineKeyboard().text(label, data);
      await this.#answer(ctx, answer.answer, keyboard);
    } else {
      await this.#answer(ctx, answer);
    }
  }

  async #answer(ctx: Context, answer: Answer, keyboard?: InlineKeyboard): Promise<void> {
    const messages = messagesOf(answer);
    for (const { text, entities } of messages) {
      const isSent = await this.#sent('message', () =>
        ctx.reply(text, {
          entities,
          link_preview_options: { is_disabled: true },
          ...(keyboard ? { reply_markup: keyboard } : {}),
        }),
      );
      if (!isSent) return;
    }
  }

  /** What was to be done is done, whether or not it can be said. */
  async #sent(what: string, call: () => Promise<unknown>): Promise<boolean> {
    try {
      await call();
      return true;
    } catch (error) {
      // The error's own text may hold the address, and that the token.
      const code = error instanceof GrammyError ? error.error_code : 0;
      this.#parts.log('notSent', { what, code });
      return false;
    }
  }

  #refuse(ctx: Context): Promise<void> {
    return this.#answer(ctx, {
      text: `Nothing done: ${this.#parts.unreadable}. Deploy bot and trader together; until then only /halt is tried.`,
    });
  }

  /** Of a store of another version nothing is certain, so a delivery may be any but the first. */
  #isFirst(ctx: Context): Promise<boolean> {
    if (this.#parts.unreadable !== null) return Promise.resolve(false);
    return this.#parts.control.claim(`telegram:${ctx.update.update_id}`, CLAIM_KEPT_MS);
  }

  /** Says nothing to him, and one thing an hour to the owner; his own words go nowhere. */
  async #onStranger({ update_id: update }: Update): Promise<void> {
    const { control, log, now, allowedUserIds } = this.#parts;
    log('stranger', { update });
    const [owner] = allowedUserIds;
    const hour = Math.floor(now() / HOUR_MS);
    if (owner === undefined || hour === this.#strangerHour) return;
    this.#strangerHour = hour;
    if (!(await control.claim(`telegram-stranger:${hour}`, 2 * HOUR_MS))) return;
    await this.#sent('alert', () =>
      this.#bot.api.sendMessage(
        owner,
        'Someone who is not on the list has written to this bot. It did not answer.',
      ),
    );
  }
}

function by(userId: number): string {
  return `Telegram user ${userId}`;
}

function help(first: string): Answer {
  const list = Object.entries(COMMANDS).map(([name, does]) => `/${name} – ${does}`);
  return { text: [...(first === '' ? [] : [first, '']), ...list].join('\n') };
}
