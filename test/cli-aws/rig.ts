/** A deployment as it stands on the fake AWS, Telegram as its set-up sees it, and a person who answers. */

import type { Terminal } from '../../services/cli/aws/terminal.ts';
import {
  type DeployedMode,
  STACK_PARTS,
  type StackPart,
  stackName,
} from '../../shared/config/deployment.ts';
import { startLoopbackServer } from '../support/loopback-server.ts';
import { arn, type FakeAws } from './fake-aws.ts';

export const TABLE = 'plimsoll-state-Table12AB34CD-XYZ';
export const WEBHOOK_URL = 'https://abc.lambda-url.eu-west-1.on.aws/';
export const TOKEN = '7001:AAHcanary_token_0123456789abcdefghij-KL';
export const OWNER = 1234567;

/** Puts the stacks of deployment `main` there, as infra/ makes them. */
export function deploy(aws: FakeAws, mode: DeployedMode, without: readonly StackPart[] = []): void {
  const outputs: Partial<Record<StackPart, Record<string, string>>> = {
    network: { StaticIp: '198.51.100.7' },
    secrets: {
      TelegramSecretArn: arn('telegram'),
      ...(mode === 'paper'
        ? {}
        : { TradingKeySecretArn: arn('trading'), ReadOnlyKeySecretArn: arn('reading') }),
    },
    trader: {
      ClusterName: 'cluster',
      ServiceName: 'service',
      ExchangeAccount: 'main',
      TradedSymbol: 'BTCUSDT',
      WayOut: mode === 'live' ? 'fck-nat' : 'public-ip',
    },
    operations: { WebhookUrl: WEBHOOK_URL },
  };
  aws.stacks.set('plimsoll-state', {
    status: 'CREATE_COMPLETE',
    outputs: { TableName: TABLE, BucketName: 'plimsoll-state-journals-1' },
  });
  for (const part of STACK_PARTS) {
    if (without.includes(part)) continue;
    const stack = { status: 'UPDATE_COMPLETE', mode, outputs: outputs[part] ?? {} };
    aws.stacks.set(stackName('main', part), stack);
  }
  for (const name of ['telegram', 'trading', 'reading']) aws.addSecret(name);
}

type Json = Readonly<Record<string, unknown>>;

/** The part of the Bot API that sets a bot up. */
export async function startTelegramSetup() {
  const calls: { token: string; method: string; fields: Json }[] = [];
  let webhook = '';
  const state = { tokens: new Set([TOKEN]), writers: [] as Json[] };
  const server = await startLoopbackServer(({ path, body }) => {
    const [, token = '', method = ''] = /^\/bot([^/]+)\/(\w+)$/.exec(path) ?? [];
    const fields = (body ? JSON.parse(body) : {}) as Json;
    const answer = (value: Json, status = 200) => ({
      status,
      body: JSON.stringify(value),
      headers: { 'content-type': 'application/json' },
    });
    if (!state.tokens.has(token)) {
      return answer({ ok: false, error_code: 401, description: 'Unauthorized' }, 401);
    }
    calls.push({ token, method, fields });
    if (method === 'getMe') {
      return answer({ ok: true, result: { id: 7001, is_bot: true, username: 'plimsoll_bot' } });
    }
    if (method === 'setWebhook') webhook = String(fields.url);
    if (method === 'deleteWebhook') webhook = '';
    if (method === 'getWebhookInfo') {
      return answer({ ok: true, result: { url: webhook, pending_update_count: 0 } });
    }
    if (method === 'getUpdates') {
      // As Telegram does while a webhook is set.
      if (webhook) return answer({ ok: false, error_code: 409, description: 'Conflict' }, 409);
      const result = state.writers.map((message, i) => ({ update_id: i, message }));
      return answer({ ok: true, result });
    }
    return answer({ ok: true, result: true });
  });
  return {
    ...state,
    state,
    url: server.url,
    calls,
    last: (method: string) => calls.findLast((call) => call.method === method)?.fields,
    stop: () => server.stop(),
  };
}
export type TelegramSetup = Awaited<ReturnType<typeof startTelegramSetup>>;

/** Answers each question by the first entry whose key its message contains; everything told is kept. */
export function person(answers: Readonly<Record<string, string | boolean>>) {
  const said: string[] = [];
  const asked: string[] = [];
  const answer = (message: string) => {
    asked.push(message);
    const found = Object.entries(answers).find(([part]) => message.includes(part));
    if (!found) throw new Error(`nobody expected: ${message}`);
    return found[1];
  };
  const terminal: Terminal = {
    say: (text) => said.push(text),
    isAsking: true,
    text: async ({ message }) => String(answer(message)),
    secret: async ({ message }) => String(answer(message)),
    choice: async ({ message }, choices) => {
      const found = choices.find((choice) => choice === answer(message));
      if (found === undefined) throw new Error(`no such choice: ${message}`);
      return found;
    },
    yes: async ({ message }) => answer(message) === true,
  };
  return { terminal, said, asked };
}
