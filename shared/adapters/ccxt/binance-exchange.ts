/**
 * The order side of Binance USD-M futures, through ccxt's endpoint methods so that every number stays
 * text until it is a whole number. It sends what it is told, once, and decides nothing.
 */
import { Instrument, type InstrumentSpec } from '../../core/instrument.ts';
import type { OrderReport } from '../../core/trading/order.ts';
import { broken, MalformedNumberError } from '../../core/units.ts';
import type { Clock } from '../../ports/clock.ts';
import {
  type AccountSettings,
  CANCEL_RECV_WINDOW_MS,
  type Contract,
  type ExchangeClient,
  ExchangeError,
} from '../../ports/exchange.ts';
import { StopLinks } from '../binance/stop-links.ts';
import { BINANCE_STREAM_URL, BinanceUserStream } from '../binance/user-stream.ts';
import { BINANCE_REST_URL, type BinanceRest, createBinanceRest } from './binance-rest.ts';
import { classifyMalformed, type RequestKind } from './classify-error.ts';
import * as history from './history.ts';
import { orderParameters } from './order-requests.ts';
import { Pacer, type Urgency } from './pacing.ts';
import * as replies from './replies.ts';
import { mistaken, orAbsent, StopOrders } from './stop-orders.ts';
import {
  booleanField,
  fieldsOf,
  listOf,
  MalformedReplyError,
  textField,
  timeField,
} from './wire.ts';

export interface BinanceExchangeOptions {
  /** REST base without path, e.g. a simulator's `http://127.0.0.1:8080`. Default: Binance itself. */
  readonly restUrl?: string;
  /** WebSocket base without path. */
  readonly wsUrl?: string;
  readonly apiKey: string;
  readonly apiSecret: string;
  readonly symbol: string;
  readonly clock: Clock;
  /**
   * Headers for HTTP request number `sequence`, and without one for a WebSocket upgrade; a VirtualClock's
   * `headers` fits.
   */
  readonly headers?: ((sequence?: number) => Readonly<Record<string, string>>) | undefined;
  /** How long after its timestamp a request other than an order stays valid. */
  readonly recvWindowMs?: number;
  /** How long to wait for an answer, on the clock, before its outcome is unknown. */
  readonly timeoutMs?: number;
  readonly log?: (message: string) => void;
  /** Shared with the market data, where both are of one address; one of its own where absent. */
  readonly pacer?: Pacer;
}

const RECV_WINDOW_MS = 5_000;
const TIMEOUT_MS = 10_000;
const OUTSIDE_WINDOW = -1021;

/** Reads nothing and connects to nothing before `connect`. */
export function createBinanceExchange(options: BinanceExchangeOptions): ExchangeClient {
  const { clock, symbol, headers } = options;
  const log = options.log ?? (() => undefined);
  const pacer = options.pacer ?? new Pacer(clock);
  let connected: { rest: BinanceRest; instrument: Instrument; contract: Contract } | null = null;
  let rest: BinanceRest | null = null;
  let stream: BinanceUserStream | null = null;
  const links = new StopLinks();
  let offsetMs = 0;

  const ready = () => {
    if (connected) return connected;
    return broken('connect() must come first');
  };

  /** Runs requests of one kind: refuses them for pace, and turns whatever fails into an ExchangeError. */
  async function ask<T>(
    { kind, urgency }: { kind: RequestKind; urgency: Urgency },
    request: () => Promise<T>,
  ): Promise<T> {
    pacer.admit(urgency);
    try {
      return await request();
    } catch (error) {
      if (error instanceof MalformedReplyError || error instanceof MalformedNumberError) {
        throw classifyMalformed(kind, error);
      }
      throw error;
    }
  }
  const askToRead = <T>(request: () => Promise<T>) =>
    ask({ kind: 'read', urgency: 'read' }, request);

  /** A read that came too late, or too early, for the exchange asks its clock and is repeated once. */
  async function read<T>(request: () => Promise<T>): Promise<T> {
    try {
      return await askToRead(request);
    } catch (error) {
      if (!rest || !(error instanceof ExchangeError) || error.code !== OUTSIDE_WINDOW) throw error;
      await clockOffset(rest.api);
      return askToRead(request);
    }
  }

  async function clockOffset(api: BinanceRest['api']) {
    const sentMs = clock.monotonicMs();
    const reply = await askToRead(() => api.fapiPublicGetTime());
    const roundTripMs = clock.monotonicMs() - sentMs;
    const serverMs = timeField(fieldsOf(reply, 'time'), 'serverTime');
    offsetMs = Math.round(serverMs - (clock.now() - roundTripMs / 2));
    return { offsetMs, errorMs: Math.ceil(roundTripMs / 2) };
  }

  const source = () => {
    const { rest, instrument } = ready();
    return { api: rest.api, instrument, nowMs: clock.now() + offsetMs };
  };

  const contractOf = (info: unknown): Contract => ({
    spec: replies.instrumentSpec(info, symbol),
    status: replies.contractStatus(info, symbol),
  });

  const stops = new StopOrders({ ask, links, source });

  return {
    async connect() {
      rest ??= await createBinanceRest({
        restUrl: options.restUrl ?? BINANCE_REST_URL,
        apiKey: options.apiKey,
        apiSecret: options.apiSecret,
        recvWindowMs: options.recvWindowMs ?? RECV_WINDOW_MS,
        timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
        clock,
        headers,
        pacer,
        offsetMs: () => offsetMs,
      });
      const { api } = rest;
      await clockOffset(api);
      const info = await read(() => api.fapiPublicGetExchangeInfo());
      const limit = replies.weightLimit(info);
      if (limit !== null) pacer.setWeightLimit(limit);
      try {
        const contract = contractOf(info);
        connected = { rest, contract, instrument: new Instrument(contract.spec) };
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        throw new ExchangeError('rejected', message, { cause: error });
      }
    },

    instrument: (): InstrumentSpec => ready().instrument.spec,

    contractStatus: () => ready().contract.status,

    async readContract() {
      const { api } = ready().rest;
      return read(async () => contractOf(await api.fapiPublicGetExchangeInfo()));
    },

    clockOffset: () => clockOffset(ready().rest.api),

    async accountTerms() {
      const { api } = ready().rest;
      return read(async () => {
        const brackets = await api.fapiPrivateGetLeverageBracket({ symbol });
        const symbolConfig = await api.fapiPrivateGetSymbolConfig({ symbol });
        const commission = await api.fapiPrivateGetCommissionRate({ symbol });
        return replies.accountTerms(symbol, { brackets, symbolConfig, commission });
      });
    },

    async accountSettings(): Promise<AccountSettings> {
      const { api } = ready().rest;
      return read(async () => {
        const account = fieldsOf(await api.fapiPrivateGetAccountConfig(), 'accountConfig');
        const config = await api.fapiPrivateGetSymbolConfig({ symbol });
        const ours = replies.rowFor(symbol, config, 'symbolConfig');
        const burn = fieldsOf(await api.fapiPrivateGetFeeBurn(), 'feeBurn');
        return {
          isHedgeMode: booleanField(account, 'dualSidePosition'),
          isMultiAsset: booleanField(account, 'multiAssetsMargin'),
          paysFeesInBnb: booleanField(burn, 'feeBurn'),
          isIsolated: textField(ours, 'marginType') === 'ISOLATED',
          canTrade: booleanField(account, 'canTrade'),
        };
      });
    },

    async keyPermissions() {
      const { api } = ready().rest;
      return read(async () => replies.keyPermissions(await api.sapiGetAccountApiRestrictions()));
    },

    async setLeverage(leverage) {
      const { api } = ready().rest;
      await ask({ kind: 'change', urgency: 'open' }, () =>
        api.fapiPrivatePostLeverage({ symbol, leverage }),
      );
    },

    async placeOrder(intent) {
      const { rest, instrument } = ready();
      const { request } = intent;
      if (request.stopPrice !== undefined) return stops.place(intent, request.stopPrice);
      const order = orderParameters(intent, instrument);
      return ask({ kind: 'place', urgency: request.reduceOnly ? 'protect' : 'open' }, async () => {
        const reply = await rest.api.fapiPrivatePostOrder(order);
        return reportOf(reply, instrument, request.clientOrderId);
      });
    },

    async cancelOrder(clientOrderId, orderClass) {
      const { rest, instrument } = ready();
      if (orderClass === 'stop') return stops.cancel(clientOrderId);
      return ask({ kind: 'cancel', urgency: 'protect' }, async () => {
        const order = {
          symbol,
          origClientOrderId: clientOrderId,
          recvWindow: CANCEL_RECV_WINDOW_MS,
        };
        const reply = await rest.api.fapiPrivateDeleteOrder(order);
        return reportOf(reply, instrument, clientOrderId);
      });
    },

    async queryOrder(clientOrderId, orderClass) {
      const { rest, instrument } = ready();
      return orAbsent(
        orderClass === 'stop'
          ? stops.query(clientOrderId)
          : read(async () => {
              const order = { symbol, origClientOrderId: clientOrderId };
              const reply = await rest.api.fapiPrivateGetOrder(order);
              return reportOf(reply, instrument, clientOrderId);
            }),
      );
    },

    async setCountdown(ms) {
      const { api } = ready().rest;
      const countdown = { symbol, countdownTime: ms, recvWindow: CANCEL_RECV_WINDOW_MS };
      await ask({ kind: 'change', urgency: 'protect' }, () =>
        api.fapiPrivatePostCountdownCancelAll(countdown),
      );
    },

    async accountSnapshot() {
      const { rest, instrument } = ready();
      return read(async () => {
        const account = await rest.api.fapiPrivateV3GetAccount();
        const positions = await rest.api.fapiPrivateV3GetPositionRisk({ symbol });
        const orders = await rest.api.fapiPrivateGetOpenOrders({ symbol });
        const waiting = await stops.open();
        return {
          ...replies.position(positions, instrument),
          ...replies.usdtBalance(account),
          openOrders: [
            ...waiting,
            ...listOf(orders, 'openOrders').map((order) =>
              links.attributeReport(replies.orderReport(order, instrument)),
            ),
          ],
        };
      });
    },

    async fillsAfter(tradeId) {
      const fills = await read(() => history.fillsAfter(source(), tradeId));
      return fills.map((fill) => links.attribute(fill));
    },
    fundingAfter: (timeMs) => read(() => history.fundingAfter(source(), timeMs)),
    transfersAfter: (timeMs) => read(() => history.transfersAfter(source(), timeMs)),
    candles: (interval, count) => read(() => history.candles(source(), interval, count)),

    async startUserStream(sink) {
      const { rest, instrument } = ready();
      if (stream) broken('the user stream is started once');
      stream = new BinanceUserStream({
        wsUrl: options.wsUrl ?? BINANCE_STREAM_URL,
        clock,
        headers,
        instrument,
        links,
        sink,
        log,
        createListenKey: () =>
          read(async () => {
            const reply = await rest.api.fapiPrivatePostListenKey();
            return textField(fieldsOf(reply, 'listenKey'), 'listenKey');
          }),
        renewListenKey: () => read(async () => void (await rest.api.fapiPrivatePutListenKey())),
      });
      await stream.start();
    },

    async stop() {
      // The listen key is left alone: the exchange gives one key an account, and another process may use it.
      stream?.stop();
      rest?.close();
    },
  };
}

function reportOf(reply: unknown, instrument: Instrument, clientOrderId: string): OrderReport {
  const report = replies.orderReport(reply, instrument);
  if (report.clientOrderId === clientOrderId) return report;
  throw mistaken(clientOrderId, report.clientOrderId);
}
