/** Counts what passes through the runtime, for the summary. */
import type { Command } from '../../shared/core/command.ts';
import type { Event } from '../../shared/core/event.ts';
import type { RuntimeObserver } from './runtime.ts';

export class SessionCounters implements RuntimeObserver {
  events = 0;
  books = 0;
  candles = 0;
  signals = 0;
  intents = 0;
  ordersPlaced = 0;
  fills = 0;

  onEvent(event: Event): void {
    this.events += 1;
    if (event.kind === 'book') this.books += 1;
  }

  onCommand(command: Command): void {
    switch (command.kind) {
      case 'saveCandle':
        this.candles += 1;
        return;
      case 'recordIntent':
        this.intents += 1;
        return;
      case 'placeOrder':
        this.ordersPlaced += 1;
        return;
      case 'save':
        if (command.fill) this.fills += 1;
        return;
      case 'notify':
        if (command.topic === 'signal') this.signals += 1;
        return;
      default:
    }
  }
}
