/** Small objects in an S3 bucket: read whole, written whole, listed by prefix. */
import {
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';

/** The bucket did not do what was asked; the message names object and cause. */
export class ObjectStoreError extends Error {
  override readonly name = 'ObjectStoreError';
}

/** All of these throw ObjectStoreError. */
export interface ObjectStore {
  get(key: string): Promise<Buffer>;
  /** Replaces what is there. */
  put(key: string, body: string | Uint8Array): Promise<void>;
  /** Keys that begin with `prefix`, in the order of their bytes. */
  list(prefix: string): Promise<readonly string[]>;
  close(): void;
}

export interface ObjectStoreOptions {
  readonly bucket: string;
  /** Absent: as the environment says. */
  readonly region?: string | undefined;
}

const CONNECT_MS = 5_000;

export function createObjectStore({ bucket, region }: ObjectStoreOptions): ObjectStore {
  const client = new S3Client({
    ...(region ? { region } : {}),
    requestHandler: { connectionTimeout: CONNECT_MS },
  });
  async function guarded<T>(doing: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const { name, message } = error as Error;
      // Not kept as cause: the SDK's errors carry the signed request.
      throw new ObjectStoreError(`cannot ${doing} (${name}: ${message})`);
    }
  }
  return {
    get: (key) =>
      guarded(`read s3://${bucket}/${key}`, async () => {
        const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
        return Buffer.from((await Body?.transformToByteArray()) ?? []);
      }),
    put: (key, body) =>
      guarded(`write s3://${bucket}/${key}`, async () => {
        await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
      }),
    list: (prefix) =>
      guarded(`list s3://${bucket}/${prefix}`, async () => {
        const keys: string[] = [];
        let token: string | undefined;
        do {
          const page = await client.send(
            new ListObjectsV2Command({
              Bucket: bucket,
              Prefix: prefix,
              ...(token ? { ContinuationToken: token } : {}),
            }),
          );
          for (const { Key } of page.Contents ?? []) if (Key !== undefined) keys.push(Key);
          token = page.NextContinuationToken;
        } while (token);
        return keys;
      }),
    close: () => client.destroy(),
  };
}
