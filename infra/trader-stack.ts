/** The trader: one Fargate task that is stopped before its successor starts. */
import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import {
  AvailabilityZoneRebalancing,
  Capability,
  Cluster,
  type ContainerImage,
  ContainerInsights,
  CpuArchitecture,
  FargatePlatformVersion,
  FargateService,
  FargateTaskDefinition,
  type ICluster,
  LinuxParameters,
  LogDriver,
  OperatingSystemFamily,
} from 'aws-cdk-lib/aws-ecs';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { OUTPUTS, VARIABLES } from '../shared/config/deployment.ts';
import { acknowledge, exportOf } from './acknowledgements.ts';
import { hasStaticAddress, type Settings } from './config.ts';
import { logGroup } from './log-group.ts';
import { programEnvironment } from './program-environment.ts';
import { grantTable } from './table-grant.ts';

export interface TraderStackProps extends StackProps {
  readonly settings: Settings;
  readonly image: ContainerImage;
  readonly table: ITable;
  readonly bucket: IBucket;
  readonly secrets: { readonly telegram: ISecret; readonly tradingKey: ISecret | null };
  readonly network: {
    readonly vpc: IVpc;
    readonly subnets: SubnetSelection;
    readonly securityGroup: ISecurityGroup;
  };
}

export class TraderStack extends Stack {
  readonly service: FargateService;
  readonly logGroupName: string;

  constructor(scope: Construct, id: string, props: TraderStackProps) {
    super(scope, id, props);
    const { settings, image, table, bucket, secrets, network } = props;

    // An ordinary cluster: container insights are custom metrics, ten times the price of ours.
    const cluster = new Cluster(this, 'Cluster', {
      vpc: network.vpc,
      containerInsightsV2: ContainerInsights.DISABLED,
    });
    acknowledge(cluster, {
      'AwsSolutions-ECS4':
        'Container insights would cost more than the task; processor and memory are on the dashboard without them.',
    });

    // 0.25 vCPU is a hundred times what 144 µs an event need; half a gigabyte is three times what is resident.
    const task = new FargateTaskDefinition(this, 'Task', {
      cpu: 256,
      memoryLimitMiB: 512,
      runtimePlatform: {
        cpuArchitecture: CpuArchitecture.ARM64,
        operatingSystemFamily: OperatingSystemFamily.LINUX,
      },
      // The only places that can be written; gone with the task. What must last is in DynamoDB and S3.
      volumes: [{ name: 'tmp' }, { name: 'data' }],
    });
    const logs = logGroup(this, 'Logs', settings);
    this.logGroupName = logs.logGroupName;
    const linuxParameters = new LinuxParameters(this, 'Linux', { initProcessEnabled: false });
    linuxParameters.dropCapabilities(Capability.ALL);
    const container = task.addContainer('Trader', {
      image,
      essential: true,
      user: '65532:65532',
      readonlyRootFilesystem: true,
      linuxParameters,
      logging: LogDriver.awsLogs({ logGroup: logs, streamPrefix: 'trader' }),
      // The longest that Fargate grants: time to cancel, flush the journal and give the lease back.
      stopTimeout: Duration.seconds(120),
      healthCheck: {
        // Event loop and lease, not the exchange: restarting does not bring an exchange back.
        command: ['CMD', '/nodejs/bin/node', '/app/health-check.mjs'],
        interval: Duration.seconds(30),
        timeout: Duration.seconds(5),
        retries: 3,
        startPeriod: Duration.seconds(120),
      },
      environment: {
        ...programEnvironment(settings, table),
        AWS_REGION: this.region,
        PLIMSOLL_JSON: 'true',
        [VARIABLES.bucket]: bucket.bucketName,
        [VARIABLES.telegramSecret]: secrets.telegram.secretArn,
        ...(secrets.tradingKey
          ? { [VARIABLES.tradingKeySecret]: secrets.tradingKey.secretArn }
          : {}),
      },
    });
    container.addMountPoints(
      { sourceVolume: 'tmp', containerPath: '/tmp', readOnly: false },
      { sourceVolume: 'data', containerPath: '/data', readOnly: false },
    );
    acknowledge(task, {
      'AwsSolutions-ECS2': 'Configuration and names of secrets; the secrets are read when needed.',
      'AwsSolutions-IAM5[Resource::*]':
        'ecr:GetAuthorizationToken knows no resource; AWS takes nothing else.',
    });

    grantTable(task.taskRole, { table, role: 'trader', settings });
    secrets.telegram.grantRead(task.taskRole);
    secrets.tradingKey?.grantRead(task.taskRole);
    const journals = `journals/${settings.deployment}/*`;
    task.addToTaskRolePolicy(
      new PolicyStatement({
        actions: ['s3:PutObject'],
        resources: [bucket.arnForObjects(journals)],
      }),
    );
    acknowledge(task.taskRole, {
      [`AwsSolutions-IAM5[Resource::${exportOf(bucket, bucket.bucketArn)}/${journals}]`]:
        'Objects of this deployment, whose names are not known before.',
    });

    this.service = new FargateService(this, 'Service', {
      cluster: cluster as ICluster,
      taskDefinition: task,
      platformVersion: FargatePlatformVersion.LATEST,
      vpcSubnets: network.subnets,
      securityGroups: [network.securityGroup],
      assignPublicIp: !hasStaticAddress(settings),
      // One writer: the old one stops before the new one starts. The lease is what guarantees it.
      desiredCount: 1,
      minHealthyPercent: 0,
      maxHealthyPercent: 100,
      // Moving a running trader to another zone for balance is a restart for nothing.
      availabilityZoneRebalancing: AvailabilityZoneRebalancing.DISABLED,
      circuitBreaker: { enable: true, rollback: true },
      // No shell into a process that holds a key.
      enableExecuteCommand: false,
    });
    new CfnOutput(this, OUTPUTS.cluster, { value: cluster.clusterName });
    new CfnOutput(this, OUTPUTS.service, { value: this.service.serviceName });
    // Whose rows of the table are its own.
    new CfnOutput(this, OUTPUTS.account, { value: settings.account });
    new CfnOutput(this, OUTPUTS.symbol, { value: settings.symbol });
    new CfnOutput(this, OUTPUTS.egress, { value: settings.egress });
  }
}
