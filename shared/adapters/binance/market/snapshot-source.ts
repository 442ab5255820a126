/** Fetches depth snapshots, one at a time, with backoff: a storm of them would spend the request weight. */
import type { Clock, TimerHandle } from '../../../ports/clock.ts';
import { ExchangeError } from '../../../ports/exchange.ts';
import { classifyReply } from '../../ccxt/classify-error.ts';
import { createHttpFetch, type HttpFetch } from '../../ccxt/http-fetch.ts';
import type { Pacer } from '../../ccxt/pacing.ts';
import { Backoff } from './backoff.ts';

export interface SnapshotSourceOptions {
  readonly url: string;
  readonly clock: Clock;
  readonly headers: ((sequence?: number) => Record<string, string>) | undefined;
  readonly seed: number;
  /** Shared with whoever asks from the same address: the exchange counts, and bans, by address. */
  readonly pacer: Pacer;
  readonly onSnapshot: (body: string) => void;
  readonly log: (message: string) => void;
}

/** A request 20 s after the one before it follows no storm. */
const CALM_MS = 20_000;
const TIMEOUT_MS = 10_000;

export class SnapshotSource {
  readonly #options: SnapshotSourceOptions;
  readonly #backoff: Backoff;
  readonly #http: HttpFetch;
  /** Counts what was asked for: an answer to anything but the newest is dropped. */
  #generation = 0;
  #timer: TimerHandle | null = null;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(options: SnapshotSourceOptions) {
    this.#options = options;
    const { clock, headers } = options;
    this.#http = createHttpFetch({ clock, headers, timeoutMs: TIMEOUT_MS });
    this.#backoff = new Backoff({ baseMs: 500, maxMs: 30_000, seed: options.seed });
  }

  /** Asks for a snapshot taken after now. Replaces what was asked before. */
  request(): void {
    this.#request(0);
  }

  /** Waits `leastMs` at least: what the exchange has told us to. */
  #request(leastMs: number): void {
    const { clock } = this.#options;
    this.cancel();
    const generation = this.#generation;
    const isCalm = clock.monotonicMs() - this.#lastMs >= CALM_MS;
    if (isCalm) this.#backoff.reset();
    const waitMs = Math.max(leastMs, isCalm ? 0 : this.#backoff.next());
    this.#timer = clock.after(waitMs, () => this.#fetch(generation));
  }

  /** Drops what was asked for. */
  cancel(): void {
    this.#generation += 1;
    this.#timer?.cancel();
    this.#timer = null;
  }

  close(): void {
    this.cancel();
    this.#http.close();
  }

  #fetch(generation: number): void {
    const { clock, onSnapshot, log } = this.#options;
    this.#lastMs = clock.monotonicMs();
    this.#get().then(
      (body) => {
        if (generation === this.#generation) onSnapshot(body);
      },
      (error: unknown) => {
        if (generation !== this.#generation) return;
        log(`no depth snapshot: ${error instanceof Error ? error.message : String(error)}`);
        this.#request(error instanceof ExchangeError ? error.retryAfterMs : 0);
      },
    );
  }

  /** Throws ExchangeError for a refusal, TransportError for no answer. */
  async #get(): Promise<string> {
    const { clock, pacer, url } = this.#options;
    pacer.admit('read');
    const { status, headers, text } = await this.#http.fetch(url, { method: 'GET' });
    const body = await text();
    const exchangeNowMs = clock.now();
    const used = Number(headers['x-mbx-used-weight-1m']);
    if (Number.isFinite(used)) pacer.noteWeight({ used, exchangeNowMs });
    if (status === 200) return body;
    const reply = { kind: 'read', status, body, json: undefined, headers, exchangeNowMs } as const;
    const error = classifyReply(reply) ?? new ExchangeError('unreachable', `HTTP ${status}`);
    pacer.noteRefusal({ status, retryAfterMs: error.retryAfterMs });
    throw error;
  }
}
