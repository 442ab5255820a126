/** Whether an exchange key does what it is for, and no more: by reading the account with it. */
import { createBinanceExchange } from '../../../shared/adapters/ccxt/binance-exchange.ts';
import { SystemClock } from '../../../shared/adapters/clock/system-clock.ts';
import type { DeployedMode, ExchangeKeySecret } from '../../../shared/config/deployment.ts';
import { HOSTS } from '../../../shared/config/hosts.ts';
import { ExchangeError, type KeyPermissions } from '../../../shared/ports/exchange.ts';
import { keyProblems } from '../../trader/scope.ts';

export type KeyRole = 'trading' | 'read-only';

export interface KeyCheck {
  /** `untested`: the exchange refused it from here, as it would a good key that takes another address only. */
  readonly status: 'ok' | 'refused' | 'untested';
  readonly text: string;
  /** In lots; null where the account could not be read. */
  readonly position: number | null;
}

export interface KeyToCheck extends ExchangeKeySecret {
  readonly mode: DeployedMode;
  readonly symbol: string;
  readonly role: KeyRole;
  /** An exchange simulator instead of the exchange. */
  readonly exchange?: string | undefined;
}

export type CheckKey = (key: KeyToCheck) => Promise<KeyCheck>;

/** "Invalid API-key, IP, or permissions for action": one code for all three. */
const KEY_IP_OR_RIGHTS = -2015;

/** Reads the account and, in live, the key's rights. */
export const checkKey: CheckKey = async ({ mode, symbol, role, exchange: url, ...key }) => {
  const hosts = url
    ? { restUrl: url, wsUrl: url.replace(/^http/, 'ws') }
    : mode === 'demo'
      ? HOSTS.demo
      : HOSTS.live;
  const exchange = createBinanceExchange({ ...hosts, ...key, clock: new SystemClock(), symbol });
  try {
    await exchange.connect();
    const { position } = await exchange.accountSnapshot();
    const permissions = mode === 'live' ? await exchange.keyPermissions?.() : undefined;
    const problems = permissions ? problemsOf(role, permissions) : [];
    return problems.length > 0
      ? { status: 'refused', text: problems.join('; '), position }
      : { status: 'ok', text: 'reads the account', position };
  } catch (error) {
    if (!(error instanceof ExchangeError)) throw error;
    if (error.kind !== 'rejected') {
      return untested(`the exchange cannot be asked from here (${error.message})`);
    }
    // Demo keys know no addresses.
    if (error.code === KEY_IP_OR_RIGHTS && mode === 'live') {
      return untested('refused from this address, as a key for the static address alone must be');
    }
    return { status: 'refused', text: `the exchange says: ${error.message}`, position: null };
  } finally {
    await exchange.stop();
  }
};

function untested(text: string): KeyCheck {
  return { status: 'untested', text, position: null };
}

function problemsOf(role: KeyRole, permissions: KeyPermissions): string[] {
  if (role === 'trading') return keyProblems(permissions);
  const { canWithdraw, canTransfer, canTradeFutures } = permissions;
  return canWithdraw || canTransfer || canTradeFutures
    ? ['the read-only key may do more than read; leave it no right but reading']
    : [];
}
