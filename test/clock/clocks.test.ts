/**
 * Goal: virtual time moves only as granted, in an order that does not depend on the network. Method:
 * the clock against a scripted simulator, frame by frame.
 */

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { SystemClock } from '../../shared/adapters/clock/system-clock.ts';
import { TimerQueue } from '../../shared/adapters/clock/timer-queue.ts';
import { VirtualClock } from '../../shared/adapters/clock/virtual-clock.ts';
import type { TimeMs } from '../../shared/core/units.ts';

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup();
});

interface Idle {
  readonly deliveries: number;
  readonly requests: number;
  readonly nextTimerMs: number | null;
}

/** The other end of the control socket, played by the test. */
class Simulator {
  readonly #socket: WebSocket;
  readonly #idles: Idle[] = [];
  #next: (() => void) | null = null;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => {
      const message = JSON.parse(String(data));
      if (message.type === 'join') {
        this.send({ type: 'joined', participant: 3, timeMs: 1_000, speed: null });
      } else {
        this.#idles.push(message);
        this.#next?.();
      }
    });
  }

  static async withClock(): Promise<{ simulator: Simulator; clock: VirtualClock }> {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    cleanups.push(() => server.close());
    await once(server, 'listening');
    const connected = once(server, 'connection').then(([socket]) => new Simulator(socket));
    const { port } = server.address() as AddressInfo;
    const clock = await VirtualClock.join(`http://127.0.0.1:${port}/any?path`, 'test');
    cleanups.push(() => clock.close());
    return { simulator: await connected, clock };
  }

  send(message: unknown): void {
    this.#socket.send(JSON.stringify(message));
  }

  grant(timeMs: number, deliveries: number): void {
    this.send({ type: 'grant', timeMs, deliveries });
  }

  drop(): void {
    this.#socket.terminate();
  }

  /** The next `idle`, waited for. */
  async idle(): Promise<Idle> {
    if (this.#idles.length === 0) {
      await new Promise<void>((resolve) => {
        this.#next = resolve;
      });
    }
    return this.#idles.shift()!;
  }

  get hasIdle(): boolean {
    return this.#idles.length > 0;
  }
}

/** Long enough for anything in this process to settle and to cross loopback. */
async function turns(count = 50): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

describe('virtual clock', () => {
  test('joins, says it is idle, and stands still', async () => {
    const { simulator, clock } = await Simulator.withClock();
    expect(await simulator.idle()).toMatchObject({ deliveries: 0, requests: 0, nextTimerMs: null });
    expect(clock.participant).toBe(3);
    expect(clock.headers(7)).toEqual({
      'x-plimsoll-participant': '3',
      'x-plimsoll-sequence': '7',
    });
    expect([clock.now(), clock.monotonicMs()]).toEqual([1_000, 1_000]);
  });

  test('holds what arrives until the grant that covers it, whichever comes first', async () => {
    const { simulator, clock } = await Simulator.withClock();
    await simulator.idle();
    const seen: string[] = [];
    clock.deliver(() => seen.push(`a at ${clock.now()}`));
    await turns();
    expect(seen).toEqual([]);
    simulator.grant(1_500, 1);
    expect(await simulator.idle()).toMatchObject({ deliveries: 1 });
    simulator.grant(2_000, 3);
    clock.deliver(() => seen.push(`b at ${clock.now()}`));
    await turns();
    expect(seen).toEqual(['a at 1500']);
    clock.deliver(() => seen.push(`c at ${clock.now()}`));
    expect(await simulator.idle()).toMatchObject({ deliveries: 3 });
    expect(seen).toEqual(['a at 1500', 'b at 2000', 'c at 2000']);
  });

  test('fires due timers in order, then deliveries; one set for now waits for the next grant', async () => {
    const { simulator, clock } = await Simulator.withClock();
    const seen: string[] = [];
    clock.after(20, () => seen.push('late'));
    clock.after(10, () => {
      seen.push('early');
      clock.after(0, () => seen.push('again'));
    });
    clock.after(10, () => seen.push('second')).cancel();
    expect(await simulator.idle()).toMatchObject({ nextTimerMs: 1_010 });
    clock.deliver(() => seen.push('frame'));
    simulator.grant(1_010, 1);
    expect(await simulator.idle()).toMatchObject({ nextTimerMs: 1_010 });
    expect(seen).toEqual(['early', 'frame']);
    simulator.grant(1_010, 1);
    expect(await simulator.idle()).toMatchObject({ nextTimerMs: 1_020 });
    expect(seen).toEqual(['early', 'frame', 'again']);
  });

  test('is not idle while work is under way, and counts the requests it led to', async () => {
    const { simulator, clock } = await Simulator.withClock();
    await simulator.idle();
    const work = Promise.withResolvers<void>();
    const done = clock.busy(work.promise).then(() => clock.requestSent());
    await turns();
    expect(simulator.hasIdle).toBe(false);
    work.resolve();
    expect(await done).toBe(1);
    expect(await simulator.idle()).toMatchObject({ requests: 1 });
  });

  test('passes failed work on and is idle again', async () => {
    const { simulator, clock } = await Simulator.withClock();
    await simulator.idle();
    await expect(clock.busy(Promise.reject(new Error('no disk')))).rejects.toThrow('no disk');
    expect(await simulator.idle()).toMatchObject({ requests: 0 });
  });

  test('says when the market has ended', async () => {
    const { simulator, clock } = await Simulator.withClock();
    simulator.send({ type: 'ended', timeMs: 9_000 });
    expect(await clock.ended).toBe(9_000);
  });

  test('reports a lost simulator and lets time run, so that shutting down is not stuck', async () => {
    const { simulator, clock } = await Simulator.withClock();
    const seen: string[] = [];
    clock.deliver(() => seen.push('held'));
    const fired = new Promise<void>((resolve) => clock.after(5, resolve));
    simulator.drop();
    expect(await clock.lost).not.toBe('');
    expect(seen).toEqual(['held']);
    await fired;
    expect(clock.now()).toBeGreaterThanOrEqual(1_005);
  });

  test('joining where nobody is fails with the address', async () => {
    await expect(VirtualClock.join('http://127.0.0.1:1', 'test')).rejects.toThrow('127.0.0.1:1');
  });
});

describe('timer queue', () => {
  test('fires by time, then by order of setting', () => {
    const queue = new TimerQueue();
    const seen: number[] = [];
    for (const due of [30, 10, 20, 10, 40]) queue.add(due as TimeMs, () => seen.push(due));
    queue.add(10 as TimeMs, () => seen.push(11));
    expect(queue.nextDueMs()).toBe(10);
    queue.fireDue(30 as TimeMs);
    expect(seen).toEqual([10, 10, 11, 20, 30]);
    expect(queue.nextDueMs()).toBe(40);
  });
});

describe('system clock', () => {
  test('runs deliveries at once, numbers requests and fires timers', async () => {
    const clock = new SystemClock();
    let delivered = false;
    clock.deliver(() => {
      delivered = true;
    });
    expect(delivered).toBe(true);
    expect([clock.requestSent(), clock.requestSent()]).toEqual([1, 2]);
    const before = clock.monotonicMs();
    const cancelled = clock.after(1, () => expect.unreachable());
    cancelled.cancel();
    await new Promise<void>((resolve) => clock.after(2, resolve));
    expect(clock.monotonicMs()).toBeGreaterThan(before);
    expect(await clock.busy(Promise.resolve(4))).toBe(4);
    expect(Math.abs(clock.now() - Date.now())).toBeLessThan(1_000);
  });
});
