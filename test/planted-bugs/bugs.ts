/** Mistakes a developer might make, each as a text of a file replaced by another. */

export interface Edit {
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
}

export interface PlantedBug extends Edit {
  readonly name: string;
  /** Made at the same time: where two layers hold the same rule, neither alone is missed. */
  readonly also?: readonly Edit[];
}

const CORE = 'shared/core';
const TRADER = 'services/trader';

export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    name: 'sends an order again whose outcome is unknown',
    file: `${TRADER}/command-performer.ts`,
    find: "if (kind === 'unknownOutcome') post({ kind: 'orderUnknown', clientOrderId, message });",
    replace:
      "if (kind === 'unknownOutcome') this.#report('reply', await exchange.placeOrder(intent));",
  },
  {
    name: 'takes a timeout for a rejection',
    file: `${TRADER}/command-performer.ts`,
    find: "if (kind === 'unknownOutcome') post({ kind: 'orderUnknown', clientOrderId, message });",
    replace:
      "if (kind === 'unknownOutcome') post({ kind: 'orderRejected', clientOrderId, code: -1, message });",
  },
  {
    name: 'takes an order that a query does not find for ended',
    file: `${CORE}/trading/order-executor.ts`,
    find: 'if (missingMs < this.#settings.presumeAbsentAfterMs) return null;',
    replace: '',
  },
  {
    name: 'forgets at once an order that was not found',
    file: `${CORE}/trading/order-executor.ts`,
    find: 'if (missingMs >= this.#settings.absentHorizonMs) {',
    replace: 'if (missingMs >= 0) {',
  },
  {
    name: 'applies a fill twice',
    file: `${CORE}/account/account-state-store.ts`,
    find: 'if (this.#tradeIds.has(fill.tradeId) || !isAfter(fill.tradeId, before.verifiedTradeId)) {',
    replace: 'if (fill.tradeId === "") {',
  },
  {
    name: 'sends before the intent is on record',
    file: `${CORE}/trading/order-executor.ts`,
    find: "    out.push({ kind: 'recordIntent', intent });",
    replace:
      "    out.push({ kind: 'placeOrder', intent });\n    out.push({ kind: 'recordIntent', intent });",
  },
  {
    name: 'drops reduce-only from exits',
    file: `${CORE}/trading/trader.ts`,
    find: "reduceOnly: purpose !== 'open',",
    replace: 'reduceOnly: false,',
    also: [
      {
        file: `${CORE}/trading/risk-manager.ts`,
        find: 'if (!request.reduceOnly || !(reducing > 0)',
        replace: 'if (!(reducing > 0)',
      },
    ],
  },
  {
    name: 'does not look at the halt again once the intent is on record, and the store does not either',
    file: 'shared/adapters/memory/store.ts',
    find: "      return { ok: false, reason: 'tradingState' };",
    replace: '      void 0;',
    also: [
      {
        file: `${CORE}/trading/order-executor.ts`,
        find: 'if (!verdict.approved) {',
        replace: "if (!verdict.approved && verdict.reason !== 'tradingState') {",
      },
    ],
  },
  {
    name: 'sends up to the end of the lease',
    file: `${TRADER}/leadership.ts`,
    find: 'this.#clock.monotonicMs() + recvWindowMs + SAFETY_MS < this.#deadlineMs',
    replace: 'this.#clock.monotonicMs() < this.#deadlineMs + 60_000',
  },
  {
    name: 'takes the lease of a trader that lives',
    file: `${TRADER}/leadership.ts`,
    find: 'nowMs - seenMs >= LEASE_TTL_MS',
    replace: 'nowMs - seenMs >= 0',
  },
  {
    name: 'counts the lease from the answer, not from the question',
    file: `${TRADER}/leadership.ts`,
    find: 'this.#deadlineMs = startedMs + LEASE_TTL_MS;',
    replace: 'this.#deadlineMs = this.#clock.monotonicMs() + 10 * LEASE_TTL_MS;',
  },
  {
    name: 'trades on a stale book',
    file: `${CORE}/engine.ts`,
    find: "gate.hold('bookStale', !(market.bookAgeMs(now) <= limits.bookAgeMaxMs),",
    replace: "gate.hold('bookStale', false,",
    also: [
      {
        file: `${CORE}/engine.ts`,
        find: "gate.hold('bookDown', market.feeds.book.status === 'down',",
        replace: "gate.hold('bookDown', false,",
      },
      {
        file: `${CORE}/engine.ts`,
        find: '!(market.markAgeMs(now) <= limits.markAgeMaxMs),',
        replace: 'false,',
      },
    ],
  },
  {
    name: 'opens while an order is unknown',
    file: `${CORE}/trading/trader.ts`,
    find: "({ state, intent }) => state === 'unknown' || intent.decisionId === trade.decisionId,",
    replace: '() => false,',
    also: [
      {
        file: `${CORE}/engine.ts`,
        find: 'this.orders.unsettled.some(isUnknown) ||',
        replace: '(this.orders.unsettled.some(isUnknown) && false) ||',
      },
    ],
  },
  {
    name: 'does not read back the fills a stream missed',
    file: `${TRADER}/account-reader.ts`,
    find: "for (const fill of fills) post({ kind: 'fill', source: 'history', fill });",
    replace: 'void fills;',
  },
  {
    name: 'does not read back the transfers a stream missed',
    file: `${TRADER}/account-reader.ts`,
    find: '[...payments, ...transfers]',
    replace: 'payments',
  },
  {
    name: 'never compares with the exchange once it runs',
    file: `${CORE}/account/reconciler.ts`,
    find: 'const detail = differences(snapshot, parties);',
    replace: "const detail = '';",
  },
  {
    name: 'starts every session with an empty account',
    file: `${TRADER}/session.ts`,
    find: 'const account = await clock.busy(store.account());',
    replace: 'const account = null as Awaited<ReturnType<typeof store.account>>;',
  },
  {
    name: 'forgets the orders of the last session',
    file: `${TRADER}/session.ts`,
    find: 'orders: await clock.busy(store.openOrders()),',
    replace: 'orders: [],',
  },
  {
    name: 'lets the newest word on an order win, whatever it was before',
    file: `${CORE}/trading/order-store.ts`,
    find: 'return RANK[reported] > RANK[current] ? reported : current;',
    replace: 'return reported;',
  },
  {
    name: 'numbers client order ids without the epoch',
    file: `${CORE}/trading/order-executor.ts`,
    find: '{this.#epoch.toString(36)}-$',
    replace: '{(0).toString(36)}-$',
  },
  {
    name: 'stamps the request when it is sent, not before the intent is written',
    file: 'services/simulation/exchange-link.ts',
    find: 'nowMs - timestampMs > recvWindowMs',
    replace: 'nowMs - nowMs > recvWindowMs',
  },
  {
    name: 'takes a short position for none',
    file: `${CORE}/trading/position-guard.ts`,
    find: '    if (account.position === 0) {',
    replace: '    if (account.position <= 0) {',
  },
  {
    name: 'leaves the stop behind when the position is closed',
    file: `${CORE}/trading/position-guard.ts`,
    find: '      this.#safe();\n      this.#cancel(stops, nowMs, out);',
    replace: '      this.#safe();',
  },
  {
    name: 'lets a stop do that covers a part of the position',
    file: `${CORE}/trading/position-guard.ts`,
    find: 'lots < Math.abs(position) || stop.cancelPending',
    replace: 'stop.cancelPending',
    also: [
      {
        file: `${CORE}/trading/position-guard.ts`,
        find: 'side === wanted?.side && lots === wanted.lots && stopPrice === wanted.stopPrice',
        replace: 'side === wanted?.side && lots > 0 && stopPrice > 0',
      },
    ],
  },
  {
    name: 'protects half of the position',
    file: `${CORE}/trading/position-guard.ts`,
    find: 'const lots = Math.abs(position) as Lots;',
    replace: 'const lots = Math.ceil(Math.abs(position) / 2) as Lots;',
    also: [
      {
        file: `${CORE}/trading/position-guard.ts`,
        find: 'lots < Math.abs(position) || stop.cancelPending',
        replace: 'stop.cancelPending',
      },
    ],
  },
  {
    name: 'takes a stop that was sent for one that rests',
    file: `${CORE}/trading/position-guard.ts`,
    find: "const isOpen = stop.state === 'open' && isResting(stop);",
    replace: 'const isOpen = true;',
    also: [
      {
        file: `${CORE}/trading/position-guard.ts`,
        find: 'isOpen && !this.#parts.orderExecutor.isSought(clientOrderId)',
        replace: 'isOpen',
      },
    ],
  },
  {
    name: 'books a funding payment each time it is told',
    file: `${CORE}/account/account-state-store.ts`,
    find: 'if (this.#walletChangeIds.has(event.id)) return null;\n    if (event.reason',
    replace:
      "if (event.id === '') return null;\n    if (event.id !== '' && event.id === event.reason",
  },
  {
    name: 'adds the fee to the wallet',
    file: `${CORE}/account/account-state-store.ts`,
    find: 'before.walletBalance + fill.realizedPnl - fill.fee',
    replace: 'before.walletBalance + fill.realizedPnl + fill.fee',
  },
  {
    name: 'takes up orders of the last session without asking after them',
    file: `${CORE}/trading/order-executor.ts`,
    find: "this.#orders.advance(clientOrderId, 'unknown', { nowMs });\n    this.#query(order, nowMs, out);",
    replace: "this.#orders.advance(clientOrderId, 'unknown', { nowMs });",
  },
  {
    name: 'leaves an intent open on record whose record got no answer',
    file: `${CORE}/trading/order-executor.ts`,
    find: "if (order && event.reason === 'storeUnavailable') this.#save(order, out);",
    replace: '',
  },
  {
    name: 'obeys a command however old it is',
    file: 'services/telegram-bot/bot.ts',
    find: 'if (!(ageMs <= COMMAND_AGE_MAX_MS)) {',
    replace: 'if (ageMs < -COMMAND_AGE_MAX_MS) {',
  },
  {
    name: 'obeys a button however old it is',
    file: 'services/telegram-bot/control.ts',
    find: 'if (parts.now() > confirmation.expiresMs) {',
    replace: 'if (confirmation.expiresMs < 0) {',
  },
  {
    name: 'takes each delivery of an update for a new one',
    file: 'services/telegram-bot/bot.ts',
    find: '    if (!(await this.#isFirst(ctx))) return;\n    const ageMs',
    replace: '    const ageMs',
  },
  {
    name: 'halts again for a halt that is delivered again after a resume',
    file: 'services/telegram-bot/control.ts',
    find: 'if (isRepeat && current.by !== TRADER && current.sinceMs > givenMs) return null;',
    replace: 'void [isRepeat, TRADER, givenMs];',
    // Two layers: an answered halt is over, and what a person did since stands.
    also: [
      {
        file: 'services/telegram-bot/bot.ts',
        find: 'const isDone = isRepeat && unreadable === null && (await control.isClaimed(answerId));',
        replace: 'const isDone = isRepeat && false;',
      },
    ],
  },
  {
    name: 'takes equal fills for a difference',
    file: 'services/reconciler/compare.ts',
    find: '    if (store === exchange) continue;\n    if (item.exchangeMs > of.youngAfterMs && !(our && their)) {',
    replace: '    if (item.exchangeMs > of.youngAfterMs) {',
  },
  {
    name: 'does not compare what rests',
    file: 'services/reconciler/compare.ts',
    find: '  found.push(...compareResting(parties));\n',
    replace: '',
  },
  {
    name: 'tells nobody that the trading state has changed',
    file: `${CORE}/engine.ts`,
    find: '    this.#notifications.stateChanged(record, out);\n    if (record',
    replace: '    if (record',
  },
  {
    name: 'forgets which alerts a channel has taken',
    file: `${TRADER}/alert-delivery.ts`,
    find: '      taken.add(name);\n',
    replace: '',
  },
  {
    name: 'waits for a lease ten times as long as it lives',
    file: `${TRADER}/leadership.ts`,
    find: 'nowMs - seenMs >= LEASE_TTL_MS',
    replace: 'nowMs - seenMs >= 10 * LEASE_TTL_MS',
  },
  {
    name: 'gives up the lead every minute',
    file: `${TRADER}/leadership.ts`,
    find: "if (!renewed) return this.#lose('another trader took the lease');",
    replace: "if (!renewed || startedMs % 60_000 < 2_000) return this.#lose('given up');",
  },
  {
    name: 'never takes back an order that rests',
    file: `${CORE}/trading/execution/quote-keeper.ts`,
    find: '      if (!this.#isWanted(order, nowMs)) this.#cancel(order, nowMs, out);\n',
    replace: '',
  },
  {
    name: 'ends the emergency as soon as it leads, and calls that flat',
    file: `${TRADER}/emergency/emergency-flatten.ts`,
    find: "if (!(await this.#isOnRecord())) return 'done';",
    replace: "if (leaseAgeMs !== null) return 'done';",
    also: [
      {
        file: `${TRADER}/emergency/emergency-flatten.ts`,
        find: 'if (snapshot?.position === 0 && ours?.length === 0) {',
        replace: 'if (snapshot) {',
      },
    ],
  },
  {
    name: 'asks for a countdown beside the request that turns the last one off',
    file: `${CORE}/trading/execution/dead-man-switch.ts`,
    find: 'if (nowMs - this.#offMs < TOO_OLD_MS) return;',
    replace: '',
  },
];
