/** Goal: a trader is called ill for what a restart mends, and for nothing else. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import { illness, illnessIn, writeHealth } from '../../services/trader/health.ts';

const folder = mkdtempSync(join(tmpdir(), 'plimsoll-health-'));
afterAll(() => rmSync(folder, { recursive: true }));

const NOW_MS = 1_800_000_000_000;
const well = { writtenMs: NOW_MS - 1_000, lagMs: 3, leaseAgeMs: 1_500 };

it.each([
  ['a leader with a fresh lease', well],
  ['a contender, which has no lease yet', { ...well, leaseAgeMs: null }],
  ['a loop held up for a moment', { ...well, lagMs: 5_000 }],
])('calls %s well', (_, health) => {
  expect(illness(health, NOW_MS)).toBeNull();
});

it.each([
  ['no sign of life', { ...well, writtenMs: NOW_MS - 15_001 }, 'nothing heard'],
  ['a clock far off its own', { ...well, writtenMs: NOW_MS + 15_001 }, 'nothing heard'],
  ['a loop held up for long', { ...well, lagMs: 5_001 }, 'event loop'],
  ['a leader whose lease is long over', { ...well, leaseAgeMs: 30_001 }, 'lease'],
])('calls %s ill', (_, health, reason) => {
  expect(illness(health, NOW_MS)).toContain(reason);
});

it('calls a file that is absent or no health ill', () => {
  const path = join(folder, 'other.json');
  expect(illnessIn(path, NOW_MS)).toContain('cannot be read');
  writeFileSync(path, '{"writtenMs": "now"}');
  expect(illnessIn(path, NOW_MS)).toContain('cannot be read');
});

it('writes each second, and keeps the longest hold-up of late', () => {
  vi.useFakeTimers();
  try {
    const path = join(folder, 'health.json');
    const failures: Error[] = [];
    const health = writeHealth({
      path,
      leaseAgeMs: () => 7,
      onFailure: (error) => failures.push(error),
    });
    const read = () => JSON.parse(readFileSync(path, 'utf8'));
    expect(read()).toEqual({ writtenMs: Date.now(), lagMs: 0, leaseAgeMs: 7 });
    vi.advanceTimersByTime(2_000);
    expect(read()).toMatchObject({ writtenMs: Date.now(), lagMs: 0 });
    // Time goes on while no timer runs: the loop is held up.
    const realNow = performance.now.bind(performance);
    vi.spyOn(performance, 'now').mockImplementation(() => realNow() + 6_000);
    vi.advanceTimersByTime(1_000);
    vi.mocked(performance.now).mockRestore();
    expect(read().lagMs).toBe(6_000);
    vi.advanceTimersByTime(20_000);
    expect(illnessIn(path, Date.now())).toContain('event loop');
    health.stop();
    rmSync(path);
    vi.advanceTimersByTime(5_000);
    expect(illnessIn(path, Date.now())).toContain('cannot be read');
    expect(failures).toEqual([]);
  } finally {
    vi.useRealTimers();
  }
});

it('tells once that it cannot write', () => {
  vi.useFakeTimers();
  try {
    const failures: string[] = [];
    const health = writeHealth({
      path: join(folder, 'no', 'such', 'folder.json'),
      leaseAgeMs: () => null,
      onFailure: ({ message }) => failures.push(message),
    });
    vi.advanceTimersByTime(5_000);
    health.stop();
    expect(failures).toEqual([expect.stringContaining('ENOENT')]);
  } finally {
    vi.useRealTimers();
  }
});
