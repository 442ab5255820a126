/** Goal: secrets are read with a signed request, kept for five minutes, and never shown in an error. */
import { afterEach, expect, it } from 'vitest';
import { z } from 'zod';
import { createSecretReader, SecretError } from '../../shared/adapters/secrets/secrets-manager.ts';
import { telegramSecret } from '../../shared/config/deployment.ts';
import {
  type Answer,
  type LoopbackServer,
  startLoopbackServer,
} from '../support/loopback-server.ts';

const ARN = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:telegram-AbCdEf';
const CANARY = 'canary-7c1f';
const schema = z.object({ apiKey: z.string() });

let server: LoopbackServer;
afterEach(() => server.stop());

const json = (value: unknown): Answer => ({
  body: JSON.stringify(value),
  headers: { 'content-type': 'application/x-amz-json-1.1' },
});

async function reader(answer: () => Answer, monotonicMs?: () => number) {
  server = await startLoopbackServer(answer);
  return createSecretReader({ endpoint: server.url, ...(monotonicMs ? { monotonicMs } : {}) });
}

it('asks for the current version with a signed request and gives the parsed secret', async () => {
  const secrets = await reader(() => json({ SecretString: '{"allowedUserIds":[42]}' }));
  expect(await secrets.read(ARN, telegramSecret)).toEqual({
    botToken: '',
    webhookSecret: '',
    allowedUserIds: [42],
  });
  const [request] = server.asked;
  expect(request?.headers['x-amz-target']).toBe('secretsmanager.GetSecretValue');
  expect(request?.headers.authorization).toMatch(/^AWS4-HMAC-SHA256 .*\/secretsmanager\//);
  expect(JSON.parse(request?.body ?? '')).toEqual({ SecretId: ARN, VersionStage: 'AWSCURRENT' });
  secrets.close();
});

it('asks again only after five minutes', async () => {
  let nowMs = 0;
  let version = 0;
  const secrets = await reader(
    () => json({ SecretString: JSON.stringify({ apiKey: `v${++version}` }) }),
    () => nowMs,
  );
  expect(await secrets.read(ARN, schema)).toEqual({ apiKey: 'v1' });
  nowMs = 299_999;
  expect(await secrets.read(ARN, schema)).toEqual({ apiKey: 'v1' });
  nowMs = 300_000;
  expect(await secrets.read(ARN, schema)).toEqual({ apiKey: 'v2' });
  secrets.close();
});

it.each([
  ['is not JSON', `{"apiKey": ${CANARY}}`],
  ['does not have the form expected, at: apiKey', `{"apiKey": ["${CANARY}"]}`],
])('names a secret that %s, and does not show it', async (problem, text) => {
  const secrets = await reader(() => json({ SecretString: text }));
  const error = await secrets.read(ARN, schema).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(SecretError);
  expect((error as Error).message).toContain(ARN);
  expect((error as Error).message).toContain(problem);
  expect(`${(error as Error).stack}${JSON.stringify(error)}`).not.toContain(CANARY);
  secrets.close();
});

it('says which secret it may not read', async () => {
  const secrets = await reader(() => ({
    ...json({ __type: 'AccessDeniedException', Message: 'not yours' }),
    status: 400,
  }));
  await expect(secrets.read(ARN, schema)).rejects.toThrow(
    `secret ${ARN} cannot be read (AccessDeniedException: not yours)`,
  );
  secrets.close();
});
