/**
 * What wakes a person. Each alarm's description names its section of the runbook; a test holds both
 * together. Thresholds are those at which the trader itself acts (LIVE_LIMITS) or a little before, so that
 * a person hears of it at once and not twice.
 */
import { Duration, Stack } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import type { Settings } from './config.ts';
import { type ObservedMetrics, sumOf } from './metrics.ts';

/** Alarms by the section of the runbook that tells what to do. */
export const RUNBOOK_SECTIONS = {
  NoHeartbeat: 'No heartbeat',
  StaleFeed: 'Stale feed',
  Halted: 'Halted',
  MarginRatio: 'Margin ratio',
  DailyLoss: 'Daily loss',
  Mismatch: 'Reconciliation mismatch',
  UnknownOrders: 'Unknown orders',
  LambdaErrors: 'Lambda errors',
  EmergencyFailed: 'Emergency function',
  DeadLetters: 'Dead letters',
  TableThrottles: 'Table throttles',
} as const;
export type AlarmName = keyof typeof RUNBOOK_SECTIONS;

/** Book and mark price older than this are worth a person's look; the trader holds after 1.5 s already. */
const MARKET_AGE_MAX_MS = 30_000;
/** The user stream is asked for a sign of life every half minute or so. */
const USER_STREAM_AGE_MAX_MS = 120_000;
/** The trader sets itself to reducing at 50 and opens nothing above 30. */
const MARGIN_RATIO_MAX_PERCENT = 40;
/** The trader sets itself to reducing at 2 and halts at 3. */
const DAILY_LOSS_MAX_PERCENT = 2;

interface AlarmRule {
  readonly metric: IMetric;
  readonly threshold: number;
  readonly comparison?: ComparisonOperator;
  /** Minutes it must have been so, of how many. */
  readonly minutes: readonly [bad: number, of: number];
  readonly whenMissing?: TreatMissingData;
  readonly says: string;
}

export function addAlarms(
  scope: Construct,
  { settings, metrics }: { settings: Settings; metrics: ObservedMetrics },
): Alarm[] {
  const { stackName } = Stack.of(scope);
  return Object.entries(alarmRules(metrics)).map(
    ([name, { metric, threshold, comparison, minutes, whenMissing, says }]) =>
      new Alarm(scope, name, {
        metric,
        threshold,
        comparisonOperator: comparison ?? ComparisonOperator.GREATER_THAN_THRESHOLD,
        datapointsToAlarm: minutes[0],
        evaluationPeriods: minutes[1],
        treatMissingData: whenMissing ?? TreatMissingData.NOT_BREACHING,
        alarmName: `${stackName}-${name}`,
        alarmDescription: `${says} Deployment ${settings.deployment} (${settings.mode}). Runbook: infra/runbook.md, "${RUNBOOK_SECTIONS[name as AlarmName]}".`,
      }),
  );
}

function alarmRules(metrics: ObservedMetrics): Partial<Record<AlarmName, AlarmRule>> {
  return {
    NoHeartbeat: {
      metric: metrics.own('tradingState', { label: 'heartbeats', statistic: Stats.SAMPLE_COUNT }),
      threshold: 1,
      comparison: ComparisonOperator.LESS_THAN_THRESHOLD,
      minutes: [3, 3],
      whenMissing: TreatMissingData.BREACHING,
      says: 'No trader has led for three minutes.',
    },
    StaleFeed: {
      // One alarm for both streams: the age of each, in multiples of what it may be.
      metric: new MathExpression({
        expression: `MAX([FILL(market, 0) / ${MARKET_AGE_MAX_MS}, FILL(user, 0) / ${USER_STREAM_AGE_MAX_MS}])`,
        usingMetrics: {
          market: metrics.own('marketAge', { label: 'market', statistic: Stats.MINIMUM }),
          user: metrics.own('userStreamAge', { label: 'user stream', statistic: Stats.MINIMUM }),
        },
        label: 'age over limit',
        period: Duration.minutes(1),
      }),
      threshold: 1,
      minutes: [2, 3],
      says: 'Market data or the user stream is too old, for minutes.',
    },
    Halted: {
      metric: metrics.own('tradingState', { label: 'trading state', statistic: Stats.MAXIMUM }),
      threshold: 2,
      comparison: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      minutes: [1, 1],
      says: 'Trading is halted; only a person resumes it.',
    },
    MarginRatio: {
      metric: metrics.own('marginRatio', { label: 'margin ratio', statistic: Stats.MAXIMUM }),
      threshold: MARGIN_RATIO_MAX_PERCENT,
      minutes: [1, 1],
      says: `Maintenance margin is more than ${MARGIN_RATIO_MAX_PERCENT} % of the margin balance; at 100 % the exchange liquidates.`,
    },
    DailyLoss: {
      metric: metrics.own('dayReturn', { label: 'return today', statistic: Stats.MINIMUM }),
      threshold: -DAILY_LOSS_MAX_PERCENT,
      comparison: ComparisonOperator.LESS_THAN_OR_EQUAL_TO_THRESHOLD,
      minutes: [1, 1],
      says: `Equity has fallen ${DAILY_LOSS_MAX_PERCENT} % since 00:00 UTC.`,
    },
    Mismatch: {
      metric: metrics.own('mismatches', { label: 'differences', statistic: Stats.MAXIMUM }),
      threshold: 0,
      // The reconciler runs every five minutes: two runs, of three in fifteen minutes.
      minutes: [2, 15],
      says: 'Table and exchange differ in two runs of the reconciler.',
    },
    UnknownOrders: {
      metric: metrics.own('unknownOrders', { label: 'unknown orders', statistic: Stats.MINIMUM }),
      threshold: 0,
      minutes: [5, 5],
      says: 'For five minutes there has been an order whose fate nobody knows.',
    },
    LambdaErrors: {
      metric: sumOf(metrics.lambdaErrors, 'errors'),
      threshold: 0,
      minutes: [2, 10],
      says: 'A Lambda failed twice in ten minutes.',
    },
    // Its attempts are too far apart for the alarm before.
    ...(metrics.emergencyErrors
      ? {
          EmergencyFailed: {
            metric: metrics.emergencyErrors,
            threshold: 0,
            minutes: [1, 1],
            says: 'The emergency function did not close the position, or could not see that it is closed.',
          },
        }
      : {}),
    DeadLetters: {
      metric: sumOf(metrics.deadLetters, 'dead letters'),
      threshold: 0,
      minutes: [1, 1],
      says: 'An event was given up; it lies in a dead-letter queue for 14 days.',
    },
    TableThrottles: {
      metric: sumOf([metrics.readThrottles, metrics.writeThrottles], 'refused'),
      threshold: 0,
      minutes: [2, 5],
      says: 'DynamoDB refused requests twice in five minutes.',
    },
  };
}
