/** A Lambda of this deployment: its own role, log group and dead-letter queue, and nothing it does not use. */
import { Duration, Stack } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, type Code, Function as Lambda, Runtime } from 'aws-cdk-lib/aws-lambda';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledgements.ts';
import type { Settings } from './config.ts';
import { logGroup } from './log-group.ts';
import { programEnvironment } from './program-environment.ts';
import { grantTable, type TableRole } from './table-grant.ts';

export interface OperatorFunctionProps {
  readonly settings: Settings;
  readonly code: Code;
  readonly description: string;
  readonly table: ITable;
  /** What it may do there; absent: what every Lambda may. */
  readonly tableRole?: TableRole;
  /** Secrets it may read, by the variable that names them. */
  readonly secrets: Readonly<Record<string, ISecret | null>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly memoryMiB: number;
  readonly timeout: Duration;
  /** Executions set apart for it. */
  readonly reservedConcurrency?: number;
  /** Of an asynchronous invocation that fails; absent: one retry, of what is not older than a minute. */
  readonly retry?: { readonly attempts: number; readonly ageMax: Duration };
  /** Where it leaves by the deployment's static address. */
  readonly network?: {
    readonly vpc: IVpc;
    readonly subnets: SubnetSelection;
    readonly securityGroup: ISecurityGroup;
  } | null;
}

/** What AWS demands of a function in a VPC; the actions know no resource. */
const NETWORK_INTERFACE_ACTIONS = [
  'ec2:CreateNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DeleteNetworkInterface',
  'ec2:AssignPrivateIpAddresses',
  'ec2:UnassignPrivateIpAddresses',
];

export class OperatorFunction extends Construct {
  readonly lambda: Lambda;
  readonly deadLetters: Queue;
  readonly logGroupName: string;

  constructor(scope: Construct, id: string, props: OperatorFunctionProps) {
    super(scope, id);
    const { settings, table, network } = props;
    // Whatever is asynchronous comes again by itself; what is old is worth nothing.
    const { retry = { attempts: 1, ageMax: Duration.minutes(1) } } = props;
    const logs = logGroup(this, 'Logs', settings);
    this.logGroupName = logs.logGroupName;

    this.deadLetters = new Queue(this, 'DeadLetters', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    acknowledge(this.deadLetters, {
      'AwsSolutions-SQS3': 'It is a dead-letter queue, of a function instead of a queue.',
    });

    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    });
    logs.grantWrite(role);
    grantTable(role, { table, role: props.tableRole ?? 'operator', settings });
    const secretVariables: Record<string, string> = {};
    for (const [variable, secret] of Object.entries(props.secrets)) {
      if (!secret) continue;
      secret.grantRead(role);
      secretVariables[variable] = secret.secretArn;
    }
    if (network) {
      role.addToPolicy(
        new PolicyStatement({ actions: NETWORK_INTERFACE_ACTIONS, resources: ['*'] }),
      );
      // Lambda uses these before the code runs; the code itself must not.
      role.addToPolicy(denyToTheCode(Stack.of(this)));
      acknowledge(role, {
        'AwsSolutions-IAM5[Resource::*]':
          'Lambda itself needs these to attach to the VPC, and they know no resource; the code is denied them.',
      });
    }

    this.lambda = new Lambda(this, 'Function', {
      description: props.description,
      code: props.code,
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: props.memoryMiB,
      timeout: props.timeout,
      role,
      logGroup: logs,
      deadLetterQueue: this.deadLetters,
      retryAttempts: retry.attempts,
      maxEventAge: retry.ageMax,
      ...(props.reservedConcurrency
        ? { reservedConcurrentExecutions: props.reservedConcurrency }
        : {}),
      ...(network
        ? {
            vpc: network.vpc,
            vpcSubnets: network.subnets,
            securityGroups: [network.securityGroup],
          }
        : {}),
      environment: {
        ...programEnvironment(settings, table),
        ...secretVariables,
        ...props.environment,
      },
    });
  }
}

function denyToTheCode({ partition, region, account }: Stack): PolicyStatement {
  return PolicyStatement.fromJson({
    Effect: 'Deny',
    Action: NETWORK_INTERFACE_ACTIONS,
    Resource: '*',
    Condition: {
      ArnLike: {
        'lambda:SourceFunctionArn': `arn:${partition}:lambda:${region}:${account}:function:*`,
      },
    },
  });
}
