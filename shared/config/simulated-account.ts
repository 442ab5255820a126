/** The account that trader and exchange simulator agree on without being told. No secret: it opens nothing anywhere. */
export const SIMULATED_ACCOUNT = {
  key: 'simulated-key',
  secret: 'simulated-secret',
  /** USDT. */
  balance: '10000',
} as const;
