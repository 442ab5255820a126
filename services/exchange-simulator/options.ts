/** What an exchange simulator can be told, and what it assumes. */

import { SIMULATED_ACCOUNT } from '../../shared/config/simulated-account.ts';
import { parseMoney } from '../../shared/core/units.ts';
import type { AccountOptions } from './accounts.ts';
import type { Faults } from './faults/faults.ts';

/** The account that is there without any being asked for. */
export const DEMO_ACCOUNT: AccountOptions = {
  apiKey: SIMULATED_ACCOUNT.key,
  secret: SIMULATED_ACCOUNT.secret,
  deposit: parseMoney(SIMULATED_ACCOUNT.balance),
};

export interface ExchangeSimulatorOptions {
  /** Default "127.0.0.1". */
  readonly host?: string;
  /** Default 0: any free one. */
  readonly port?: number;
  /** Default "BTCUSDT", or the recording's. */
  readonly symbol?: string;
  /** Of the generated market; default 1. */
  readonly seed?: number;
  /**
   * `wall` (default): virtual time is wall time and nobody is waited for, for any Binance client.
   * `barrier`: time is shared with the clients that join it.
   */
  readonly clock?: 'wall' | 'barrier';
  /** In barrier mode: times real time, or null for as fast as it goes. Default 1. */
  readonly speed?: number | null;
  /** In barrier mode: time stands still until a client has joined. Default true. */
  readonly waitForParticipant?: boolean;
  /** Files of a recording in order; without any the market is generated. */
  readonly replay?: readonly string[];
  /** Default: the demo account. */
  readonly accounts?: readonly AccountOptions[];
  /** Virtual one-way latency of requests, answers and private events. Default 5, in wall mode 0. */
  readonly latencyMs?: number;
  /** First virtual instant of a generated market. Default: now; at unlimited speed 2026-01-01. */
  readonly startMs?: number;
  /** A file that keeps the accounts across restarts. */
  readonly statePath?: string | null;
  /** What goes wrong between the exchange and its clients; what it holds and does is never touched. */
  readonly faults?: Faults | null;
}

export interface Settings {
  readonly host: string;
  readonly port: number;
  readonly symbol: string | null;
  readonly seed: number;
  readonly isWall: boolean;
  readonly speed: number | null;
  readonly waitForParticipant: boolean;
  readonly replay: readonly string[];
  readonly accounts: readonly AccountOptions[];
  readonly latencyMs: number;
  readonly startMs: number;
  /** `startMs` is the wall clock's own. */
  readonly startsNow: boolean;
  readonly statePath: string | null;
  readonly faults: Faults | null;
}

/** A run at unlimited speed is the same every time, its dates included. */
const START_MS_MAX_SPEED = Date.UTC(2026, 0, 1);
const LATENCY_MS = 5;

/** Throws one readable line for an impossible value. */
export function withDefaults(options: ExchangeSimulatorOptions): Settings {
  const isWall = (options.clock ?? 'wall') === 'wall';
  const speed = options.speed === undefined ? 1 : options.speed;
  if (speed !== null && !(speed > 0 && Number.isFinite(speed))) {
    throw new Error(`speed must be above 0 or "max", not ${speed}`);
  }
  const latencyMs = options.latencyMs ?? (isWall ? 0 : LATENCY_MS);
  if (!Number.isInteger(latencyMs) || latencyMs < 0) {
    throw new Error(`latency must be a whole number of ms, not ${latencyMs}`);
  }
  return {
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 0,
    symbol: options.symbol ?? null,
    seed: options.seed ?? 1,
    isWall,
    speed,
    waitForParticipant: options.waitForParticipant ?? true,
    replay: options.replay ?? [],
    accounts: options.accounts ?? [DEMO_ACCOUNT],
    latencyMs,
    startMs: options.startMs ?? (!isWall && speed === null ? START_MS_MAX_SPEED : Date.now()),
    startsNow: isWall && options.startMs === undefined,
    statePath: options.statePath ?? null,
    faults: options.faults ?? null,
  };
}
