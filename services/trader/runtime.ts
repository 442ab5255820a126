/**
 * Drives the engine: receives facts, stamps and journals them, steps, performs what the engine asks.
 * The only caller of `Engine.step` in a live session.
 */
import { JournalError } from '../../shared/adapters/journal/format.ts';
import type { JournalWriter } from '../../shared/adapters/journal/writer.ts';
import { type Command, Outbox } from '../../shared/core/command.ts';
import type { Engine } from '../../shared/core/engine.ts';
import type { Event, Unstamped } from '../../shared/core/event.ts';
import type { TimeMs } from '../../shared/core/units.ts';
import type { Clock } from '../../shared/ports/clock.ts';

export type Fact = Unstamped<Event>;

/** Sees everything that passes, for counting and for people. Must not throw. */
export interface RuntimeObserver {
  onEvent(event: Event): void;
  onCommand(command: Command): void;
}

export interface RuntimeOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  /** Null where no journal is kept. */
  readonly journal: JournalWriter | null;
  readonly perform: (command: Command) => void;
  readonly observers: readonly RuntimeObserver[];
  /** An invariant broke or the journal cannot be written: nothing more will be stepped. */
  readonly onFailure: (error: Error) => void;
}

/** Commands of which nothing follows: they need not wait for the journal. */
const LOCAL: ReadonlySet<Command['kind']> = new Set(['notify', 'drained']);

export class Runtime {
  readonly #options: RuntimeOptions;
  readonly #outbox = new Outbox();
  readonly #waiting: Fact[] = [];
  #lastMs = 0;
  #isStepping = false;
  #isStopped = false;
  #isJournalDown = false;

  constructor(options: RuntimeOptions) {
    this.#options = options;
  }

  /** Nothing is stepped any more; facts that still come are dropped. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Takes a fact. It is stepped at once, or after the one being stepped. */
  post(fact: Fact): void {
    if (this.#isStepping) {
      this.#waiting.push(fact);
      return;
    }
    this.#isStepping = true;
    try {
      this.#take(fact);
      while (this.#waiting.length > 0) this.#take(this.#waiting.shift() as Fact);
    } catch (error) {
      this.stop();
      this.#waiting.length = 0;
      this.#options.onFailure(error instanceof Error ? error : new Error(String(error)));
    } finally {
      this.#isStepping = false;
    }
  }

  #take(fact: Fact): void {
    if (this.#isStopped) return;
    const { engine, journal, perform, observers } = this.#options;
    const event = this.#stamp(fact);
    journal?.appendEvent(event);
    engine.step(event, this.#outbox);
    const commands = this.#outbox.count > 0 ? this.#outbox.take() : [];
    if (commands.length > 0) {
      journal?.appendCommands(commands);
      // Write-ahead: whoever replays the journal sees every command that may have left.
      if (journal && commands.some(({ kind }) => !LOCAL.has(kind))) this.#flush(journal);
    }
    for (const observer of observers) observer.onEvent(event);
    for (const command of commands) {
      for (const observer of observers) observer.onCommand(command);
      if (!this.#isJournalDown || !this.#refuse(command)) perform(command);
    }
  }

  /** A journal that cannot be written (a full disk) is a hold, not an end: it keeps what waits and is tried again. */
  #flush(journal: JournalWriter): void {
    let message = '';
    try {
      journal.flush();
    } catch (error) {
      if (!(error instanceof JournalError)) throw error;
      message = error.message;
    }
    const isDown = message !== '';
    if (isDown === this.#isJournalDown) return;
    this.#isJournalDown = isDown;
    this.#waiting.push({ kind: 'journalStatus', status: isDown ? 'down' : 'up', message });
  }

  /** Answers a command that may not leave without a journal; false for one that may. */
  #refuse(command: Command): boolean {
    const message = 'the journal cannot be written';
    switch (command.kind) {
      case 'recordIntent': {
        const { clientOrderId } = command.intent.request;
        this.#waiting.push({ kind: 'intentRefused', clientOrderId, reason: 'storeUnavailable' });
        return true;
      }
      case 'placeOrder': {
        const { clientOrderId } = command.intent.request;
        this.#waiting.push({ kind: 'orderRejected', clientOrderId, code: 0, message });
        return true;
      }
      case 'cancelOrder': {
        const { clientOrderId } = command;
        this.#waiting.push({ kind: 'cancelFailed', clientOrderId, code: 0, message });
        return true;
      }
      default:
        return false;
    }
  }

  /** Core time is the clock's, held back where the machine's clock was set back. */
  #stamp(fact: Fact): Event {
    this.#lastMs = Math.max(this.#lastMs, this.#options.clock.now());
    return { ...fact, timeMs: this.#lastMs as TimeMs } as Event;
  }
}
