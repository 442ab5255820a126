/** The stacks of a deployment as they stand in an account, and their removal. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CloudFormationClient,
  DeleteStackCommand,
  DescribeStacksCommand,
  type Stack,
} from '@aws-sdk/client-cloudformation';
import {
  DEPLOYED_MODES,
  type DeployedMode,
  MODE_TAG,
  OUTPUTS,
  STACK_PARTS,
  STATE_STACK,
  type StackPart,
  stackName,
} from '../../../shared/config/deployment.ts';
import { AwsError, asked } from './aws-error.ts';

export interface DeployedStack {
  readonly name: string;
  /** CloudFormation's, e.g. CREATE_COMPLETE. */
  readonly status: string;
  readonly mode: DeployedMode | null;
  readonly outputs: Readonly<Record<string, string>>;
}

/** One deployment's stacks, beside what it shares. */
export interface Deployment {
  readonly id: string;
  readonly region: string;
  readonly state: DeployedStack | null;
  readonly parts: Readonly<Partial<Record<StackPart, DeployedStack>>>;
  /** Other deployments in this account and region, which use the same table and bucket. */
  readonly others: readonly string[];
}

const OWN = new RegExp(`^plimsoll-([a-z0-9]{1,8})-(${STACK_PARTS.join('|')})$`);

/** The region asked for, else that of the AWS profile; null where neither says. */
export async function regionOf(asked: string | undefined): Promise<string | null> {
  if (asked) return asked;
  const client = new CloudFormationClient({});
  try {
    return await client.config.region();
  } catch {
    return null; // "Region is missing": whoever asks says what to do.
  } finally {
    client.destroy();
  }
}

/** What an output of the deployment's stacks says; null where none has it. */
export function outputOf({ state, parts }: Deployment, key: keyof typeof OUTPUTS): string | null {
  for (const stack of [state, ...Object.values(parts)]) {
    const value = stack?.outputs[OUTPUTS[key]];
    if (value) return value;
  }
  return null;
}

/** Like `outputOf`; throws AwsError where no stack says it. */
export function neededOutput(deployment: Deployment, key: keyof typeof OUTPUTS): string {
  const value = outputOf(deployment, key);
  if (value !== null) return value;
  throw new AwsError(
    `no stack of deployment ${deployment.id} in ${deployment.region} has the output ${OUTPUTS[key]}; deploy it with "npx cdk deploy --all" first`,
  );
}

/** Whether a stack stands: made, and in no change. */
export function isStanding(stack: DeployedStack | null | undefined): stack is DeployedStack {
  return /^(CREATE|UPDATE|UPDATE_ROLLBACK|IMPORT)_COMPLETE$/.test(stack?.status ?? '');
}

export class Stacks {
  readonly #client: CloudFormationClient;
  readonly #region: string;

  constructor(region: string) {
    this.#region = region;
    this.#client = new CloudFormationClient({ region });
  }

  /** Throws AwsError. */
  async deployment(id: string): Promise<Deployment> {
    const stacks = await this.#all();
    const others = stacks.map(({ name }) => OWN.exec(name)?.[1] ?? id).filter((o) => o !== id);
    const named = (name: string) => stacks.find((stack) => stack.name === name) ?? null;
    return {
      id,
      region: this.#region,
      state: named(STATE_STACK),
      parts: Object.fromEntries(
        STACK_PARTS.flatMap((part) => {
          const stack = named(stackName(id, part));
          return stack ? [[part, stack]] : [];
        }),
      ),
      others: [...new Set(others)],
    };
  }

  /** Deletes a stack and waits until it is gone; `tell` hears its status. Throws AwsError. */
  async remove(name: string, tell: (status: string) => void, pollMs: number): Promise<void> {
    await asked(`delete stack ${name}`, () =>
      this.#client.send(new DeleteStackCommand({ StackName: name })),
    );
    let last = '';
    for (;;) {
      const stack = (await this.#all()).find((one) => one.name === name);
      const status = stack?.status ?? 'DELETE_COMPLETE';
      if (status !== last) tell(status);
      last = status;
      if (status === 'DELETE_COMPLETE') return;
      if (status === 'DELETE_FAILED') {
        throw new AwsError(
          `stack ${name} cannot be deleted: its events in the CloudFormation console say why; then run this again`,
        );
      }
      await sleep(pollMs);
    }
  }

  close(): void {
    this.#client.destroy();
  }

  /** All of ours in the region; those deleted are not listed. */
  async #all(): Promise<DeployedStack[]> {
    return asked(`list the stacks in ${this.#region}`, async () => {
      const found: DeployedStack[] = [];
      let NextToken: string | undefined;
      do {
        const page = await this.#client.send(
          new DescribeStacksCommand(NextToken ? { NextToken } : {}),
        );
        for (const stack of page.Stacks ?? []) {
          if (stack.StackName?.startsWith('plimsoll-')) found.push(readStack(stack));
        }
        NextToken = page.NextToken;
      } while (NextToken);
      return found;
    });
  }
}

function readStack({ StackName = '', StackStatus, Tags, Outputs }: Stack): DeployedStack {
  const tag = Tags?.find(({ Key }) => Key === MODE_TAG)?.Value;
  return {
    name: StackName,
    status: StackStatus ?? '',
    mode: DEPLOYED_MODES.find((mode) => mode === tag) ?? null,
    outputs: Object.fromEntries(
      (Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]),
    ),
  };
}
