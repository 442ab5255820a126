/**
 * What outlives every deployment: the table and the bucket. One stack an AWS account and region, shared
 * by all deployments there, so that two of them on one exchange account meet at one lease.
 */

import type { StackProps } from 'aws-cdk-lib';
import {
  CfnOutput,
  CrossStackReferences,
  Duration,
  ReferenceStrength,
  RemovalPolicy,
  Stack,
} from 'aws-cdk-lib';
import {
  AttributeType,
  Billing,
  type ITable,
  TableEncryptionV2,
  TableV2,
} from 'aws-cdk-lib/aws-dynamodb';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type IBucket,
  StorageClass,
} from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { OUTPUTS, TABLE_KEYS } from '../shared/config/deployment.ts';
import { acknowledge } from './acknowledgements.ts';

export class StateStack extends Stack {
  readonly table: ITable;
  readonly bucket: IBucket;

  constructor(scope: Construct, id: string, props: StackProps) {
    super(scope, id, props);

    // Kept when the stack goes, under a generated name: it may hold the orders of an open position, and a
    // later deployment must not collide with it.
    const table = new TableV2(this, 'Table', {
      partitionKey: { name: TABLE_KEYS.partitionKey, type: AttributeType.STRING },
      sortKey: { name: TABLE_KEYS.sortKey, type: AttributeType.STRING },
      timeToLiveAttribute: TABLE_KEYS.timeToLive,
      billing: Billing.onDemand(),
      encryption: TableEncryptionV2.dynamoOwnedKey(),
      pointInTimeRecoverySpecification: {
        pointInTimeRecoveryEnabled: true,
        recoveryPeriodInDays: 35,
      },
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });

    // Kept likewise: journals are how a session is replayed and its decisions explained.
    const bucket = new Bucket(this, 'Journals', {
      encryption: BucketEncryption.S3_MANAGED,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      versioned: true,
      removalPolicy: RemovalPolicy.RETAIN,
      lifecycleRules: [
        {
          id: 'journals',
          prefix: 'journals/',
          transitions: [
            {
              storageClass: StorageClass.GLACIER_INSTANT_RETRIEVAL,
              transitionAfter: Duration.days(90),
            },
          ],
          expiration: Duration.days(730),
        },
        // Raw frames of a busy day are gigabytes.
        { id: 'recordings', prefix: 'recordings/', expiration: Duration.days(30) },
        {
          id: 'leftovers',
          abortIncompleteMultipartUploadAfter: Duration.days(2),
          noncurrentVersionExpiration: Duration.days(30),
        },
      ],
    });
    acknowledge(bucket, {
      'AwsSolutions-S1':
        'Access logs would need a second bucket that grows for ever; only the trader may write here, and nobody outside may read.',
    });

    // While a deployment uses table or bucket, CloudFormation refuses to delete this stack: the next
    // deployment would get an empty table, and the other one's orders would be out of sight.
    for (const shared of [table, bucket]) {
      CrossStackReferences.of(shared).produce(ReferenceStrength.STRONG);
    }
    new CfnOutput(this, OUTPUTS.table, { value: table.tableName });
    new CfnOutput(this, OUTPUTS.bucket, { value: bucket.bucketName });
    this.table = table as ITable;
    this.bucket = bucket as IBucket;
  }
}
