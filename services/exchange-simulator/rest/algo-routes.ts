/** Endpoints of the Algo Service: conditional orders. */

import type { AlgoOrderView } from '../../../shared/simulation/venue-algo.ts';
import { algoOrderJson, algoOrderRowJson } from '../format/algo-json.ts';
import type { Params } from '../http/params.ts';
import { checkSymbol, listQuery, needSymbol } from './market-routes.ts';
import { type AccountCall, ordering, type Routes, signed } from './route.ts';

export const ALGO_ROUTES: Routes = {
  'POST /fapi/v1/algoOrder': ordering(
    { weight: 0, orders: { per10s: 1, perMinute: 1 } },
    ({ venue, accountId, instrument, params }) =>
      algoOrderJson(instrument, venue.algo.place(accountId, algoParams(params))),
  ),
  'GET /fapi/v1/algoOrder': signed(1, ({ venue, accountId, instrument, params }) =>
    algoOrderRowJson(instrument, venue.algo.order(accountId, algoRef(params))),
  ),
  'DELETE /fapi/v1/algoOrder': signed(1, ({ venue, accountId, params }) => {
    const { algoId, clientAlgoId } = venue.algo.cancel(accountId, algoRef(params));
    // The code is text here, a number in the answer to all.
    return { algoId, clientAlgoId, code: '200', msg: 'success' };
  }),
  'DELETE /fapi/v1/algoOpenOrders': signed(1, (call) => {
    needSymbol(call);
    call.venue.algo.cancelAll(call.accountId, call.params.text('symbol'));
    return { code: 200, msg: 'The operation of cancel all open order is done.' };
  }),
  'GET /fapi/v1/openAlgoOrders': signed(
    (params) => (params.text('symbol') ? 1 : 40),
    (call) => rows(call, call.venue.algo.openOrders(call.accountId)),
  ),
  'GET /fapi/v1/allAlgoOrders': signed(5, (call) => {
    const bounds = { ...listQuery(call.params, 1_000), fromId: call.params.integer('algoId') };
    return rows(call, call.venue.algo.orders(call.accountId, bounds));
  }),
};

function rows(call: AccountCall, orders: readonly AlgoOrderView[]): unknown[] {
  checkSymbol(call);
  return orders.map((order) => algoOrderRowJson(call.instrument, order));
}

function algoParams(params: Params) {
  return {
    algoType: params.text('algoType'),
    symbol: params.text('symbol'),
    side: params.text('side'),
    type: params.text('type'),
    timeInForce: params.text('timeInForce'),
    quantity: params.text('quantity'),
    price: params.text('price'),
    triggerPrice: params.text('triggerPrice'),
    workingType: params.text('workingType'),
    closePosition: params.text('closePosition'),
    reduceOnly: params.text('reduceOnly'),
    positionSide: params.text('positionSide'),
    clientAlgoId: params.text('clientAlgoId'),
    priceProtect: params.text('priceProtect'),
    selfTradePreventionMode: params.text('selfTradePreventionMode'),
  };
}

function algoRef(params: Params) {
  return { algoId: params.text('algoId'), clientAlgoId: params.text('clientAlgoId') };
}
