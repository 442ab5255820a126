/** Goal: a server on the wall clock tells its clients' time. Method: a wall clock moved by hand. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Pace } from '../../services/exchange-simulator/time/pace.ts';
import type { TimeMs } from '../../shared/core/units.ts';

const NOON_MS = Date.UTC(2026, 0, 2, 12) as TimeMs;
const WALL = { speed: 1, isWall: true, waitForParticipant: false, startMs: NOON_MS };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOON_MS });
});
afterEach(() => {
  vi.useRealTimers();
});

it('is the wall clock’s time, however long the start took', () => {
  const pace = new Pace({ ...WALL, isNow: true });
  vi.setSystemTime(NOON_MS + 5_000);
  expect(pace.nowMs(NOON_MS)).toBe(NOON_MS + 5_000);
});

it('begins when it is first asked where virtual time has dates of its own', () => {
  const pace = new Pace({ ...WALL, isNow: false });
  const recordedMs = Date.UTC(2024, 6, 18) as TimeMs;
  vi.setSystemTime(NOON_MS + 5_000);
  expect(pace.nowMs(recordedMs)).toBe(recordedMs);
  vi.setSystemTime(NOON_MS + 6_500);
  expect(pace.nowMs(recordedMs)).toBe(recordedMs + 1_500);
});
