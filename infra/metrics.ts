/** Every metric that dashboard and alarms look at: the ten of our own, and what AWS counts anyway. */
import { Duration } from 'aws-cdk-lib';
import { MathExpression, Metric, Stats, Unit } from 'aws-cdk-lib/aws-cloudwatch';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import {
  METRIC_DIMENSION,
  METRIC_NAMESPACE,
  METRICS,
  type MetricKey,
} from '../shared/config/deployment.ts';
import type { Settings } from './config.ts';
import type { OperationsStack } from './operations-stack.ts';
import type { TraderStack } from './trader-stack.ts';

export interface Observed {
  readonly settings: Settings;
  readonly table: ITable;
  readonly trader: TraderStack;
  readonly operations: OperationsStack;
}

export type ObservedMetrics = ReturnType<typeof metricsOf>;

const MINUTE = Duration.minutes(1);

export function metricsOf({ settings, table, trader, operations }: Observed) {
  const { cluster, serviceName } = trader.service;
  const functions = [...operations.functions];
  const perFunction = (metricName: string, statistic: string) =>
    functions.map(
      ([name, { lambda }]) =>
        new Metric({
          namespace: 'AWS/Lambda',
          metricName,
          dimensionsMap: { FunctionName: lambda.functionName },
          statistic,
          period: MINUTE,
          label: name,
        }),
    );
  const ofTask = (metricName: string, label: string) =>
    new Metric({
      namespace: 'AWS/ECS',
      metricName,
      dimensionsMap: { ClusterName: cluster.clusterName, ServiceName: serviceName },
      statistic: Stats.MAXIMUM,
      period: MINUTE,
      label,
    });
  const ofTable = (metricName: string, label: string) =>
    new Metric({
      namespace: 'AWS/DynamoDB',
      metricName,
      dimensionsMap: { TableName: table.tableName },
      statistic: Stats.SUM,
      period: MINUTE,
      label,
    });

  const lambdaErrors = perFunction('Errors', Stats.SUM);
  return {
    /** One of our own, over a minute. */
    own(key: MetricKey, { label, statistic }: { label: string; statistic?: string }): Metric {
      return new Metric({
        namespace: METRIC_NAMESPACE,
        metricName: METRICS[key].name,
        dimensionsMap: { [METRIC_DIMENSION]: settings.deployment },
        statistic: statistic ?? Stats.AVERAGE,
        period: MINUTE,
        label,
        unit: Unit[METRICS[key].unit.toUpperCase() as keyof typeof Unit],
      });
    },
    lambdaErrors,
    /** Null where it is not turned on. */
    emergencyErrors: lambdaErrors.find(({ label }) => label === 'emergency') ?? null,
    lambdaDurations: perFunction('Duration', 'p99'),
    deadLetters: functions.map(
      ([name, { deadLetters }]) =>
        new Metric({
          namespace: 'AWS/SQS',
          metricName: 'ApproximateNumberOfMessagesVisible',
          dimensionsMap: { QueueName: deadLetters.queueName },
          statistic: Stats.MAXIMUM,
          period: MINUTE,
          label: name,
        }),
    ),
    processor: ofTask('CPUUtilization', 'processor'),
    memory: ofTask('MemoryUtilization', 'memory'),
    readThrottles: ofTable('ReadThrottleEvents', 'reads refused'),
    writeThrottles: ofTable('WriteThrottleEvents', 'writes refused'),
    readUnits: ofTable('ConsumedReadCapacityUnits', 'read units'),
    writeUnits: ofTable('ConsumedWriteCapacityUnits', 'write units'),
    logBytes: [
      ['trader', trader.logGroupName] as const,
      ...functions.map(([name, { logGroupName }]) => [name, logGroupName] as const),
    ].map(
      ([label, logGroupName]) =>
        new Metric({
          namespace: 'AWS/Logs',
          metricName: 'IncomingBytes',
          dimensionsMap: { LogGroupName: logGroupName },
          statistic: Stats.SUM,
          period: Duration.hours(1),
          label,
        }),
    ),
    traderLogGroupName: trader.logGroupName,
  };
}

/** Sum of metrics, those without data counting as nothing. `label`, in small letters, is unique in its graph. */
export function sumOf(metrics: readonly Metric[], label: string): MathExpression {
  const usingMetrics = Object.fromEntries(
    metrics.map((metric, i) => [`${label.replace(/\W/g, '')}${i}`, metric]),
  );
  return new MathExpression({
    expression: Object.keys(usingMetrics)
      .map((id) => `FILL(${id}, 0)`)
      .join(' + '),
    usingMetrics,
    label,
    period: MINUTE,
  });
}
