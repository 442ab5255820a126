/**
 * The checks of a new conditional order that need only its text, the instrument and the account's
 * conditional orders. Throws VenueError at the first that fails. Margin, price bands and whether there
 * is anything to reduce are checked when it triggers, by the book it then goes to.
 */
import type { Instrument } from '../core/instrument.ts';
import type { Lots, Ticks } from '../core/units.ts';
import { type AlgoTerms, isStop } from './algo-order.ts';
import {
  checkClientIdText,
  checkModes,
  checkSymbol,
  mandatory,
  parseBoolean,
  parsePrice,
  parseQuantity,
  parseSide,
  parseTimeInForce,
} from './order-checks.ts';
import type { SimAccount } from './sim-account.ts';
import type { AlgoOrderParams, AlgoOrderType, WorkingType } from './venue-algo.ts';
import { VenueError } from './venue-terms.ts';

/** Open conditional orders of an account, over all symbols. */
const OPEN_ALGOS_MAX = 200;

export function parseAlgoOrder(
  params: AlgoOrderParams,
  instrument: Instrument,
  account: SimAccount,
): AlgoTerms {
  checkSymbol(params.symbol, instrument);
  if (mandatory('algoType', params.algoType) !== 'CONDITIONAL') throw invalid('algoType');
  const side = parseSide(params.side);
  const type = parseType(params.type);
  const isMarket = type === 'STOP_MARKET' || type === 'TAKE_PROFIT_MARKET';
  const timeInForce = parseTimeInForce(params.timeInForce ?? 'GTC', 'LIMIT');
  const workingType = parseWorkingType(params.workingType);
  const isReduceOnly = parseBoolean('reduceOnly', params.reduceOnly);
  const isClosePosition = parseBoolean('closePosition', params.closePosition);
  if (parseBoolean('priceProtect', params.priceProtect)) throw invalid('priceProtect');
  checkModes(params);
  const clientAlgoId = params.clientAlgoId ?? null;
  if (clientAlgoId !== null) checkClientIdText(clientAlgoId);
  const triggerPrice = parsePrice(mandatory('triggerPrice', params.triggerPrice), instrument);
  const price = isMarket ? (0 as Ticks) : parsePrice(mandatory('price', params.price), instrument);
  let quantity = 0 as Lots;
  if (isClosePosition) {
    if (!isMarket) throw new VenueError(-4136, 'Target strategy invalid for orderType.');
    if (params.quantity) {
      throw new VenueError(-4137, 'Quantity must be zero with closePosition equals true.');
    }
    if (params.reduceOnly) {
      throw new VenueError(-1106, "Parameter 'reduceOnly' sent when not required.");
    }
  } else {
    const text = mandatory('quantity', params.quantity);
    quantity = parseQuantity(text, isMarket ? 'MARKET' : 'LIMIT', instrument);
  }
  const terms: AlgoTerms = {
    clientAlgoId,
    type,
    side,
    timeInForce: isClosePosition ? 'GTE_GTC' : timeInForce,
    quantity,
    price,
    triggerPrice,
    workingType,
    isClosePosition,
    isReduceOnly: isReduceOnly || isClosePosition,
  };
  checkBook(terms, account);
  return terms;
}

/** Against the conditional orders that wait already, and the position. */
function checkBook(terms: AlgoTerms, account: SimAccount): void {
  const open = account.state.algoOrders.filter(({ status }) => status === 'NEW');
  if (open.some(({ clientAlgoId }) => clientAlgoId === terms.clientAlgoId)) {
    throw new VenueError(-4116, 'ClientOrderId is duplicated.');
  }
  if (open.length >= OPEN_ALGOS_MAX) throw new VenueError(-4045, 'Reach max stop order limit.');
  if (!terms.isClosePosition) return;
  const isTwin = open.some(
    (order) =>
      order.isClosePosition && order.side === terms.side && isStop(order) === isStop(terms),
  );
  if (isTwin) {
    throw new VenueError(
      -4130,
      'An open stop or take profit order with GTE and closePosition in the direction is existing.',
    );
  }
  if (account.reducible(terms.side) === 0) {
    throw new VenueError(-4509, 'Time in Force (TIF) GTE can only be used with open positions.');
  }
}

function parseType(text: string | undefined): AlgoOrderType {
  const type = mandatory('type', text);
  switch (type) {
    case 'STOP_MARKET':
    case 'TAKE_PROFIT_MARKET':
    case 'STOP':
    case 'TAKE_PROFIT':
      return type;
    default:
      throw new VenueError(-1116, 'Invalid orderType.');
  }
}

function parseWorkingType(text: string | undefined): WorkingType {
  const workingType = text ?? 'CONTRACT_PRICE';
  if (workingType !== 'MARK_PRICE' && workingType !== 'CONTRACT_PRICE') {
    throw new VenueError(-4031, 'Invalid working type.');
  }
  return workingType;
}

function invalid(name: string): VenueError {
  return new VenueError(-1130, `Data sent for parameter '${name}' is not valid.`);
}
