/** L5: what people must know of is on record soon, and delivered soon after a way to them is open. */
import type { OutboxItem } from '../../shared/ports/store.ts';

/** On record within this of its cause, delivered within that, while everything works. */
const DURABLE_MS = 10_000;
const DELIVERED_MS = 60_000;
/** A notifier that failed for long is tried once a minute; the trader polls, the exchange's quotes are far apart. */
const SLACK_MS = 75_000;

/** Since when a trader could have acted, with all that went wrong allowed for; null while none can. */
export type CalmSince = (sinceMs: number) => number | null;

interface Owed {
  readonly what: string;
  readonly sinceMs: number;
  readonly withinMs: number;
  readonly isMet: (item: Omit<OutboxItem, 'id'>) => boolean;
}

export class AlertRules {
  readonly #violated: (rule: string, detail: string) => void;
  #owed: Owed[] = [];
  #count = 0;

  constructor(violated: (rule: string, detail: string) => void) {
    this.#violated = violated;
  }

  get count(): number {
    return this.#count;
  }

  /** People must be told of this. */
  owe(what: string, atMs: number, isMet: Owed['isMet'], withinMs = DURABLE_MS): void {
    this.forget(what);
    this.#owed.push({ what, sinceMs: atMs, isMet, withinMs });
  }

  /** No longer: it has been undone. */
  forget(what: string): void {
    this.#owed = this.#owed.filter((one) => one.what !== what);
  }

  notification(item: Omit<OutboxItem, 'id'>): void {
    this.#count += 1;
    if (this.#owed.length > 0) this.#owed = this.#owed.filter(({ isMet }) => !isMet(item));
  }

  /** To be called as time passes, with the oldest alert that waits, and since when there is a way to people. */
  look(
    nowMs: number,
    calmSince: CalmSince,
    { oldest, upSinceMs }: { oldest: OutboxItem | undefined; upSinceMs: number | null },
  ): void {
    for (const { what, sinceMs, withinMs } of this.#owed) {
      const fromMs = calmSince(sinceMs);
      if (fromMs === null || nowMs - fromMs <= withinMs) continue;
      this.#violated('L5', `nobody was told of ${what} in ${nowMs - sinceMs} ms`);
    }
    if (!oldest || upSinceMs === null) return;
    const fromMs = calmSince(Math.max(oldest.timeMs, upSinceMs));
    if (fromMs === null || nowMs - fromMs <= DELIVERED_MS + SLACK_MS) return;
    this.#violated('L5', `an alert has waited for ${nowMs - oldest.timeMs} ms: ${oldest.text}`);
  }
}
