/**
 * Goal: nothing leaves without a journal, and a journal that cannot be written is a hold that heals.
 * Method: the runtime over a stub engine that asks for one command an event, and a journal that is
 * full when told so.
 */
import { describe, expect, it } from 'vitest';
import { type Fact, Runtime } from '../../services/trader/runtime.ts';
import { SystemClock } from '../../shared/adapters/clock/system-clock.ts';
import { JournalError } from '../../shared/adapters/journal/format.ts';
import type { JournalWriter } from '../../shared/adapters/journal/writer.ts';
import type { Command, Outbox } from '../../shared/core/command.ts';
import type { Engine } from '../../shared/core/engine.ts';
import type { Event } from '../../shared/core/event.ts';

const PLACE = {
  kind: 'placeOrder',
  intent: { request: { clientOrderId: 'p-1' } },
} as unknown as Command;

function rig(answer: (event: Event) => Command | null) {
  const events: Event[] = [];
  const performed: Command[] = [];
  const log: string[] = [];
  let isFull = false;
  let failure: Error | null = null;
  const journal = {
    appendEvent: () => log.push('event'),
    appendCommands: () => log.push('commands'),
    flush: () => {
      if (isFull) throw new JournalError('full', 'no space left');
      log.push('flush');
    },
  } as unknown as JournalWriter;
  const engine = {
    step(event: Event, out: Outbox) {
      events.push(event);
      const command = answer(event);
      if (command) out.push(command);
    },
  } as unknown as Engine;
  const runtime = new Runtime({
    engine,
    clock: new SystemClock(),
    journal,
    perform: (command) => {
      log.push(command.kind);
      performed.push(command);
    },
    observers: [],
    onFailure: (error) => {
      failure = error;
    },
  });
  const kinds = () => events.map((event) => event.kind);
  return {
    runtime,
    events,
    performed,
    log,
    kinds,
    setFull: (full: boolean) => {
      isFull = full;
    },
    failure: () => failure,
  };
}

const timer = { kind: 'timer', id: 'x' } as Fact;

describe('the runtime', () => {
  it('hands event and commands to the operating system before a command leaves', () => {
    const { runtime, log } = rig(({ kind }) => (kind === 'timer' ? PLACE : null));
    runtime.post(timer);
    expect(log).toEqual(['event', 'commands', 'flush', 'placeOrder']);
  });

  it('sends nothing while the journal cannot be written, says so once, and goes on when it can', () => {
    const bench = rig(({ kind }) => (kind === 'timer' ? PLACE : null));
    bench.setFull(true);
    bench.runtime.post(timer);
    bench.runtime.post(timer);
    expect(bench.performed).toEqual([]);
    expect(bench.kinds()).toEqual([
      'timer',
      'journalStatus',
      'orderRejected',
      'timer',
      'orderRejected',
    ]);
    bench.setFull(false);
    bench.runtime.post(timer);
    expect(bench.performed).toEqual([PLACE]);
    expect(bench.events.at(-1)).toMatchObject({ kind: 'journalStatus', status: 'up' });
    expect(bench.failure()).toBeNull();
  });

  it('stops stepping when the engine breaks an invariant', () => {
    const bench = rig(() => {
      throw new Error('broken');
    });
    bench.runtime.post(timer);
    bench.runtime.post(timer);
    expect(bench.failure()?.message).toBe('broken');
    expect(bench.events).toHaveLength(1);
  });

  it('steps a fact posted during a step after it, never inside it', () => {
    const order: string[] = [];
    const bench = rig(({ kind }) => {
      order.push(`begin ${kind}`);
      if (kind === 'timer') bench.runtime.post({ kind: 'drain', flatten: false });
      order.push(`end ${kind}`);
      return null;
    });
    bench.runtime.post(timer);
    expect(order).toEqual(['begin timer', 'end timer', 'begin drain', 'end drain']);
  });
});
