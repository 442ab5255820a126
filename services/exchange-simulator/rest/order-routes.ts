/** Endpoints that place, change, cancel and show orders. */

import {
  type ModifyParams,
  type OrderParams,
  type OrderRef,
  VenueError,
} from '../../../shared/simulation/venue.ts';
import { acknowledged, orderJson, orderReplyJson } from '../format/order-json.ts';
import { missing, Params } from '../http/params.ts';
import { checkSymbol, listQuery, needSymbol } from './market-routes.ts';
import { type AccountCall, ordering, type Routes, signed } from './route.ts';

const ONE_ORDER = { weight: 0, orders: { per10s: 1, perMinute: 1 } };
const BATCH = { weight: 5, orders: { per10s: 5, perMinute: 1 } };
const BATCH_MAX = 5;
const CANCEL_BATCH_MAX = 10;
const RESPONSE_TYPES = ['ACK', 'RESULT'];

export const ORDER_ROUTES: Routes = {
  'POST /fapi/v1/order': ordering(ONE_ORDER, place),
  'PUT /fapi/v1/order': ordering(ONE_ORDER, modify),
  'GET /fapi/v1/order': signed(1, query),
  'DELETE /fapi/v1/order': signed(1, cancel),
  'POST /fapi/v1/order/test': signed(0, ({ venue, accountId, params }) => {
    venue.testOrder(accountId, orderParams(params));
    return {};
  }),
  'POST /fapi/v1/batchOrders': ordering(BATCH, (call) => each(call, place)),
  'PUT /fapi/v1/batchOrders': ordering(BATCH, (call) => each(call, modify)),
  'DELETE /fapi/v1/batchOrders': signed(1, cancelBatch),
  'DELETE /fapi/v1/allOpenOrders': signed(1, (call) => {
    needSymbol(call);
    call.venue.cancelAllOrders(call.accountId, call.params.text('symbol'));
    return { code: 200, msg: 'The operation of cancel all open order is done.' };
  }),
  'GET /fapi/v1/openOrder': signed(1, (call) => {
    needSymbol(call);
    const order = call.venue.order(call.accountId, orderRef(call.params));
    if (order.status !== 'NEW' && order.status !== 'PARTIALLY_FILLED') {
      throw new VenueError(-2013, 'Order does not exist.');
    }
    return orderJson(call.instrument, order);
  }),
  'GET /fapi/v1/openOrders': signed(
    (params) => (params.text('symbol') ? 1 : 40),
    (call) => {
      checkSymbol(call);
      return call.venue
        .openOrders(call.accountId)
        .map((order) => orderJson(call.instrument, order));
    },
  ),
  'GET /fapi/v1/allOrders': signed(5, (call) => {
    checkSymbol(call);
    const bounds = { ...listQuery(call.params, 1_000), fromId: call.params.integer('orderId') };
    return call.venue
      .orders(call.accountId, bounds)
      .map((order) => orderJson(call.instrument, order));
  }),
  'POST /fapi/v1/countdownCancelAll': signed(10, ({ venue, accountId, params }) => {
    const countdownMs = params.needInteger('countdownTime');
    venue.countdownCancelAll(accountId, params.need('symbol'), countdownMs);
    return { symbol: params.need('symbol'), countdownTime: String(countdownMs) };
  }),
};

function place({ venue, accountId, instrument, params }: AccountCall) {
  const responseType = params.text('newOrderRespType') ?? 'ACK';
  if (!RESPONSE_TYPES.includes(responseType)) {
    throw new VenueError(-1136, 'Invalid newOrderRespType.');
  }
  const order = venue.placeOrder(accountId, orderParams(params));
  return orderReplyJson(instrument, responseType === 'ACK' ? acknowledged(order) : order);
}

function modify({ venue, accountId, instrument, params }: AccountCall) {
  return orderReplyJson(instrument, venue.modifyOrder(accountId, modifyParams(params)));
}

function cancel({ venue, accountId, instrument, params }: AccountCall) {
  return orderReplyJson(instrument, venue.cancelOrder(accountId, orderRef(params)));
}

function query({ venue, accountId, instrument, params }: AccountCall) {
  return orderJson(instrument, venue.order(accountId, orderRef(params)));
}

/** Does `action` for each element of `batchOrders`; a refusal stands in its place in the answer. */
function each(call: AccountCall, action: (call: AccountCall) => unknown): unknown[] {
  const orders = jsonList(call.params, 'batchOrders');
  if (orders.length === 0 || orders.length > BATCH_MAX) {
    throw new VenueError(-4082, 'Invalid number of batch place orders.');
  }
  return orders.map((order) => {
    if (typeof order !== 'object' || order === null) missing('batchOrders');
    const params = Params.fromJson(order as Record<string, unknown>);
    return orRefusal(() => action({ ...call, params }));
  });
}

function cancelBatch(call: AccountCall): unknown[] {
  const { params, accountId, venue, instrument } = call;
  const symbol = params.need('symbol');
  // ccxt spells the list in lower case.
  const name = ['orderIdList', 'orderidlist'].find((key) => params.text(key) !== undefined);
  const refs: OrderRef[] = name
    ? jsonList(params, name).map((id) => ({ symbol, orderId: idText(id) }))
    : ['origClientOrderIdList', 'origclientorderidlist']
        .filter((key) => params.text(key) !== undefined)
        .flatMap((key) => jsonList(params, key))
        .map((id) => ({ symbol, origClientOrderId: idText(id) }));
  if (refs.length === 0 || refs.length > CANCEL_BATCH_MAX) missing('orderIdList');
  return refs.map((ref) =>
    orRefusal(() => orderReplyJson(instrument, venue.cancelOrder(accountId, ref))),
  );
}

function orRefusal(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof VenueError)) throw error;
    return { code: error.code, msg: error.msg };
  }
}

/** Of an object no text can be made, and asking throws. */
function idText(id: unknown): string {
  return typeof id === 'string' || typeof id === 'number' ? String(id) : missing('orderIdList');
}

function jsonList(params: Params, name: string): unknown[] {
  try {
    const list: unknown = JSON.parse(params.need(name));
    return Array.isArray(list) ? list : missing(name);
  } catch (error) {
    if (error instanceof VenueError) throw error;
    return missing(name);
  }
}

function orderParams(params: Params): OrderParams {
  return {
    symbol: params.text('symbol'),
    side: params.text('side'),
    type: params.text('type'),
    timeInForce: params.text('timeInForce'),
    quantity: params.text('quantity'),
    price: params.text('price'),
    reduceOnly: params.text('reduceOnly'),
    positionSide: params.text('positionSide'),
    newClientOrderId: params.text('newClientOrderId'),
    selfTradePreventionMode: params.text('selfTradePreventionMode'),
  };
}

function orderRef(params: Params): OrderRef {
  return {
    symbol: params.text('symbol'),
    orderId: params.text('orderId'),
    origClientOrderId: params.text('origClientOrderId'),
  };
}

function modifyParams(params: Params): ModifyParams {
  return {
    ...orderRef(params),
    side: params.text('side'),
    quantity: params.text('quantity'),
    price: params.text('price'),
  };
}
