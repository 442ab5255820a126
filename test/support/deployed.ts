/**
 * What a deployment finds around it, on loopback: a DynamoDB engine, an exchange simulator, Telegram, a secrets
 * manager, and the variables that tell its programs of them.
 */
import { VARIABLES } from '../../shared/config/deployment.ts';
import { type Dynoxide, startDynoxide } from './dynoxide.ts';
import { type LoopbackServer, startLoopbackServer } from './loopback-server.ts';
import { type RunningExchange, startExchange } from './sessions.ts';
import { startTelegramServer, type TelegramServer } from './telegram-server.ts';

/** Who may steer the bot. */
export const OWNER = 1001;
export const TELEGRAM = {
  botToken: '7:e2e-token',
  webhookSecret: 'e2e-secret',
  allowedUserIds: [OWNER],
};

export interface Deployed {
  readonly engine: Dynoxide;
  readonly exchange: RunningExchange;
  readonly telegram: TelegramServer;
  readonly secrets: LoopbackServer;
  /** Of every program: the trader and the functions. */
  readonly variables: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** `secretOf` says which secret a request for one gets; Telegram's for all by default. */
export async function startDeployed(
  secretOf: (request: string) => object = () => TELEGRAM,
): Promise<Deployed> {
  const engine = await startDynoxide();
  const exchange = await startExchange();
  const telegram = await startTelegramServer(TELEGRAM.botToken);
  const secrets = await startLoopbackServer(({ body }) => ({
    body: JSON.stringify({ SecretString: JSON.stringify(secretOf(body)) }),
    headers: { 'content-type': 'application/x-amz-json-1.1' },
  }));
  return {
    engine,
    exchange,
    telegram,
    secrets,
    variables: {
      PLIMSOLL_MODE: 'simulated',
      PLIMSOLL_STORE: `dynamodb:${engine.endpoint}`,
      PLIMSOLL_EXCHANGE: exchange.url,
      PLIMSOLL_STRATEGY: 'SmaCrossover',
      PLIMSOLL_PARAMS: '{"fastWindow":1,"slowWindow":2}',
      [VARIABLES.telegramSecret]: 'arn:aws:secretsmanager:eu-central-1:1:secret:telegram',
      [VARIABLES.telegramApi]: telegram.url,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url,
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
    },
    async stop() {
      await exchange.stop();
      for (const part of [telegram, secrets, engine]) await part.stop();
    },
  };
}
