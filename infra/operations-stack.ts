/**
 * What watches and steers the trader: Lambdas that hold no trading key and cannot write an order, but for the
 * emergency function, where it is turned on. The bot and the chart stay outside the VPC: Telegram must answer
 * when the way out of the VPC does not.
 */
import { Annotations, CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { type Code, FunctionUrlAuthType } from 'aws-cdk-lib/aws-lambda';
import { Schedule, ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import { OUTPUTS, VARIABLES } from '../shared/config/deployment.ts';
import { acknowledge, logicalIdOf } from './acknowledgements.ts';
import { hasStaticAddress, type Settings } from './config.ts';
import { OperatorFunction } from './operator-function.ts';

export const OPERATOR_FUNCTIONS = [
  'telegram-bot',
  'chart',
  'reconciler',
  'margin-alert',
  'emergency',
] as const;
export type OperatorFunctionName = (typeof OPERATOR_FUNCTIONS)[number];

export interface OperationsStackProps extends StackProps {
  readonly settings: Settings;
  readonly codeOf: (name: OperatorFunctionName) => Code;
  readonly table: ITable;
  readonly secrets: {
    readonly telegram: ISecret;
    readonly readOnlyKey: ISecret | null;
    readonly tradingKey: ISecret | null;
  };
  readonly network: {
    readonly vpc: IVpc;
    readonly subnets: SubnetSelection;
    readonly securityGroup: ISecurityGroup;
  };
}

export class OperationsStack extends Stack {
  readonly alerts: Topic;
  /** Those that are deployed. */
  readonly functions: ReadonlyMap<OperatorFunctionName, OperatorFunction>;

  constructor(scope: Construct, id: string, props: OperationsStackProps) {
    super(scope, id, props);
    const { settings, codeOf, table, secrets, network } = props;
    this.alerts = this.#alertTopic(settings);

    const telegram = { [VARIABLES.telegramSecret]: secrets.telegram };
    const readOnlyKey = { [VARIABLES.readOnlyKeySecret]: secrets.readOnlyKey };
    const shared = { settings, table };
    // A key restricted to the static address can be used from there alone.
    const sameWayOut = { network: hasStaticAddress(settings) ? network : null };

    const chart = new OperatorFunction(this, 'Chart', {
      ...shared,
      code: codeOf('chart'),
      description: 'Draws recent candles, signals and fills, and sends the picture to Telegram',
      secrets: telegram,
      // Drawing wants a processor, and Lambda gives it by memory.
      memoryMiB: 1024,
      timeout: Duration.seconds(30),
    });
    const emergency = settings.emergencyFlatten ? this.#emergency(props) : null;
    const invoked = [chart, ...(emergency ? [emergency] : [])];
    const telegramBot = new OperatorFunction(this, 'TelegramBot', {
      ...shared,
      code: codeOf('telegram-bot'),
      description: 'Answers Telegram, and writes what its owner orders to the table',
      secrets: telegram,
      environment: {
        [VARIABLES.chartFunction]: chart.lambda.functionName,
        ...(emergency ? { [VARIABLES.emergencyFunction]: emergency.lambda.functionName } : {}),
      },
      memoryMiB: 512,
      // Telegram gives up on a webhook after a minute, and sends the update again.
      timeout: Duration.seconds(20),
      reservedConcurrency: settings.webhookConcurrency,
    });
    const reconciler = new OperatorFunction(this, 'Reconciler', {
      ...shared,
      ...sameWayOut,
      code: codeOf('reconciler'),
      description: 'Compares the table with the exchange, and says what differs',
      secrets: { ...telegram, ...readOnlyKey },
      memoryMiB: 256,
      timeout: Duration.seconds(90),
    });
    const marginAlert = new OperatorFunction(this, 'MarginAlert', {
      ...shared,
      code: codeOf('margin-alert'),
      description: 'Watches margin, loss, funding and heartbeat from outside the trader',
      secrets: telegram,
      environment: { [VARIABLES.alertTopic]: this.alerts.topicArn },
      memoryMiB: 256,
      timeout: Duration.seconds(30),
    });
    this.functions = new Map([
      ['telegram-bot', telegramBot],
      ['chart', chart],
      ['reconciler', reconciler],
      ['margin-alert', marginAlert],
      ...(emergency ? [['emergency', emergency] as const] : []),
    ]);

    telegramBot.lambda.addToRolePolicy(
      new PolicyStatement({
        actions: ['lambda:InvokeFunction'],
        resources: invoked.map(({ lambda }) => lambda.functionArn),
      }),
    );
    marginAlert.lambda.addToRolePolicy(
      new PolicyStatement({ actions: ['sns:Publish'], resources: [this.alerts.topicArn] }),
    );
    this.#every(Duration.minutes(5), 'ReconcilerSchedule', reconciler);
    this.#every(Duration.minutes(1), 'MarginAlertSchedule', marginAlert);

    // Telegram cannot sign for AWS: the bot itself compares the secret token before it reads anything.
    const url = telegramBot.lambda.addFunctionUrl({ authType: FunctionUrlAuthType.NONE });
    new CfnOutput(this, OUTPUTS.webhookUrl, {
      value: url.url,
      description: 'Registered with Telegram by plimsoll setup',
    });
  }

  /**
   * Leads in a dead trader's place, to close and end. Nothing but the bot's role may invoke it: it has no
   * policy of its own, no address and no schedule.
   */
  #emergency({
    settings,
    codeOf,
    table,
    secrets,
    network,
  }: OperationsStackProps): OperatorFunction {
    return new OperatorFunction(this, 'Emergency', {
      settings,
      table,
      tableRole: 'emergency',
      network: hasStaticAddress(settings) ? network : null,
      code: codeOf('emergency'),
      description: 'Closes the position where no trader leads, asked by the bot',
      secrets: {
        [VARIABLES.telegramSecret]: secrets.telegram,
        [VARIABLES.tradingKeySecret]: secrets.tradingKey,
      },
      // A processor of its own: a session that stands still for two seconds steps down.
      memoryMiB: 1769,
      // An order whose fate is not known is asked after for minutes, and a ban lasts two.
      timeout: Duration.minutes(10),
      // The request stays on record, so a later attempt goes on with it.
      retry: { attempts: 2, ageMax: Duration.hours(1) },
      // Who leads is for the lease to say; this only spares a second one the waiting.
      ...(settings.webhookConcurrency > 0 ? { reservedConcurrency: 1 } : {}),
    });
  }

  #alertTopic(settings: Settings): Topic {
    const topic = new Topic(this, 'Alerts', {
      displayName: `Plimsoll ${settings.deployment}`,
      enforceSSL: true,
    });
    // A policy of its own replaces the default one, by which alarms could publish.
    topic.addToResourcePolicy(
      new PolicyStatement({
        effect: Effect.ALLOW,
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': this.account } },
      }),
    );
    if (settings.alertEmail) {
      topic.addSubscription(new EmailSubscription(settings.alertEmail));
    } else if (settings.mode === 'live') {
      Annotations.of(this).addWarningV2(
        'plimsoll:alertEmail',
        'No alertEmail: alarms change colour on the dashboard, and nobody is told but through Telegram.',
      );
    }
    return topic;
  }

  #every(interval: Duration, id: string, { lambda, deadLetters }: OperatorFunction): void {
    const role = new Role(this, `${id}Role`, {
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': this.account } },
      }),
    });
    new Schedule(this, id, {
      schedule: ScheduleExpression.rate(interval),
      target: new LambdaInvoke(lambda, {
        role,
        deadLetterQueue: deadLetters,
        // The next run comes soon enough, and sees more.
        retryAttempts: 0,
        maxEventAge: Duration.minutes(1),
      }),
      description: lambda.node.path,
    });
    acknowledge(role, {
      [`AwsSolutions-IAM5[Resource::<${logicalIdOf(lambda)}.Arn>:*]`]:
        'The versions of this one function, as CDK grants an invocation.',
    });
  }
}
