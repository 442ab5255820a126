/**
 * Prices of AWS, in USD, on demand, as known in November 2026. Not read from AWS: check them before you
 * rely on a digit. A month is 730 hours.
 */
export const PRICES_AS_OF = '2026-11';

export interface Prices {
  /** Fargate on ARM, a vCPU-hour and a GB-hour. */
  readonly fargateVcpuHour: number;
  readonly fargateGbHour: number;
  /** Any public IPv4 address in use. */
  readonly publicAddressHour: number;
  readonly natGatewayHour: number;
  readonly natGatewayGb: number;
  readonly t4gNanoHour: number;
  readonly volumeGbMonth: number;
  readonly writeUnitsMillion: number;
  readonly readUnitsMillion: number;
  /** Storage with point-in-time recovery. */
  readonly tableGbMonth: number;
  readonly secretMonth: number;
  /** Of one read. */
  readonly secretRead: number;
  readonly logGb: number;
  readonly alarmMetricMonth: number;
  readonly customMetricMonth: number;
  readonly dashboardMonth: number;
  readonly lambdaGbSecond: number;
  readonly lambdaMillion: number;
  readonly bucketGbMonth: number;
  readonly imageGbMonth: number;
}

export const PRICES = {
  'eu-west-1': {
    fargateVcpuHour: 0.03238,
    fargateGbHour: 0.00356,
    publicAddressHour: 0.005,
    natGatewayHour: 0.048,
    natGatewayGb: 0.048,
    t4gNanoHour: 0.0046,
    volumeGbMonth: 0.088,
    writeUnitsMillion: 0.7065,
    readUnitsMillion: 0.1415,
    tableGbMonth: 0.283 + 0.226,
    secretMonth: 0.4,
    secretRead: 0.05 / 10_000,
    logGb: 0.57,
    alarmMetricMonth: 0.1,
    customMetricMonth: 0.3,
    dashboardMonth: 3,
    lambdaGbSecond: 0.0000133334,
    lambdaMillion: 0.2,
    bucketGbMonth: 0.023,
    imageGbMonth: 0.1,
  },
} as const satisfies Record<string, Prices>;

/** What every account has without paying, for ever; another deployment in the account shares it. */
export const ALWAYS_FREE = {
  customMetrics: 10,
  alarmMetrics: 10,
  dashboards: 3,
  logGb: 5,
  lambdaGbSeconds: 400_000,
  lambdaRequests: 1_000_000,
} as const;

/** What a deployment uses that no template says, a month. */
export const USAGE = {
  /**
   * Table, of one trader: the lease every two seconds, a heartbeat every five, three looks a second, and
   * some thousand orders, candles and alerts.
   */
  writeUnits: (30 * 86_400) / 2 + (30 * 86_400) / 5 + 50_000,
  readUnits: 3 * 30 * 86_400 + 200_000,
  tableGb: 0.2,
  /** Lines of the trader and metrics every minute; flow logs. */
  logGb: 0.5,
  /** Through a NAT gateway: market data of one symbol. */
  natGb: 30,
  /** Root volume of a NAT instance. */
  natVolumeGb: 8,
  bucketGb: 5,
  imageGb: 0.2,
  /** Each program keeps a secret for five minutes. */
  secretReads: 30_000,
  /** Of a run of a scheduled Lambda, and of an answer to a person. */
  lambdaSeconds: 0.6,
  personalRequests: 2_000,
} as const;
