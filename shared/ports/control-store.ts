/**
 * What Lambdas keep about a trader, beside the trader's own state: nothing here can record an order.
 * One port, one contract suite (test/contract), adapters for DynamoDB and memory. Reads are strongly
 * consistent. A store that cannot be reached throws StoreUnavailableError.
 */
import type { TimeMs } from '../core/units.ts';

/** A dangerous command that waits for its button. */
export interface Confirmation {
  /** Random, in the button's data; good once. */
  readonly nonce: string;
  readonly userId: number;
  readonly action: string;
  readonly expiresMs: TimeMs;
}

export interface ControlStore {
  /**
   * True for the first caller with this id and false for every other: what an event causes, it causes
   * once. The id is remembered for `keptMs` at least.
   */
  claim(id: string, keptMs: number): Promise<boolean>;
  /** Whether `claim` was ever answered with true for this id, as long as it is remembered. */
  isClaimed(id: string): Promise<boolean>;
  saveConfirmation(confirmation: Confirmation): Promise<void>;
  /** Takes it out: the second of two callers gets null. An expired one is given, for the caller to refuse. */
  takeConfirmation(nonce: string): Promise<Confirmation | null>;
  /** A small JSON document by name, with its version; null where there is none. */
  note<T>(name: string): Promise<{ readonly value: T; readonly version: number } | null>;
  /** Replaces the document if its version is still `version` (0: if there is none). False where it is not. */
  saveNote(name: string, value: unknown, version: number): Promise<boolean>;
  /** Adds an entry to a series that is kept for `keptMs`, e.g. of mismatches found. */
  append(series: string, timeMs: TimeMs, value: unknown, keptMs: number): Promise<void>;
  /** The newest `limit` entries of a series, newest first. */
  newest<T>(
    series: string,
    limit: number,
  ): Promise<readonly { readonly timeMs: TimeMs; readonly value: T }[]>;
  close(): Promise<void>;
}
