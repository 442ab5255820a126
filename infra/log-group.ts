/** A log group that ages, and goes with its stack: what must last is in the journal. */
import { RemovalPolicy } from 'aws-cdk-lib';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { Settings } from './config.ts';

export function logGroup(
  scope: Construct,
  id: string,
  { logDays }: Pick<Settings, 'logDays'>,
): LogGroup {
  return new LogGroup(scope, id, {
    // The enumeration's values are the days.
    retention: logDays as RetentionDays,
    removalPolicy: RemovalPolicy.DESTROY,
  });
}
