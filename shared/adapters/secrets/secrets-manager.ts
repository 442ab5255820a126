/** Reads JSON secrets from AWS Secrets Manager. What a secret holds appears in no error and no log. */
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { z } from 'zod';

/** The secret cannot be read, or does not have the form expected; the message names it, never its value. */
export class SecretError extends Error {
  override readonly name = 'SecretError';
}

export interface SecretReader {
  /** The current version of a secret, at most five minutes old. Throws SecretError. */
  read<T>(arn: string, schema: z.ZodType<T>): Promise<T>;
  close(): void;
}

export interface SecretReaderOptions {
  readonly region?: string;
  /** Another address than AWS's, for tests; its credentials are made up. */
  readonly endpoint?: string;
  readonly monotonicMs?: () => number;
}

const CACHE_MS = 5 * 60_000;
const TIMEOUT_MS = 5_000;

export function createSecretReader(options: SecretReaderOptions = {}): SecretReader {
  const { region, endpoint, monotonicMs = () => performance.now() } = options;
  const client = new SecretsManagerClient({
    ...(region ? { region } : {}),
    ...(endpoint
      ? {
          endpoint,
          region: region ?? 'local',
          credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
        }
      : {}),
    requestHandler: { connectionTimeout: TIMEOUT_MS, requestTimeout: TIMEOUT_MS },
  });
  const texts = new Map<string, { text: string; readMs: number }>();

  async function textOf(arn: string): Promise<string> {
    const known = texts.get(arn);
    if (known && monotonicMs() - known.readMs < CACHE_MS) return known.text;
    let text: string | undefined;
    try {
      const command = new GetSecretValueCommand({ SecretId: arn, VersionStage: 'AWSCURRENT' });
      text = (await client.send(command)).SecretString;
    } catch (error) {
      const { name, message } = error as Error;
      // Not kept as cause: the SDK's errors carry the signed request and its answer.
      throw new SecretError(`secret ${arn} cannot be read (${name}: ${message})`);
    }
    if (text === undefined) throw new SecretError(`secret ${arn} has no text; write it as JSON`);
    texts.set(arn, { text, readMs: monotonicMs() });
    return text;
  }

  return {
    async read(arn, schema) {
      let value: unknown;
      try {
        value = JSON.parse(await textOf(arn));
      } catch (error) {
        if (error instanceof SecretError) throw error;
        // JSON.parse quotes what it could not read.
        throw new SecretError(`secret ${arn} is not JSON; write it with "plimsoll setup"`);
      }
      const parsed = schema.safeParse(value);
      if (parsed.success) return parsed.data;
      const keys = parsed.error.issues.map(({ path }) => path.join('.') || 'the whole').join(', ');
      throw new SecretError(`secret ${arn} does not have the form expected, at: ${keys}`);
    },
    close: () => client.destroy(),
  };
}
