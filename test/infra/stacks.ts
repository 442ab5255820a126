/**
 * Goal: the templates hold what protects money, data and secrets. Method: what CDK synthesizes with the
 * flags of cdk.json, code and image being stand-ins; cdk-nag runs on each and throws on a finding.
 */
import { readFileSync } from 'node:fs';
import validateAsl from 'asl-validator';
import type { Template } from 'aws-cdk-lib/assertions';
import { Match } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import { METRICS } from '../../shared/config/deployment.ts';
import { LIVE_LIMITS } from '../../shared/core/trading/risk-limits.ts';
import {
  build,
  ofType,
  type Resource,
  resourcesOf,
  type Templates,
  templatesOf,
} from './synthesized.ts';

const RUNBOOK = readFileSync(new URL('../../infra/runbook.md', import.meta.url), 'utf8');
const sections = new Map(
  RUNBOOK.split(/^## /m)
    .slice(1)
    .map((text) => [text.split('\n', 1)[0] ?? '', text] as const),
);

let paper: Templates;
let fckNat: Templates;
let natGateway: Templates;
let chosen: Templates;
let emergency: Templates;
beforeAll(() => {
  paper = templatesOf({ alertEmail: 'someone@example.com' });
  fckNat = templatesOf({ mode: 'live', egress: 'fck-nat' });
  natGateway = templatesOf({ mode: 'live', egress: 'nat-gateway', deployment: 'b' });
  const fckNatAmi = 'ami-0123456789abcdef0';
  chosen = templatesOf({ mode: 'demo', egress: 'fck-nat', fckNatAmi, webhookConcurrency: 0 });
  emergency = templatesOf({ mode: 'live', egress: 'fck-nat', emergencyFlatten: 'true' });
});
const all = (templates: Templates): Template[] => Object.values(templates);
const everywhere = () => [paper, fckNat, natGateway];

describe('the region', () => {
  it('is refused where the profile names one the exchange does not answer in', () => {
    expect(() => build({ region: 'us-west-2' })).toThrow(/us-west-2 .*451/);
    expect(() => build({ region: 'eu-central-1' })).not.toThrow();
  });
});

describe('the network', () => {
  it('lets nothing in from outside', () => {
    for (const templates of everywhere()) {
      const groups = ofType('AWS::EC2::SecurityGroup', ...all(templates));
      const inbound = groups.flatMap(({ Properties }) => Properties.SecurityGroupIngress ?? []);
      expect(JSON.stringify(inbound)).not.toMatch(/0\.0\.0\.0|::\/0/);
      expect(ofType('AWS::EC2::SecurityGroupIngress', ...all(templates))).toEqual([]);
      // Only what the NAT instance is to forward counts as inbound.
      expect(inbound).toHaveLength(templates === fckNat ? 1 : 0);
    }
  });

  it('lets HTTPS out and nothing else', () => {
    for (const templates of everywhere()) {
      for (const { Properties } of ofType('AWS::EC2::SecurityGroup', ...all(templates))) {
        for (const rule of Properties.SecurityGroupEgress as Record<string, unknown>[]) {
          expect(rule).toMatchObject({ IpProtocol: 'tcp', FromPort: 443, ToPort: 443 });
        }
      }
    }
  });

  it('has no NAT in paper, and one static address in live', () => {
    paper.network.resourceCountIs('AWS::EC2::NatGateway', 0);
    paper.network.resourceCountIs('AWS::EC2::EIP', 0);
    fckNat.network.resourceCountIs('AWS::EC2::NatGateway', 0);
    natGateway.network.resourceCountIs('AWS::EC2::NatGateway', 1);
    for (const { network } of [fckNat, natGateway]) {
      network.resourceCountIs('AWS::EC2::EIP', 1);
      network.hasOutput('StaticIp', { Value: { 'Fn::GetAtt': ['ElasticIp', 'PublicIp'] } });
    }
    natGateway.network.hasResourceProperties('AWS::EC2::NatGateway', {
      AllocationId: { 'Fn::GetAtt': ['ElasticIp', 'AllocationId'] },
    });
  });

  it('sends the private subnets of fck-nat through its interface, and asks for its image', () => {
    fckNat.network.hasParameter('FckNatAmi', { Type: 'AWS::EC2::Image::Id' });
    const routes = ofType('AWS::EC2::Route', fckNat.network).filter(
      ({ Properties }) => Properties.NetworkInterfaceId,
    );
    expect(routes).toHaveLength(2);
    fckNat.network.hasResourceProperties('AWS::EC2::NetworkInterface', { SourceDestCheck: false });
    fckNat.network.hasResourceProperties('AWS::AutoScaling::AutoScalingGroup', {
      MinSize: '1',
      MaxSize: '1',
    });
    chosen.network.hasParameter('FckNatAmi', { Default: 'ami-0123456789abcdef0' });
  });

  it('reaches table and bucket without leaving AWS, and pays for no endpoint', () => {
    for (const { network } of everywhere()) {
      const endpoints = ofType('AWS::EC2::VPCEndpoint', network);
      expect(endpoints.map(({ Properties }) => Properties.VpcEndpointType)).toEqual([
        'Gateway',
        'Gateway',
      ]);
    }
  });
});

describe('the state', () => {
  it('survives its stack, mistakes and 35 days of errors', () => {
    paper.state.hasResource('AWS::DynamoDB::GlobalTable', {
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
      Properties: {
        BillingMode: 'PAY_PER_REQUEST',
        TimeToLiveSpecification: { AttributeName: 'expiresAtS', Enabled: true },
        Replicas: [
          Match.objectLike({
            DeletionProtectionEnabled: true,
            PointInTimeRecoverySpecification: Match.objectLike({
              PointInTimeRecoveryEnabled: true,
            }),
          }),
        ],
      },
    });
    paper.state.hasResource('AWS::S3::Bucket', {
      DeletionPolicy: 'Retain',
      Properties: {
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
      },
    });
  });

  it('is the same for all deployments, and none can take it away from another', () => {
    expect(natGateway.state.toJSON()).toEqual(fckNat.state.toJSON());
    const outputs = Object.values(paper.state.toJSON().Outputs as object);
    const exported = JSON.stringify(outputs.filter(({ Export }) => Export));
    for (const id of ['Table', 'Journals']) expect(exported).toContain(`{"Ref":"${id}`);
  });

  it('and everything else has generated names, so that a later deployment does not collide', () => {
    const named = everywhere()
      .flatMap((templates) => resourcesOf(...all(templates)))
      .filter(([, { Properties }]) =>
        ['TableName', 'BucketName', 'FunctionName', 'RoleName', 'QueueName', 'TopicName', 'Name']
          .filter((key) => typeof Properties?.[key] === 'string')
          .some((key) => key !== 'Name' || Properties?.SecretString !== undefined),
      );
    expect(named).toEqual([]);
  });
});

describe('the secrets', () => {
  const secrets = (templates: Templates) =>
    ofType('AWS::SecretsManager::Secret', ...all(templates));

  it('hold no exchange key in paper, and two apart in live', () => {
    expect(secrets(paper)).toHaveLength(1);
    expect(secrets(fckNat)).toHaveLength(3);
  });

  it('are empty in the template', () => {
    for (const { Properties } of secrets(fckNat)) expect(Properties.SecretString).toBe('{}');
  });
});

describe('the trader', () => {
  it('is one, stopped before its successor starts, and rolled back where that fails', () => {
    for (const { trader } of everywhere()) {
      trader.resourceCountIs('AWS::ECS::Service', 1);
      trader.hasResourceProperties('AWS::ECS::Service', {
        DesiredCount: 1,
        LaunchType: 'FARGATE',
        AvailabilityZoneRebalancing: 'DISABLED',
        EnableExecuteCommand: false,
        DeploymentConfiguration: Match.objectLike({
          MinimumHealthyPercent: 0,
          MaximumPercent: 100,
          DeploymentCircuitBreaker: { Enable: true, Rollback: true },
        }),
      });
    }
  });

  it('runs on ARM as nobody, on a read-only root, without capabilities, with time to end', () => {
    paper.trader.hasResourceProperties('AWS::ECS::TaskDefinition', {
      RuntimePlatform: { CpuArchitecture: 'ARM64', OperatingSystemFamily: 'LINUX' },
      ContainerDefinitions: [
        Match.objectLike({
          User: '65532:65532',
          ReadonlyRootFilesystem: true,
          Privileged: Match.absent(),
          LinuxParameters: Match.objectLike({ Capabilities: { Drop: ['ALL'] } }),
          StopTimeout: 120,
          HealthCheck: Match.objectLike({
            Command: ['CMD', '/nodejs/bin/node', '/app/health-check.mjs'],
            StartPeriod: 120,
          }),
          MountPoints: [
            { ContainerPath: '/tmp', ReadOnly: false, SourceVolume: 'tmp' },
            { ContainerPath: '/data', ReadOnly: false, SourceVolume: 'data' },
          ],
        }),
      ],
    });
  });

  it('has a public address only where it has no other way out', () => {
    const addressed = ({ trader }: Templates) =>
      JSON.stringify(ofType('AWS::ECS::Service', trader)[0]?.Properties.NetworkConfiguration);
    expect(addressed(paper)).toContain('"AssignPublicIp":"ENABLED"');
    expect(addressed(fckNat)).toContain('"AssignPublicIp":"DISABLED"');
    expect(addressed(natGateway)).toContain('"AssignPublicIp":"DISABLED"');
  });
});

describe('the Lambdas', () => {
  const lambdas = ({ operations }: Templates) => ofType('AWS::Lambda::Function', operations);

  it('are four on Node 24 and ARM, each with its own role, log group and dead letters', () => {
    const functions = lambdas(paper);
    expect(functions).toHaveLength(4);
    const own = (key: string) =>
      new Set(functions.map(({ Properties: p }) => JSON.stringify(p[key])));
    for (const key of ['Role', 'LoggingConfig', 'DeadLetterConfig']) {
      expect(own(key).size, key).toBe(4);
      expect(own(key)).not.toContain(undefined);
    }
    for (const { Properties } of functions) {
      expect(Properties).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'] });
    }
  });

  it('keep executions apart for the webhook, unless the account has none to spare', () => {
    const reserved = (templates: Templates) =>
      lambdas(templates).flatMap(({ Properties }) => Properties.ReservedConcurrentExecutions ?? []);
    expect(reserved(paper)).toEqual([5]);
    expect(reserved(chosen)).toEqual([]);
  });

  it('stand in the VPC only to sign requests from the static address', () => {
    const inVpc = (templates: Templates) =>
      lambdas(templates)
        .filter(({ Properties }) => Properties.VpcConfig)
        .map(({ Properties }) => Properties.Description);
    expect(inVpc(paper)).toEqual([]);
    for (const live of [fckNat, natGateway]) {
      expect(inVpc(live)).toEqual([expect.stringMatching(/^Compares the table/)]);
    }
  });

  it('count one more where the owner has turned the emergency function on, behind the static address', () => {
    const demo = templatesOf({ mode: 'demo', emergencyFlatten: 'true', webhookConcurrency: 0 });
    const functionOf = (templates: Templates) =>
      lambdas(templates).find(({ Properties }) => /^Closes/.test(String(Properties.Description)))
        ?.Properties;
    for (const templates of everywhere()) expect(functionOf(templates)).toBeUndefined();
    expect(lambdas(emergency)).toHaveLength(5);
    expect(functionOf(emergency)).toMatchObject({
      ReservedConcurrentExecutions: 1,
      Timeout: 600,
      VpcConfig: expect.anything(),
    });
    // A public address of Lambda's own: keys of the demo are not restricted to one.
    expect(functionOf(demo)?.VpcConfig).toBeUndefined();
    expect(functionOf(demo)?.ReservedConcurrentExecutions).toBeUndefined();
    emergency.operations.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
      MaximumRetryAttempts: 2,
      MaximumEventAgeInSeconds: 3600,
    });
  });

  it('are woken every five minutes and every minute', () => {
    const rates = ofType('AWS::Scheduler::Schedule', paper.operations).map(
      ({ Properties }) => Properties.ScheduleExpression,
    );
    expect(rates.sort()).toEqual(['rate(1 minute)', 'rate(5 minutes)']);
  });

  it('have one door, the webhook, which checks who knocks by itself', () => {
    paper.operations.resourceCountIs('AWS::Lambda::Url', 1);
    paper.operations.hasResourceProperties('AWS::Lambda::Url', { AuthType: 'NONE' });
  });
});

describe('the logs', () => {
  it('age everywhere', () => {
    const groups = ofType('AWS::Logs::LogGroup', ...all(paper));
    expect(groups.length).toBeGreaterThan(5);
    for (const { Properties } of groups) expect(Properties.RetentionInDays).toBe(14);
  });
});

describe('the second alert channel', () => {
  it('is an e-mail, where one is named, and alarms may publish to it', () => {
    paper.operations.hasResourceProperties('AWS::SNS::Subscription', {
      Protocol: 'email',
      Endpoint: 'someone@example.com',
    });
    paper.operations.hasResourceProperties('AWS::SNS::TopicPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Effect: 'Allow',
            Principal: { Service: 'cloudwatch.amazonaws.com' },
            Action: 'sns:Publish',
          }),
        ]),
      },
    });
  });
});

describe('metrics', () => {
  it('of our own are the ten agreed on, and no other', () => {
    expect(Object.keys(METRICS).length).toBeLessThanOrEqual(10);
    const text = JSON.stringify(paper.observability.toJSON());
    const used = [...text.matchAll(/Plimsoll\\*",\\*"(\w+)\\*",\\*"Deployment/g)].map(([, n]) => n);
    const alarmed = ofType('AWS::CloudWatch::Alarm', paper.observability).flatMap(
      ({ Properties }) => (Properties.Namespace === 'Plimsoll' ? [Properties.MetricName] : []),
    );
    const names = Object.values(METRICS).map(({ name }) => name);
    expect([...new Set(used)].sort()).toEqual([...names].sort());
    expect(names).toEqual(expect.arrayContaining(alarmed));
  });
});

describe('the sweep', () => {
  it('is a distributed map whose results are written, in valid Amazon States Language', () => {
    const [machine] = ofType('AWS::StepFunctions::StateMachine', paper.research);
    const definition = JSON.parse(joined(machine?.Properties.DefinitionString));
    expect(validateAsl(definition).errors).toEqual([]);
    const map = definition.States.EachChunk;
    expect(map.ItemProcessor.ProcessorConfig).toEqual({
      Mode: 'DISTRIBUTED',
      ExecutionType: 'STANDARD',
    });
    expect(map.ResultWriter.Parameters['Prefix.$']).toBe('$.resultsPrefix');
    expect(map.ItemReader.Parameters['Key.$']).toBe('$.itemsKey');
    // What the worker is written for: see ChunkEvent in research/sweep/remote-chunk.ts.
    expect(map.ItemProcessor.States.RunChunk.Parameters).toEqual({
      bucket: expect.any(String),
      'task.$': '$.task',
      'chunk.$': '$.chunk',
      'resultsPrefix.$': '$.resultsPrefix',
    });
  });
});

/** All there are: one more where the emergency function is on. */
const alarms = () => ofType('AWS::CloudWatch::Alarm', emergency.observability);
const sectionOf = ({ Properties }: Resource) =>
  /Runbook: infra\/runbook\.md, "(.+)"\.$/.exec(String(Properties.AlarmDescription))?.[1];

describe('the runbook', () => {
  it('has a section for every alarm, and an alarm for every section', () => {
    expect(alarms().length).toBeGreaterThan(0);
    expect(alarms().map(sectionOf).sort()).toEqual([...sections.keys()].sort());
  });

  it.each([...sections])(
    'says of "%s" what it means, what to look at and what to do',
    (_, text) => {
      for (const part of ['It means', 'Look at', 'Do']) {
        const said = new RegExp(`\\*\\*${part}:\\*\\* ([^*]+)`).exec(text)?.[1] ?? '';
        expect(said.length, part).toBeGreaterThan(40);
      }
    },
  );
});

describe('every alarm', () => {
  it('tells the second alert channel, when it is bad and when it is over', () => {
    for (const { Properties } of alarms()) {
      expect(Properties.AlarmActions).toHaveLength(1);
      expect(Properties.OKActions).toEqual(Properties.AlarmActions);
      expect(JSON.stringify(Properties.AlarmActions)).toMatch(/Alerts/);
    }
  });

  it('looks at single minutes, whatever it adds up', () => {
    const periods = alarms().flatMap(({ Properties }) => [
      ...(Properties.Period === undefined ? [] : [Properties.Period]),
      ...((Properties.Metrics ?? []) as { MetricStat?: { Period: number } }[]).flatMap(
        ({ MetricStat }) => (MetricStat ? [MetricStat.Period] : []),
      ),
    ]);
    expect(periods.length).toBeGreaterThanOrEqual(alarms().length);
    expect(new Set(periods)).toEqual(new Set([60]));
  });

  it('wakes a person no later than the trader acts by itself', () => {
    const thresholdOf = (section: string) =>
      Number(alarms().find((alarm) => sectionOf(alarm) === section)?.Properties.Threshold);
    const percent = (ppm: number) => ppm / 10_000;
    expect(thresholdOf('Daily loss')).toBe(-percent(LIVE_LIMITS.dailyLossReducePpm));
    expect(thresholdOf('Margin ratio')).toBeLessThan(percent(LIVE_LIMITS.marginRatioReducePpm));
    expect(thresholdOf('Margin ratio')).toBeGreaterThan(percent(LIVE_LIMITS.marginRatioMaxPpm));
  });

  it('takes a silent trader for bad news, and silence of anything else for none', () => {
    const breaching = alarms().filter(
      ({ Properties }) => Properties.TreatMissingData === 'breaching',
    );
    expect(breaching.map(sectionOf)).toEqual(['No heartbeat']);
  });
});

/** A text of Fn::Join, its references replaced by an ARN or, inside one, by the partition. */
function joined(value: unknown): string {
  if (typeof value === 'string') return value;
  const [, parts] = (value as { 'Fn::Join': [string, unknown[]] })['Fn::Join'];
  return parts
    .map((part) => {
      if (typeof part === 'string') return part;
      return 'Ref' in (part as object) ? 'aws' : 'arn:aws:lambda:eu-west-1:111122223333:function:f';
    })
    .join('');
}
