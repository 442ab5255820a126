/** Endpoints about the account: balances, positions, settings, own trades, income and listen keys. */

import { formatDecimal } from '../../../shared/core/units.ts';
import { VenueError } from '../../../shared/simulation/venue.ts';
import {
  accountV2Json,
  accountV3Json,
  balanceJson,
  isHeld,
  positionRiskV2Json,
  positionRiskV3Json,
  symbolConfigJson,
} from '../format/account-json.ts';
import { bracketsJson, RATE_LIMITS } from '../format/instrument-json.ts';
import { incomeJson, userTradeJson } from '../format/order-json.ts';
import { missing } from '../http/params.ts';
import { checkSymbol, listQuery, needSymbol } from './market-routes.ts';
import { type AccountCall, keyed, type Routes, signed } from './route.ts';

const SUCCESS = { code: 200, msg: 'success' };

export const ACCOUNT_ROUTES: Routes = {
  'GET /fapi/v3/account': signed(5, (call) => accountV3Json(call.instrument, account(call))),
  'GET /fapi/v2/account': signed(5, (call) => accountV2Json(call.instrument, account(call))),
  'GET /fapi/v3/balance': signed(5, (call) => [balanceJson(account(call))]),
  'GET /fapi/v2/balance': signed(5, (call) => [balanceJson(account(call))]),
  'GET /fapi/v3/positionRisk': signed(5, (call) => {
    checkSymbol(call);
    const position = call.venue.position(call.accountId);
    return isHeld(position) ? [positionRiskV3Json(call.instrument, position)] : [];
  }),
  'GET /fapi/v2/positionRisk': signed(5, (call) => {
    checkSymbol(call);
    return [positionRiskV2Json(call.instrument, call.venue.position(call.accountId))];
  }),
  'GET /fapi/v1/userTrades': signed(5, (call) => {
    needSymbol(call);
    const bounds = { ...listQuery(call.params, 1_000), orderId: call.params.integer('orderId') };
    return call.venue
      .trades(call.accountId, bounds)
      .map((trade) => userTradeJson(call.instrument, trade));
  }),
  'GET /fapi/v1/income': signed(30, (call) => {
    checkSymbol(call);
    const bounds = {
      ...listQuery(call.params, 1_000, 100),
      incomeType: call.params.text('incomeType'),
    };
    const symbol = call.params.text('symbol');
    return call.venue
      .income(call.accountId, bounds)
      .map((row) => incomeJson(call.instrument, row))
      .filter((row) => symbol === undefined || row.symbol === symbol);
  }),
  'GET /fapi/v1/leverageBracket': signed(1, (call) => {
    checkSymbol(call);
    return [bracketsJson(call.instrument, call.venue.brackets)];
  }),
  'GET /fapi/v1/commissionRate': signed(20, (call) => {
    needSymbol(call);
    return {
      symbol: call.instrument.spec.symbol,
      makerCommissionRate: formatDecimal(call.venue.makerFeePpm, 6),
      takerCommissionRate: formatDecimal(call.venue.takerFeePpm, 6),
      rpiCommissionRate: formatDecimal(call.venue.makerFeePpm, 6),
    };
  }),
  'GET /fapi/v1/accountConfig': signed(5, () => ({
    feeTier: 0,
    canTrade: true,
    canDeposit: true,
    canWithdraw: true,
    dualSidePosition: false,
    updateTime: 0,
    multiAssetsMargin: false,
    tradeGroupId: -1,
  })),
  'GET /fapi/v1/symbolConfig': signed(5, (call) => {
    checkSymbol(call);
    return [symbolConfigJson(call.instrument, call.venue.position(call.accountId))];
  }),
  'POST /fapi/v1/leverage': signed(1, (call) => {
    needSymbol(call);
    const { venue, accountId, instrument, params } = call;
    const view = venue.setLeverage(accountId, params.text('symbol'), params.text('leverage'));
    return {
      leverage: view.leverage,
      maxNotionalValue: String(view.notionalMaxUsdt),
      symbol: instrument.spec.symbol,
    };
  }),
  'POST /fapi/v1/marginType': signed(1, (call) => {
    needSymbol(call);
    const marginType = call.params.need('marginType');
    if (marginType === 'CROSSED') throw new VenueError(-4046, 'No need to change margin type.');
    if (marginType !== 'ISOLATED') missing('marginType');
    return notModelled('isolated margin');
  }),
  'GET /fapi/v1/positionSide/dual': signed(30, () => ({ dualSidePosition: false })),
  'POST /fapi/v1/positionSide/dual': signed(1, ({ params }) => {
    if (params.need('dualSidePosition').toLowerCase() === 'true') notModelled('hedge mode');
    throw new VenueError(-4059, 'No need to change position side.');
  }),
  'GET /fapi/v1/multiAssetsMargin': signed(30, () => ({ multiAssetsMargin: false })),
  'POST /fapi/v1/multiAssetsMargin': signed(1, ({ params }) => {
    return params.isTrue('multiAssetsMargin') ? notModelled('multi-asset margin') : SUCCESS;
  }),
  'GET /fapi/v1/feeBurn': signed(30, () => ({ feeBurn: false })),
  'GET /fapi/v1/rateLimit/order': signed(1, () =>
    RATE_LIMITS.filter((limit) => limit.rateLimitType === 'ORDERS'),
  ),
  'POST /fapi/v1/listenKey': keyed(1, ({ listenKeys, accountId, nowMs }) => ({
    listenKey: listenKeys.open(accountId, nowMs),
  })),
  'PUT /fapi/v1/listenKey': keyed(1, ({ listenKeys, accountId, nowMs }) => {
    const listenKey = listenKeys.extend(accountId, nowMs);
    if (!listenKey) throw new VenueError(-1125, 'This listenKey does not exist.');
    return { listenKey };
  }),
  'DELETE /fapi/v1/listenKey': keyed(1, ({ listenKeys, accountId }) => {
    listenKeys.close(accountId);
    return {};
  }),
  // Of the spot API: clients with a key ask for these before they load the futures market.
  'GET /sapi/v1/capital/config/getall': signed(1, () => []),
  'GET /sapi/v1/margin/allPairs': keyed(1, () => []),
  'GET /sapi/v1/account/apiRestrictions': signed(1, ({ nowMs }) => ({
    ipRestrict: true,
    createTime: nowMs,
    enableReading: true,
    enableFutures: true,
    enableWithdrawals: false,
    enableInternalTransfer: false,
    enableMargin: false,
    enableSpotAndMarginTrading: false,
    permitsUniversalTransfer: false,
  })),
};

function account({ venue, accountId }: AccountCall) {
  return venue.account(accountId);
}

function notModelled(what: string): never {
  throw new VenueError(-1020, `This operation is not supported: ${what} is not simulated.`);
}
