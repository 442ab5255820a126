/**
 * Parameter sweeps too large for one machine: a distributed map over a Lambda, data and results in S3.
 * Costs nothing while it is not used.
 *
 * The contract with `plimsoll sweep --on aws` and the worker (research/sweep/worker-handler.ts):
 *
 * - An execution's input is `{ task, itemsKey, resultsPrefix }`. `task` is what all chunks share, as the
 *   worker wants it, e.g. `{ dataKey, strategy, rules, markDays, kernel }`; `dataKey` and the like are keys
 *   in the bucket. At `itemsKey` lies a JSON array of chunks, each `{ job, combinations }`.
 * - The worker is called once a chunk with `{ bucket, task, chunk, resultsPrefix }`, writes its rows as JSON
 *   lines to `<resultsPrefix>rows/<job>.jsonl` and returns a receipt, `{ job, combinations, key }`. The same
 *   chunk may come twice; it writes the same object.
 * - The receipts are written as JSON lines below `resultsPrefix`, beside a `manifest.json` that is there
 *   once all are done. A sweep fails if more than one in a hundred chunks fails after its retries.
 *
 * All keys begin with `sweeps/`; they age.
 */
import { CfnOutput, Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, type Code, Function as Lambda, Runtime } from 'aws-cdk-lib/aws-lambda';
import { BlockPublicAccess, Bucket, BucketEncryption, type IBucket } from 'aws-cdk-lib/aws-s3';
import {
  DefinitionBody,
  DistributedMap,
  JsonPath,
  LogLevel,
  OutputType,
  ResultWriterV2,
  S3JsonItemReader,
  StateMachine,
  StateMachineType,
  TaskInput,
  Transformation,
  WriterConfig,
} from 'aws-cdk-lib/aws-stepfunctions';
import { LambdaInvoke } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import type { Construct } from 'constructs';
import { OUTPUTS } from '../shared/config/deployment.ts';
import { acknowledge, logicalIdOf } from './acknowledgements.ts';
import type { Settings } from './config.ts';
import { logGroup } from './log-group.ts';

export interface ResearchStackProps extends StackProps {
  readonly settings: Settings;
  readonly code: Code;
}

const PREFIX = 'sweeps/';
/** A new account runs ten Lambdas at a time; what is refused comes again. */
const CHUNKS_AT_ONCE = 100;

export class ResearchStack extends Stack {
  constructor(scope: Construct, id: string, props: ResearchStackProps) {
    super(scope, id, props);
    const { settings, code } = props;

    const bucket = new Bucket(this, 'Sweeps', {
      encryption: BucketEncryption.S3_MANAGED,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      // Results outlive the stack that made them; what can be computed again ages, so nothing is left to pay for.
      removalPolicy: RemovalPolicy.RETAIN,
      lifecycleRules: [
        {
          id: 'sweeps',
          expiration: Duration.days(90),
          abortIncompleteMultipartUploadAfter: Duration.days(2),
        },
      ],
    });
    acknowledge(bucket, {
      'AwsSolutions-S1': 'Data sets and results of research; who read them does not matter.',
    });

    const worker = this.#worker(bucket as IBucket, code, settings);
    const invoke = new LambdaInvoke(this, 'RunChunk', {
      lambdaFunction: worker,
      payload: TaskInput.fromObject({
        bucket: bucket.bucketName,
        'task.$': '$.task',
        'chunk.$': '$.chunk',
        'resultsPrefix.$': '$.resultsPrefix',
      }),
      payloadResponseOnly: true,
    });
    invoke.addRetry({
      errors: ['Lambda.TooManyRequestsException'],
      interval: Duration.seconds(2),
      maxAttempts: 20,
      backoffRate: 1.5,
      maxDelay: Duration.seconds(60),
    });

    const map = new DistributedMap(this, 'EachChunk', {
      itemReader: new S3JsonItemReader({
        bucket: bucket as IBucket,
        key: JsonPath.stringAt('$.itemsKey'),
      }),
      itemSelector: {
        'chunk.$': '$$.Map.Item.Value',
        'task.$': '$.task',
        'resultsPrefix.$': '$.resultsPrefix',
      },
      // An express child may live five minutes, waiting for a free Lambda included.
      mapExecutionType: StateMachineType.STANDARD,
      maxConcurrency: CHUNKS_AT_ONCE,
      toleratedFailurePercentage: 1,
      resultWriterV2: new ResultWriterV2({
        bucket: bucket as IBucket,
        prefix: JsonPath.stringAt('$.resultsPrefix'),
        writerConfig: new WriterConfig({
          transformation: Transformation.COMPACT,
          outputType: OutputType.JSONL,
        }),
      }),
    });
    map.itemProcessor(invoke);

    const machine = new StateMachine(this, 'Sweep', {
      definitionBody: DefinitionBody.fromChainable(map),
      timeout: Duration.hours(2),
      logs: {
        destination: logGroup(this, 'Logs', settings),
        level: LogLevel.ALL,
        includeExecutionData: false,
      },
    });
    acknowledge(machine, {
      'AwsSolutions-SF2':
        'The history of an execution says everything; traces would be paid for by the chunk.',
      'AwsSolutions-IAM5[Resource::*]':
        'The delivery of logs knows no resource; AWS takes nothing else.',
      [`AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:s3:::<${logicalIdOf(bucket)}>/*]`]:
        'Objects in the bucket of sweeps, whose names are not known before.',
      [`AwsSolutions-IAM5[Resource::<${logicalIdOf(worker)}.Arn>:*]`]:
        'The versions of this one function, as CDK grants an invocation.',
      ...Object.fromEntries(
        ['', '/*'].map((child) => [
          `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:{"Fn::Select":[6,{"Fn::Split":[":",{"Ref":"${logicalIdOf(machine)}"}]}]}${child}:*]`,
          'The map runs of this machine, whose names are not known before.',
        ]),
      ),
    });

    new CfnOutput(this, OUTPUTS.sweepMachine, { value: machine.stateMachineArn });
    new CfnOutput(this, OUTPUTS.sweepBucket, { value: bucket.bucketName });
  }

  #worker(bucket: IBucket, code: Code, settings: Settings): Lambda {
    const logs = logGroup(this, 'WorkerLogs', settings);
    const role = new Role(this, 'WorkerRole', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    });
    logs.grantWrite(role);
    role.addToPolicy(
      new PolicyStatement({
        actions: ['s3:GetObject', 's3:PutObject'],
        resources: [bucket.arnForObjects(`${PREFIX}*`)],
      }),
    );
    acknowledge(role, {
      [`AwsSolutions-IAM5[Resource::<${logicalIdOf(bucket)}.Arn>/${PREFIX}*]`]:
        'Objects of sweeps, whose names are not known before.',
    });
    return new Lambda(this, 'Worker', {
      description: 'Computes a chunk of a parameter sweep',
      code,
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      // One whole processor.
      memorySize: 1769,
      timeout: Duration.minutes(10),
      role,
      logGroup: logs,
    });
  }
}
