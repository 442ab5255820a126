/** Puts files into an S3 bucket: journals, recordings. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';

/** The file did not arrive; offering it again does no harm. */
export class UploadError extends Error {
  override readonly name = 'UploadError';
}

export interface ObjectUpload {
  /** Puts `file` under `key`, replacing what is there. Throws UploadError. */
  upload(key: string, file: string, abortSignal?: AbortSignal): Promise<void>;
  close(): void;
}

export interface ObjectUploadOptions {
  readonly bucket: string;
  readonly region?: string;
  /** Another address than AWS's, for tests; its credentials are made up. */
  readonly endpoint?: string;
}

const CONNECT_MS = 5_000;
const ignore = () => undefined;

export function createObjectUpload({
  bucket,
  region,
  endpoint,
}: ObjectUploadOptions): ObjectUpload {
  const client = new S3Client({
    ...(region ? { region } : {}),
    ...(endpoint
      ? {
          endpoint,
          region: region ?? 'local',
          forcePathStyle: true,
          credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
        }
      : {}),
    requestHandler: { connectionTimeout: CONNECT_MS },
    // A stream can be read once; whoever calls tries again.
    maxAttempts: 1,
    // The SDK would say so on the console too.
    logger: { debug: ignore, info: ignore, warn: ignore, error: ignore },
  });
  return {
    async upload(key, file, abortSignal) {
      try {
        const { size } = await stat(file);
        await client.send(
          new PutObjectCommand({
            Bucket: bucket,
            Key: key,
            Body: createReadStream(file),
            ContentLength: size,
          }),
          abortSignal ? { abortSignal } : {},
        );
      } catch (error) {
        const { name, message } = error as Error;
        throw new UploadError(`${file} did not get to s3://${bucket}/${key} (${name}: ${message})`);
      }
    },
    close: () => client.destroy(),
  };
}
