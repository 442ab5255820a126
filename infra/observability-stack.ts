/** What a person sees at a glance, and what wakes them: the dashboard and the alarms. */
import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import { Dashboard } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { addAlarms } from './alarms.ts';
import type { Settings } from './config.ts';
import { dashboardRows } from './dashboard.ts';
import { metricsOf } from './metrics.ts';
import type { OperationsStack } from './operations-stack.ts';
import type { TraderStack } from './trader-stack.ts';

export interface ObservabilityStackProps extends StackProps {
  readonly settings: Settings;
  readonly table: ITable;
  readonly trader: TraderStack;
  readonly operations: OperationsStack;
}

export class ObservabilityStack extends Stack {
  constructor(scope: Construct, id: string, props: ObservabilityStackProps) {
    super(scope, id, props);
    const { settings, table, trader, operations } = props;
    const metrics = metricsOf({ settings, table, trader, operations });

    const alarms = addAlarms(this, { settings, metrics });
    for (const alarm of alarms) {
      const action = new SnsAction(operations.alerts as ITopic);
      alarm.addAlarmAction(action);
      alarm.addOkAction(action);
    }

    const dashboard = new Dashboard(this, 'Dashboard', {
      start: '-PT8H',
      widgets: dashboardRows({ settings, metrics, alarms, region: this.region }),
    });
    new CfnOutput(this, 'DashboardName', { value: dashboard.dashboardName });
  }
}
