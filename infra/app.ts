/** All stacks of a deployment, wired. Knows no file: code and image are handed in. */
import { App, type AppProps, type Environment, Tags, Validations } from 'aws-cdk-lib';
import type { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import type { Code } from 'aws-cdk-lib/aws-lambda';
import { AwsSolutionsChecks } from 'cdk-nag';
import { MODE_TAG, STATE_STACK, type StackPart, stackName } from '../shared/config/deployment.ts';
import { readSettings, refuseRegion, type Settings } from './config.ts';
import { NetworkStack } from './network-stack.ts';
import { ObservabilityStack } from './observability-stack.ts';
import { OperationsStack, type OperatorFunctionName } from './operations-stack.ts';
import { ResearchStack } from './research-stack.ts';
import { SecretsStack } from './secrets-stack.ts';
import { StateStack } from './state-stack.ts';
import { TraderStack } from './trader-stack.ts';

export type LambdaName = OperatorFunctionName | 'sweep-worker';

export interface PlimsollAppProps {
  readonly codeOf: (name: LambdaName) => Code;
  readonly image: ContainerImage;
  /** What the CDK command says of the profile it runs under. */
  readonly profile: { readonly account?: string | undefined; readonly region?: string | undefined };
  readonly app?: AppProps;
}

export interface PlimsollApp {
  readonly app: App;
  readonly settings: Settings;
  readonly stacks: {
    readonly state: StateStack;
    readonly network: NetworkStack;
    readonly secrets: SecretsStack;
    readonly trader: TraderStack;
    readonly operations: OperationsStack;
    readonly observability: ObservabilityStack;
    readonly research: ResearchStack;
  };
}

/** Throws DeploymentError where the settings cannot be deployed. */
export function createApp({
  codeOf,
  image,
  profile,
  app: appProps,
}: PlimsollAppProps): PlimsollApp {
  const app = new App(appProps);
  const settings = readSettings((key) => app.node.tryGetContext(key));
  const env = environmentOf(settings, profile);
  if (env.region) refuseRegion(env.region);
  // Every finding fails the build, unless acknowledged beside its cause.
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  Tags.of(app).add('project', 'plimsoll');

  const shared = { env, description: 'Plimsoll: state that all deployments here share' };
  const state = new StateStack(app, STATE_STACK, shared);
  const name = (part: StackPart) => stackName(settings.deployment, part);
  const own = (what: string) => ({
    env,
    settings,
    description: `Plimsoll ${settings.deployment} (${settings.mode}): ${what}`,
    tags: { 'plimsoll-deployment': settings.deployment, [MODE_TAG]: settings.mode },
  });
  const network = new NetworkStack(app, name('network'), own('network'));
  const secrets = new SecretsStack(app, name('secrets'), own('secrets'));
  const { table, bucket } = state;
  const trader = new TraderStack(app, name('trader'), {
    ...own('trader'),
    ...{ image, table, bucket, secrets, network },
  });
  const operations = new OperationsStack(app, name('operations'), {
    ...own('Telegram, reconciler, margin alert'),
    ...{ codeOf, table, secrets, network },
  });
  const observability = new ObservabilityStack(app, name('observability'), {
    ...own('dashboard and alarms'),
    ...{ table, trader, operations },
  });
  const research = new ResearchStack(app, name('research'), {
    ...own('parameter sweeps'),
    code: codeOf('sweep-worker'),
  });
  return {
    app,
    settings,
    stacks: { state, network, secrets, trader, operations, observability, research },
  };
}

/**
 * Without credentials the stacks are for any account and region. The command line then still names a
 * region, us-east-1, which nobody chose.
 */
function environmentOf({ region }: Settings, profile: PlimsollAppProps['profile']): Environment {
  const chosen = region || (profile.account ? profile.region : undefined);
  return {
    ...(profile.account ? { account: profile.account } : {}),
    ...(chosen ? { region: chosen } : {}),
  };
}
