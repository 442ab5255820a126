/**
 * The control store in memory. Keeps everything for the life of the process, longer than is asked, and
 * values as JSON text, so that nobody changes by accident what is kept.
 */
import type { TimeMs } from '../../core/units.ts';
import type { Confirmation, ControlStore } from '../../ports/control-store.ts';

export interface ControlTables {
  readonly claims: Set<string>;
  readonly confirmations: Map<string, Confirmation>;
  readonly notes: Map<string, { readonly text: string; readonly version: number }>;
  /** By name; in the order in which entries came. */
  readonly series: Map<string, { readonly timeMs: TimeMs; readonly text: string }[]>;
}

export function emptyControlTables(): ControlTables {
  return { claims: new Set(), confirmations: new Map(), notes: new Map(), series: new Map() };
}

/** Of `MemoryDatabase.controlTables`, to share them with others; by default tables of its own. */
export function createMemoryControlStore(tables = emptyControlTables()): ControlStore {
  return new MemoryControlStore(tables);
}

class MemoryControlStore implements ControlStore {
  readonly #tables: ControlTables;

  constructor(tables: ControlTables) {
    this.#tables = tables;
  }

  async close(): Promise<void> {
    // Nothing to close: the tables go with the last reference to them.
  }

  async claim(id: string): Promise<boolean> {
    const { claims } = this.#tables;
    if (claims.has(id)) return false;
    claims.add(id);
    return true;
  }

  async isClaimed(id: string): Promise<boolean> {
    return this.#tables.claims.has(id);
  }

  async saveConfirmation(confirmation: Confirmation): Promise<void> {
    this.#tables.confirmations.set(confirmation.nonce, confirmation);
  }

  async takeConfirmation(nonce: string): Promise<Confirmation | null> {
    const found = this.#tables.confirmations.get(nonce) ?? null;
    this.#tables.confirmations.delete(nonce);
    return found;
  }

  async note<T>(name: string): Promise<{ value: T; version: number } | null> {
    const found = this.#tables.notes.get(name);
    return found ? { value: JSON.parse(found.text) as T, version: found.version } : null;
  }

  async saveNote(name: string, value: unknown, version: number): Promise<boolean> {
    const { notes } = this.#tables;
    if ((notes.get(name)?.version ?? 0) !== version) return false;
    notes.set(name, { text: JSON.stringify(value), version: version + 1 });
    return true;
  }

  async append(name: string, timeMs: TimeMs, value: unknown): Promise<void> {
    const { series } = this.#tables;
    series.set(name, [...(series.get(name) ?? []), { timeMs, text: JSON.stringify(value) }]);
  }

  async newest<T>(name: string, limit: number): Promise<readonly { timeMs: TimeMs; value: T }[]> {
    return [...(this.#tables.series.get(name) ?? [])]
      .sort((a, b) => b.timeMs - a.timeMs)
      .slice(0, Math.max(0, limit))
      .map(({ timeMs, text }) => ({ timeMs, value: JSON.parse(text) as T }));
  }
}
