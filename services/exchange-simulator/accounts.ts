/** API keys and the listen keys made from them. An account is known by its API key. */

import { createHmac } from 'node:crypto';
import type { Money } from '../../shared/core/units.ts';

export interface AccountOptions {
  readonly apiKey: string;
  readonly secret: string;
  /** What the account is opened with. */
  readonly deposit: Money;
}

/** How long a listen key lives without a keep-alive. Source: reference §3.4. */
const LISTEN_KEY_MS = 3_600_000;

export class Accounts {
  readonly #secrets = new Map<string, string>();

  constructor(accounts: readonly AccountOptions[]) {
    for (const { apiKey, secret } of accounts) this.#secrets.set(apiKey, secret);
  }

  secretOf(apiKey: string): string | undefined {
    return this.#secrets.get(apiKey);
  }
}

interface ListenKey {
  readonly accountId: string;
  readonly key: string;
  expiresMs: number;
}

/** One live listen key an account at most, as at Binance. */
export class ListenKeys {
  readonly #byKey = new Map<string, ListenKey>();
  readonly #byAccount = new Map<string, ListenKey>();
  #made = 0;

  /** The account's key, extended if it lives, new if not. */
  open(accountId: string, nowMs: number): string {
    const live = this.extend(accountId, nowMs);
    if (live) return live;
    this.#made += 1;
    // Derived, not random: a run must be the same every time.
    const key = createHmac('sha256', accountId).update(`listen key ${this.#made}`).digest('hex');
    const entry = { accountId, key, expiresMs: nowMs + LISTEN_KEY_MS };
    this.#byKey.set(key, entry);
    this.#byAccount.set(accountId, entry);
    return key;
  }

  /** Extends the account's key by an hour; null where it has none. */
  extend(accountId: string, nowMs: number): string | null {
    const entry = this.#byAccount.get(accountId);
    if (!entry) return null;
    entry.expiresMs = nowMs + LISTEN_KEY_MS;
    return entry.key;
  }

  close(accountId: string): void {
    const entry = this.#byAccount.get(accountId);
    if (!entry) return;
    this.#byAccount.delete(accountId);
    this.#byKey.delete(entry.key);
  }

  accountOf(key: string): string | null {
    return this.#byKey.get(key)?.accountId ?? null;
  }

  keyOf(accountId: string): string | null {
    return this.#byAccount.get(accountId)?.key ?? null;
  }

  /** Ends every key before its time: `expire` will tell of it, or nobody will. False where there is none. */
  end(isTold: boolean): boolean {
    const live = [...this.#byAccount.values()];
    for (const entry of live) {
      if (isTold) entry.expiresMs = 0;
      else this.close(entry.accountId);
    }
    return live.length > 0;
  }

  /** Forgets the keys whose hour is over and returns them. */
  expire(nowMs: number): readonly string[] {
    const dead = [...this.#byKey.values()].filter((entry) => entry.expiresMs <= nowMs);
    for (const entry of dead) this.close(entry.accountId);
    return dead.map((entry) => entry.key);
  }
}
