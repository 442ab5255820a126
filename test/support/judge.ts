/** Asks an exchange simulator, as its own account holder, what really happened there. Shares no code with the trader. */
import { createHmac } from 'node:crypto';

/** What goes wrong for clients must not go wrong for their judge. */
const SPARED = { headers: { 'x-plimsoll-spared': '1' } };

export interface Judge {
  orders(): Promise<readonly JudgedOrder[]>;
  trades(): Promise<readonly { id: number; orderId: number; qty: string; side: string }[]>;
  position(): Promise<string>;
  wallet(): Promise<string>;
  openOrders(): Promise<readonly JudgedOrder[]>;
  /** The exchange's clock. */
  serverMs(): Promise<number>;
  request(method: string, path: string, params?: Record<string, string>): Promise<unknown>;
}

export interface JudgedOrder {
  readonly clientOrderId: string;
  readonly orderId: number;
  readonly status: string;
  readonly side: string;
  readonly origQty: string;
  readonly executedQty: string;
  readonly reduceOnly: boolean;
}

export function judge(url: string, { key, secret }: { key: string; secret: string }): Judge {
  async function serverMs() {
    const time = (await (await fetch(`${url}/fapi/v1/time`, SPARED)).json()) as {
      serverTime: number;
    };
    return time.serverTime;
  }
  async function request(method: string, path: string, params: Record<string, string> = {}) {
    const query = new URLSearchParams({
      ...params,
      timestamp: String(await serverMs()),
      recvWindow: '60000',
    }).toString();
    const signature = createHmac('sha256', secret).update(query).digest('hex');
    const response = await fetch(`${url}${path}?${query}&signature=${signature}`, {
      method,
      headers: { 'X-MBX-APIKEY': key, ...SPARED.headers },
    });
    const body: unknown = await response.json();
    if (!response.ok) throw new Error(`${method} ${path}: ${JSON.stringify(body)}`);
    return body;
  }
  const symbol = 'BTCUSDT';
  return {
    request,
    serverMs,
    orders: async () =>
      (await request('GET', '/fapi/v1/allOrders', { symbol, limit: '1000' })) as JudgedOrder[],
    openOrders: async () =>
      (await request('GET', '/fapi/v1/openOrders', { symbol })) as JudgedOrder[],
    trades: async () =>
      (await request('GET', '/fapi/v1/userTrades', { symbol, limit: '1000' })) as never,
    position: async () => {
      const positions = (await request('GET', '/fapi/v2/positionRisk', { symbol })) as {
        positionAmt: string;
      }[];
      return positions[0]?.positionAmt ?? '0.000';
    },
    wallet: async () => {
      const account = (await request('GET', '/fapi/v3/account')) as {
        totalWalletBalance: string;
      };
      return account.totalWalletBalance;
    },
  };
}
