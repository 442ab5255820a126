/**
 * The secrets of a deployment: empty until `plimsoll setup` fills them, under generated names. In paper
 * there is no exchange key, so there is nothing to steal and nothing to pay for.
 */
import { CfnOutput, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { OUTPUTS } from '../shared/config/deployment.ts';
import { acknowledge } from './acknowledgements.ts';
import type { Settings } from './config.ts';

export interface SecretsStackProps extends StackProps {
  readonly settings: Settings;
}

export class SecretsStack extends Stack {
  readonly telegram: ISecret;
  /** May trade; only the trader reads it, and the emergency function where there is one. */
  readonly tradingKey: ISecret | null;
  /** May look; for Lambdas. */
  readonly readOnlyKey: ISecret | null;

  constructor(scope: Construct, id: string, { settings, ...props }: SecretsStackProps) {
    super(scope, id, props);
    const hasKeys = settings.mode !== 'paper';
    this.telegram = this.#secret('Telegram', 'Telegram bot: token, webhook secret, allowed users');
    this.tradingKey = hasKeys
      ? this.#secret('TradingKey', 'Exchange key that may trade, and may not withdraw')
      : null;
    this.readOnlyKey = hasKeys
      ? this.#secret('ReadOnlyKey', 'Exchange key that may only read, for the reconciler')
      : null;
    for (const key of ['telegram', 'tradingKey', 'readOnlyKey'] as const) {
      const secret = this[key];
      if (secret) new CfnOutput(this, OUTPUTS[`${key}Secret`], { value: secret.secretArn });
    }
  }

  #secret(id: string, description: string): ISecret {
    const secret = new Secret(this, id, {
      description,
      // Nothing in it, in the secret's form: programs start, and say what is missing.
      secretObjectValue: {},
      // A key left behind is a risk, and can be entered again: it goes with the deployment.
      removalPolicy: RemovalPolicy.DESTROY,
    });
    acknowledge(secret, {
      'AwsSolutions-SMG4':
        'The exchange and Telegram issue these; no rotation function can make a new one. `plimsoll secrets rotate` does it with a person.',
    });
    return secret as ISecret;
  }
}
