/**
 * Telegram as the operator and the system reach it: his messages become updates that are delivered until
 * the webhook takes them, sometimes late or twice; messages to him get lost while it is down.
 */
import type { Transformer } from 'grammy';
import type { Update } from 'grammy/types';
import type { Notifier } from '../../shared/ports/notifier.ts';
import type { Random } from '../../shared/simulation/random.ts';
import type { FaultSource } from './faults.ts';
import type { SimulatedProcess } from './process.ts';
import type { World } from './world.ts';

export const OPERATOR_ID = 7;
/** An update that the webhook does not take is delivered again after so long, doubled each time up to the last. */
const AGAIN_MS = [1_000, 60_000] as const;
/** Delivered twice, it comes again while it is still obeyed, or when much may have changed. */
const AGAIN_SOON_MS = 5_000;
const AGAIN_LATE_MS = 600_000;
/** Kept no longer than this. Source: Bot API, "Getting updates". */
const KEPT_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** What the operator's phone shows. */
export interface ShownMessage {
  readonly text: string;
  /** Data of its button; null where it has none. */
  readonly button: string | null;
}

/** The webhook: true where the update was taken. */
export type Webhook = (update: Update) => Promise<boolean>;

/** Sees what passes, for whoever judges. */
export interface TelegramWatch {
  wrote(text: string, atMs: number): void;
  pressed(data: string, atMs: number): void;
  shown(message: ShownMessage, atMs: number): void;
}

export class SimulatedTelegram {
  readonly #world: World;
  readonly #random: Random;
  readonly #faults: FaultSource;
  readonly #webhook: Webhook;
  readonly #watch: TelegramWatch;
  readonly #readers: ((message: ShownMessage) => void)[] = [];
  #updates = 1_000;
  #downUntilMs = 0;

  constructor(parts: {
    world: World;
    faults: FaultSource;
    webhook: Webhook;
    watch: TelegramWatch;
  }) {
    this.#world = parts.world;
    this.#random = parts.world.random.split('telegram');
    this.#faults = parts.faults;
    this.#webhook = parts.webhook;
    this.#watch = parts.watch;
  }

  /** Since when messages can be sent; null while they cannot. */
  upSinceMs(): number | null {
    return this.#world.nowMs < this.#downUntilMs ? null : this.#downUntilMs;
  }

  failFor(durationMs: number): void {
    this.#downUntilMs = this.#world.nowMs + durationMs;
  }

  onShown(reader: (message: ShownMessage) => void): void {
    this.#readers.push(reader);
  }

  /** The operator writes. */
  write(text: string): void {
    this.#watch.wrote(text, this.#world.nowMs);
    const date = Math.floor(this.#world.nowMs / 1_000);
    const message = { message_id: this.#updates, date, chat: chat(), from: person(), text };
    this.#emit({ message } as Partial<Update>);
  }

  /** The operator presses a button. */
  press(data: string): void {
    this.#watch.pressed(data, this.#world.nowMs);
    const message = { message_id: this.#updates, date: 0, chat: chat(), text: '' };
    const pressed = {
      id: String(this.#updates),
      from: person(),
      chat_instance: '1',
      data,
      message,
    };
    this.#emit({ callback_query: pressed } as Partial<Update>);
  }

  /** The Bot API as a bot in `process` calls it. */
  api(process: SimulatedProcess): Transformer {
    return async (_previous, method, payload) => {
      const fields = payload as { text?: string; reply_markup?: Keyboard };
      await this.#call(process, () => {
        if (method !== 'sendMessage') return;
        const button = fields.reply_markup?.inline_keyboard[0]?.[0]?.callback_data ?? null;
        this.#show({ text: fields.text ?? '', button });
      });
      return { ok: true, result: true as never };
    };
  }

  /** Alerts by way of Telegram, from `process`. */
  notifier(process: SimulatedProcess): Notifier {
    return { name: 'telegram', deliver: () => this.#call(process, () => undefined) };
  }

  #call(process: SimulatedProcess, effect: () => void): Promise<void> {
    return process.ask((answer) =>
      this.#world.after(this.#random.between(20, 200), () => {
        if (this.upSinceMs() === null) {
          return answer(() => {
            throw new Error('Telegram cannot be reached');
          });
        }
        effect();
        answer(() => undefined);
      }),
    );
  }

  #show(message: ShownMessage): void {
    this.#watch.shown(message, this.#world.nowMs);
    for (const reader of this.#readers) reader(message);
  }

  #emit(content: Partial<Update>): void {
    this.#updates += 1;
    const update = { update_id: this.#updates, ...content } as Update;
    const lateMs = this.#faults.strikes('updateLate') ? this.#random.between(61_000, HOUR_MS) : 0;
    const fromMs = this.#world.nowMs;
    this.#deliver(update, this.#random.between(50, 500) + lateMs, { fromMs, againMs: AGAIN_MS[0] });
    if (this.#faults.strikes('updateTwice')) {
      const againWithinMs = this.#random.chance(500) ? AGAIN_SOON_MS : AGAIN_LATE_MS;
      this.#deliver(update, this.#random.between(50, againWithinMs), {
        fromMs,
        againMs: AGAIN_MS[0],
      });
    }
  }

  #deliver(update: Update, delayMs: number, of: { fromMs: number; againMs: number }): void {
    this.#world.after(delayMs, async () => {
      const isTaken = this.upSinceMs() !== null && (await this.#webhook(update));
      if (isTaken || this.#world.nowMs - of.fromMs > KEPT_MS) return;
      const againMs = Math.min(2 * of.againMs, AGAIN_MS[1]);
      this.#deliver(update, of.againMs, { ...of, againMs });
    });
  }
}

interface Keyboard {
  readonly inline_keyboard: readonly (readonly { readonly callback_data?: string }[])[];
}

function chat() {
  return { id: OPERATOR_ID, type: 'private', first_name: 'Operator' } as const;
}

function person() {
  return { id: OPERATOR_ID, is_bot: false, first_name: 'Operator' } as const;
}
