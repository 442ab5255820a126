/** Whether a position would be left alone: by the table, of every trader whose rows are in it, and by the exchange. */
import { tradersIn } from '../../../shared/adapters/dynamodb/traders.ts';
import { exchangeKeySecret } from '../../../shared/config/deployment.ts';
import { checkKey } from './key-check.ts';
import type { SecretVersions } from './secret-versions.ts';
import { type Deployment, outputOf } from './stacks.ts';

export interface OpenPosition {
  readonly trader: string;
  readonly isPaper: boolean;
  readonly text: string;
}

/** Positions and unsettled orders by the table's own books. Throws StoreUnavailableError. */
export async function positionsInTable(
  tableName: string,
  region: string,
): Promise<readonly OpenPosition[]> {
  const traders = await tradersIn({ tableName, region });
  return traders
    .filter(({ account, unsettledOrders }) => account?.position || unsettledOrders > 0)
    .map(({ key, account, unsettledOrders }) => ({
      trader: `${key.environment} ${key.account} ${key.instrument}`,
      isPaper: key.environment === 'paper',
      text: `position of ${account?.position ?? 0} lots, ${unsettledOrders} unsettled orders, by the table`,
    }));
}

/** The exchange's word in demo and live, with the read-only key; `doubt` says why there is none. */
export async function positionAtExchange(
  deployment: Deployment,
  secrets: SecretVersions,
  exchange: string | undefined,
): Promise<{ readonly open: OpenPosition | null; readonly doubt: string | null }> {
  const mode = (deployment.parts.trader ?? deployment.parts.secrets)?.mode;
  const arn = outputOf(deployment, 'readOnlyKeySecret');
  if (!mode || mode === 'paper' || !arn) return { open: null, doubt: null };
  const { value } = await secrets.current(arn, exchangeKeySecret);
  if (value.apiKey === '') return { open: null, doubt: 'no read-only key is stored' };
  const symbol = outputOf(deployment, 'symbol') ?? 'BTCUSDT';
  const { position, text } = await checkKey({
    ...value,
    mode,
    symbol,
    role: 'read-only',
    exchange,
  });
  if (position === null) return { open: null, doubt: text };
  if (position === 0) return { open: null, doubt: null };
  const trader = `${mode} ${symbol}`;
  return {
    open: { trader, isPaper: false, text: `position of ${position} lots, by the exchange` },
    doubt: null,
  };
}
