/** Delivers alerts to people: the console, Telegram. Each item is handed over at least once. */
import type { OutboxItem } from './store.ts';

export interface Notifier {
  readonly name: string;
  /** Rejects where the item has not been delivered; it is then offered again. */
  deliver(item: OutboxItem): Promise<void>;
}
