/**
 * Writes secrets, in one step or in two: a new version waits beside the current one as AWSPENDING until it
 * has proved itself. What a secret holds appears in no error.
 */
import { randomUUID } from 'node:crypto';
import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import type { z } from 'zod';
import { AwsError } from './aws-error.ts';

const CURRENT = 'AWSCURRENT';
const PENDING = 'AWSPENDING';

export interface SecretVersion<T> {
  readonly id: string;
  readonly value: T;
}

/** All of these throw AwsError. */
export class SecretVersions {
  readonly #client: SecretsManagerClient;

  constructor(region: string) {
    this.#client = new SecretsManagerClient({ region });
  }

  current<T>(arn: string, schema: z.ZodType<T>): Promise<SecretVersion<T>> {
    return this.#read(arn, schema, { VersionStage: CURRENT });
  }

  /** Makes `value` the current version at once. */
  async write(arn: string, value: object): Promise<void> {
    await this.#put(arn, value, CURRENT);
  }

  /** Adds a version that nobody reads yet, and reads it back as it is stored. */
  async propose<T>(arn: string, value: object, schema: z.ZodType<T>): Promise<SecretVersion<T>> {
    const id = await this.#put(arn, value, PENDING);
    return this.#read(arn, schema, { VersionId: id });
  }

  /** Makes version `to` the current one instead of `from`, which stays as the previous one. */
  async promote(arn: string, { from, to }: { from: string; to: string }): Promise<void> {
    await this.#stage(arn, {
      VersionStage: CURRENT,
      MoveToVersionId: to,
      RemoveFromVersionId: from,
    });
  }

  /** Takes the mark of a proposed version from it. */
  async withdraw(arn: string, id: string): Promise<void> {
    await this.#stage(arn, { VersionStage: PENDING, RemoveFromVersionId: id });
  }

  close(): void {
    this.#client.destroy();
  }

  async #read<T>(
    arn: string,
    schema: z.ZodType<T>,
    which: { VersionStage: string } | { VersionId: string },
  ): Promise<SecretVersion<T>> {
    const { SecretString = '{}', VersionId = '' } = await guarded(`read secret ${arn}`, () =>
      this.#client.send(new GetSecretValueCommand({ SecretId: arn, ...which })),
    );
    let value: unknown = null;
    try {
      value = JSON.parse(SecretString);
    } catch {
      // JSON.parse would quote it; the schema refuses null.
    }
    const parsed = schema.safeParse(value);
    if (parsed.success) return { id: VersionId, value: parsed.data };
    throw new AwsError(`secret ${arn} does not have the form expected; write it anew with "setup"`);
  }

  async #put(arn: string, value: object, stage: string): Promise<string> {
    const id = randomUUID();
    const { VersionId = id } = await guarded(`write secret ${arn}`, () =>
      this.#client.send(
        new PutSecretValueCommand({
          SecretId: arn,
          SecretString: JSON.stringify(value),
          ClientRequestToken: id,
          VersionStages: [stage],
        }),
      ),
    );
    return VersionId;
  }

  async #stage(
    arn: string,
    change: { VersionStage: string; MoveToVersionId?: string; RemoveFromVersionId: string },
  ): Promise<void> {
    await guarded(`change which version of secret ${arn} is current`, () =>
      this.#client.send(new UpdateSecretVersionStageCommand({ SecretId: arn, ...change })),
    );
  }
}

/** Only the kind of the error: its text may repeat what was sent. */
async function guarded<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new AwsError(`cannot ${doing} (${(error as Error).name})`);
  }
}
