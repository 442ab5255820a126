/**
 * Shows a session to whoever watches: lines for a person at a terminal, JSON lines for a program.
 * Writes to a stream; remembers nothing.
 */
import pc from 'picocolors';
import type { Severity, Topic } from '../../shared/core/command.ts';
import type { Engine } from '../../shared/core/engine.ts';
import { candleText } from '../../shared/core/notification/notification-center.ts';
import { displayMoney, parseMoney } from '../../shared/core/units.ts';
import type { Notifier } from '../../shared/ports/notifier.ts';
import type { RuntimeObserver } from './runtime.ts';
import type { Summary } from './summary.ts';

export interface Presenter {
  notify(line: { timeMs: number; topic: Topic; severity: Severity; text: string }): void;
  /** The end of a session. */
  summary(summary: Summary, files: { journal: string | null; store: string }): void;
}

/** The console as one who gets alerts: they appear among the news. */
export function consoleNotifier(presenter: Presenter): Notifier {
  return {
    name: 'console',
    deliver: async (item) => presenter.notify(item),
  };
}

/** Shows every candle that closes, with the account as it is then. */
export function candleLines(presenter: Presenter, engine: Engine): RuntimeObserver {
  return {
    onEvent: () => undefined,
    onCommand: (command) => {
      if (command.kind !== 'saveCandle') return;
      const { account, equity, instrument, now: timeMs } = engine;
      const text = candleText(command.candle, { position: account.position, equity }, instrument);
      presenter.notify({ timeMs, topic: 'candle', severity: 'info', text });
    },
  };
}

/** Lines for a terminal. */
export function terminalPresenter(write: (text: string) => void): Presenter {
  return {
    notify({ timeMs, topic, severity, text }) {
      const time = pc.dim(new Date(timeMs).toISOString().slice(11, 23));
      write(
        `${time} ${COLOURS[severity](topic.padEnd(10))} ${emphasised(topic, severity, text)}\n`,
      );
    },
    summary(summary, files) {
      write(summaryTable(summary, files));
    },
  };
}

/** One JSON object a line, for programs. */
export function jsonPresenter(write: (text: string) => void): Presenter {
  return {
    notify({ timeMs, topic, severity, text }) {
      write(`${JSON.stringify({ time: new Date(timeMs).toISOString(), topic, severity, text })}\n`);
    },
    summary(summary) {
      write(`${JSON.stringify({ topic: 'summary', ...summary })}\n`);
    },
  };
}

const COLOURS: Readonly<Record<Severity, (text: string) => string>> = {
  info: pc.dim,
  notice: pc.cyan,
  warning: pc.yellow,
  critical: pc.red,
};

function emphasised(topic: Topic, severity: Severity, text: string): string {
  if (severity === 'critical') return pc.bold(pc.red(text));
  if (topic === 'fill') return text.startsWith('bought') ? pc.green(text) : pc.magenta(text);
  if (topic === 'signal') return pc.bold(text);
  return topic === 'candle' ? pc.dim(text) : text;
}

function guardText({ stopPrice }: Summary): string {
  return stopPrice === null
    ? 'with no stop at the exchange'
    : `with a stop at ${stopPrice} at the exchange`;
}

function summaryTable(summary: Summary, files: { journal: string | null; store: string }): string {
  const usdt = (text: string) => `${displayMoney(parseMoney(text), 4)} USDT`;
  const minutes = ((summary.endedMs - summary.startedMs) / 60_000).toFixed(1);
  const verdict = summary.reconciled
    ? pc.green('yes: position, orders and wallet equal the exchange’s')
    : pc.red('NO: the exchange’s account differs from ours');
  const rows: [string, string][] = [
    [
      'session',
      `${summary.mode}, ${summary.symbol}, ${summary.strategy} on ${summary.interval} candles, ${minutes} min`,
    ],
    [
      'market',
      `${summary.books} books, ${summary.candles} candles, ${summary.bookChecks} book checks, ${summary.bookMismatches} mismatches`,
    ],
    [
      'trading',
      `${summary.signals} signals, ${summary.ordersPlaced} orders, ${summary.fills} fills, trading ${summary.tradingState}`,
    ],
    [
      'position',
      `${summary.position}${Number(summary.position) === 0 ? '' : ` stays open, ${guardText(summary)}`}`,
    ],
    ['wallet', usdt(summary.walletBalance)],
    [
      'result',
      `realised ${usdt(summary.realizedPnl)}, fees ${usdt(summary.fees)}, funding ${usdt(summary.funding)}`,
    ],
    ['equity', summary.equity === null ? 'not known' : usdt(summary.equity)],
    ['reconciled', verdict],
    ['store', files.store],
    ['journal', files.journal ?? 'not kept'],
  ];
  return `\n${rows.map(([name, text]) => `${pc.bold(name.padEnd(11))} ${text}`).join('\n')}\n`;
}
