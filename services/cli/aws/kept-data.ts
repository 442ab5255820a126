/** What outlives stacks, tables and buckets with generated names: found and, when told to, removed for good. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DeleteTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  ListTablesCommand,
  ResourceNotFoundException,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb';
import {
  DeleteBucketCommand,
  DeleteObjectsCommand,
  ListBucketsCommand,
  ListObjectVersionsCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { STATE_STACK, stackName } from '../../../shared/config/deployment.ts';
import { AwsError, asked } from './aws-error.ts';

export interface KeptNames {
  readonly tables: readonly string[];
  readonly buckets: readonly string[];
}

/** All of these throw AwsError. */
export class KeptData {
  readonly #tables: DynamoDBClient;
  readonly #buckets: S3Client;
  readonly #pollMs: number;

  constructor(region: string, pollMs: number) {
    this.#tables = new DynamoDBClient({ region });
    this.#buckets = new S3Client({ region });
    this.#pollMs = pollMs;
  }

  /**
   * Tables and buckets that CloudFormation named for our stacks, of stacks long gone too: the shared ones,
   * and the bucket of the deployment's own sweeps.
   */
  async find(deployment: string): Promise<{ shared: KeptNames; own: KeptNames }> {
    const sweeps = `${stackName(deployment, 'research')}-`;
    const buckets = await this.#bucketNames();
    return {
      shared: {
        tables: await this.#tableNames(`${STATE_STACK}-`),
        buckets: buckets.filter((name) => name.startsWith(`${STATE_STACK}-`)),
      },
      own: { tables: [], buckets: buckets.filter((name) => name.startsWith(sweeps)) },
    };
  }

  /** Takes the protection off, deletes the table and waits until it is gone. */
  async removeTable(TableName: string): Promise<void> {
    await asked(`delete table ${TableName}`, async () => {
      await this.#tables.send(
        new UpdateTableCommand({ TableName, DeletionProtectionEnabled: false }),
      );
      await this.#untilTable(TableName, 'ACTIVE');
      await this.#tables.send(new DeleteTableCommand({ TableName }));
      await this.#untilTable(TableName, 'gone');
    });
  }

  /** Deletes every version of every object below `prefix`; returns how many. */
  async empty(Bucket: string, prefix = ''): Promise<number> {
    return asked(`empty bucket ${Bucket}`, async () => {
      let removed = 0;
      for (;;) {
        // From the beginning each time: what was listed is gone.
        const page = await this.#buckets.send(
          new ListObjectVersionsCommand({ Bucket, ...(prefix ? { Prefix: prefix } : {}) }),
        );
        const Objects = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])].map(
          ({ Key, VersionId }) => ({ Key, VersionId }),
        );
        if (Objects.length === 0) return removed;
        const { Errors = [] } = await this.#buckets.send(
          new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }),
        );
        if (Errors[0]) throw new AwsError(`${Errors[0].Key} stays: ${Errors[0].Code}`);
        removed += Objects.length;
      }
    });
  }

  async removeBucket(Bucket: string): Promise<number> {
    const removed = await this.empty(Bucket);
    await asked(`delete bucket ${Bucket}`, () =>
      this.#buckets.send(new DeleteBucketCommand({ Bucket })),
    );
    return removed;
  }

  close(): void {
    this.#tables.destroy();
    this.#buckets.destroy();
  }

  async #untilTable(TableName: string, wanted: 'ACTIVE' | 'gone'): Promise<void> {
    for (;;) {
      try {
        const { Table } = await this.#tables.send(new DescribeTableCommand({ TableName }));
        if (Table?.TableStatus === wanted) return;
      } catch (error) {
        if (error instanceof ResourceNotFoundException && wanted === 'gone') return;
        throw error;
      }
      await sleep(this.#pollMs);
    }
  }

  async #tableNames(prefix: string): Promise<string[]> {
    return asked('list the tables', async () => {
      const names: string[] = [];
      let last: string | undefined;
      do {
        const page = await this.#tables.send(
          new ListTablesCommand(last ? { ExclusiveStartTableName: last } : {}),
        );
        names.push(...(page.TableNames ?? []).filter((name) => name.startsWith(prefix)));
        last = page.LastEvaluatedTableName;
      } while (last);
      return names;
    });
  }

  /** Those of this region: a bucket elsewhere belongs to a deployment elsewhere. */
  async #bucketNames(): Promise<string[]> {
    return asked('list the buckets', async () => {
      const names: string[] = [];
      const BucketRegion = await this.#buckets.config.region();
      let ContinuationToken: string | undefined;
      do {
        const page = await this.#buckets.send(
          new ListBucketsCommand({
            Prefix: 'plimsoll-',
            BucketRegion,
            ...(ContinuationToken ? { ContinuationToken } : {}),
          }),
        );
        for (const { Name } of page.Buckets ?? []) if (Name) names.push(Name);
        ContinuationToken = page.ContinuationToken;
      } while (ContinuationToken);
      return names;
    });
  }
}
