/** `plimsoll export`: orders, fills or the ledger of a session, as CSV or JSON. */
import { writeFileSync } from 'node:fs';
import { Argument, type Command, Option } from 'commander';
import { stringify } from 'csv-stringify/sync';
import type { Fill, OrderRecord } from '../../shared/core/trading/order.ts';
import { formatMoney } from '../../shared/core/units.ts';
import type { Store } from '../../shared/ports/store.ts';
import { sessionOptions, withSessionStore } from './session-store.ts';

type Row = Readonly<Record<string, string | number | boolean | null>>;

const TABLES = ['orders', 'fills', 'ledger'] as const;

export function addExportCommand(program: Command): void {
  sessionOptions(program.command('export'))
    .description(
      'write orders, fills or the ledger of a session; quantities in lots, prices in ticks',
    )
    .addArgument(new Argument('<table>', 'what to write').choices(TABLES))
    .addOption(new Option('--format <format>', 'how').choices(['csv', 'json']).default('csv'))
    .option('--out <file>', 'where; the terminal if not given')
    .action((table: (typeof TABLES)[number], flags: Readonly<Record<string, unknown>>) =>
      withSessionStore(flags, async (store) => {
        const rows = await rowsOf(table, store);
        const text =
          flags.format === 'json'
            ? `${JSON.stringify(rows, null, 2)}\n`
            : stringify([...rows], { header: true });
        if (typeof flags.out === 'string') writeFileSync(flags.out, text);
        else process.stdout.write(text);
      }),
    );
}

async function rowsOf(table: (typeof TABLES)[number], store: Store): Promise<readonly Row[]> {
  if (table === 'orders') return (await store.orders()).map(orderRow);
  const fills = await store.fills();
  if (table === 'fills') return fills.map(fillRow);
  const payments = await store.payments();
  const entries = [
    ...fills.flatMap((fill) => fillEntries(fill)),
    ...payments.map(({ id, reason, amount, exchangeMs }) => ({
      timeMs: exchangeMs,
      reason: String(reason),
      amount,
      id,
    })),
  ].sort((a, b) => a.timeMs - b.timeMs);
  return entries.map(({ timeMs, reason, amount, id }) => ({
    time: new Date(timeMs).toISOString(),
    reason,
    amountUsdt: formatMoney(amount),
    id,
  }));
}

/** A fill moves money twice: its profit and its fee. */
function fillEntries({ tradeId, exchangeMs, realizedPnl, fee }: Fill) {
  const charged = { timeMs: exchangeMs, reason: 'fee', amount: -fee as typeof fee, id: tradeId };
  if (realizedPnl === 0) return [charged];
  return [{ timeMs: exchangeMs, reason: 'realizedPnl', amount: realizedPnl, id: tradeId }, charged];
}

function orderRow({
  intent,
  state,
  exchangeOrderId,
  filledLots,
  endReason,
  updatedMs,
}: OrderRecord): Row {
  const { clientOrderId, side, lots, price, timeInForce, reduceOnly } = intent.request;
  return {
    created: new Date(intent.createdMs).toISOString(),
    clientOrderId,
    exchangeOrderId,
    side,
    lots,
    priceTicks: price,
    timeInForce,
    reduceOnly,
    purpose: intent.purpose,
    decision: intent.decisionId,
    reason: intent.reason,
    state,
    filledLots,
    endReason,
    updated: new Date(updatedMs).toISOString(),
  };
}

function fillRow(fill: Fill): Row {
  return {
    time: new Date(fill.exchangeMs).toISOString(),
    tradeId: fill.tradeId,
    exchangeOrderId: fill.exchangeOrderId,
    clientOrderId: fill.clientOrderId,
    side: fill.side,
    priceTicks: fill.price,
    lots: fill.lots,
    feeUsdt: formatMoney(fill.fee),
    realizedPnlUsdt: formatMoney(fill.realizedPnl),
    isMaker: fill.isMaker,
  };
}
