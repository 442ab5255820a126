/** What people may do from afar: I18, only what they asked for and not long ago; I19, each of it once. */
import type { ShownMessage, TelegramWatch } from './telegram.ts';

/** A command is obeyed for a minute, a button for half of one; then the store may be slow, twice or thrice. */
const COMMAND_MS = 60_000;
const BUTTON_MS = 30_000;
const SLOW_MS = 9_000;
const BY = 'Telegram user';

interface Written {
  readonly name: string;
  readonly atMs: number;
  isAnswered: boolean;
}

interface Button {
  readonly action: string;
  readonly shownMs: number;
  isPressed: boolean;
  isUsed: boolean;
}

export class CommandRules implements TelegramWatch {
  readonly #violated: (rule: string, detail: string) => void;
  readonly #written: Written[] = [];
  readonly #buttons = new Map<string, Button>();
  readonly #flattens = new Set<string>();
  #haltsCommitted = 0;

  constructor(violated: (rule: string, detail: string) => void) {
    this.#violated = violated;
  }

  wrote(text: string, atMs: number): void {
    this.#written.push({ name: text.slice(1), atMs, isAnswered: false });
  }

  pressed(data: string): void {
    const button = this.#buttons.get(data);
    if (button) button.isPressed = true;
  }

  shown({ text, button }: ShownMessage, atMs: number): void {
    if (text.startsWith('HALTED, committed') && this.#haltsCommitted === 0) {
      this.#violated('I8', 'a halt was acknowledged that nobody committed');
    }
    if (button === null) return;
    const action = button.split(':')[0] ?? '';
    const asked = this.#written.find(
      ({ name, isAnswered, atMs: writtenMs }) =>
        name === action && !isAnswered && atMs - writtenMs <= COMMAND_MS + SLOW_MS,
    );
    if (asked) asked.isAnswered = true;
    else this.#violated('I18', `a button to ${action} that nobody asked for in the last minute`);
    this.#buttons.set(button, { action, shownMs: atMs, isPressed: false, isUsed: false });
  }

  tradingState({ state, by, reason }: { state: string; by: string; reason: string }, atMs: number) {
    if (state === 'halted') this.#haltsCommitted += 1;
    if (!by.startsWith(BY)) return;
    if (state === 'active') this.#use('resume', atMs);
    if (!reason.startsWith('/halt')) return;
    const written = this.#written.filter(({ name, isAnswered }) => name === 'halt' && !isAnswered);
    const [first] = written;
    if (first) first.isAnswered = true;
    else this.#violated('I19', 'more halts by the bot than were asked for');
  }

  operatorRequest({ by, id }: { by: string; id: string }, atMs: number): void {
    if (!by.startsWith(BY) || this.#flattens.has(id)) return;
    this.#flattens.add(id);
    this.#use('flatten', atMs);
  }

  /** Takes a button that was pressed for this, in time and for the first time. */
  #use(action: string, atMs: number): void {
    for (const button of this.#buttons.values()) {
      const isGood =
        button.action === action &&
        button.isPressed &&
        !button.isUsed &&
        atMs - button.shownMs <= BUTTON_MS + SLOW_MS;
      if (!isGood) continue;
      button.isUsed = true;
      return;
    }
    this.#violated('I18', `${action} without a button pressed for it in the last half minute`);
  }
}
