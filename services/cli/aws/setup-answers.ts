/** What `plimsoll setup` has to know, from flags, from what is deployed, or from a person, in this order. */
import {
  DEPLOYED_MODES,
  DEPLOYMENT_ID,
  type DeployedMode,
  EGRESSES,
  type Egress,
  REGION,
  regionProblem,
} from '../../../shared/config/deployment.ts';
import { ConfigurationError } from '../../../shared/config/load.ts';
import { type Deployment, outputOf, regionOf } from './stacks.ts';
import type { Question, Terminal } from './terminal.ts';

export interface PlaceFlags {
  readonly deployment?: string;
  readonly region?: string;
}

/** Which deployment, in which region. Throws ConfigurationError. */
export async function askPlace(
  flags: PlaceFlags,
  terminal: Terminal,
): Promise<{ id: string; region: string }> {
  const id = flags.deployment ?? 'main';
  if (!DEPLOYMENT_ID.test(id)) {
    throw new ConfigurationError(`--deployment must be 1 to 8 of a-z and 0-9, not "${id}"`);
  }
  const question: Question = {
    message: 'AWS region, e.g. ap-northeast-1 (next to the exchange) or eu-west-1',
    flag: '--region',
    problem: (text) => (REGION.test(text) ? regionProblem(text) : 'that is no AWS region'),
  };
  const region = (await regionOf(flags.region)) ?? (await terminal.text(question));
  const problem = question.problem?.(region);
  if (!problem) return { id, region };
  throw new ConfigurationError(`${problem}; use another with --region, e.g. ap-northeast-1`);
}

/** Mode and way out: those of the deployment unless told otherwise. Throws ConfigurationError. */
export async function askShape(
  flags: { readonly mode?: string; readonly egress?: string },
  deployment: Deployment,
  terminal: Terminal,
): Promise<{ mode: DeployedMode; egress: Egress }> {
  const deployed = (deployment.parts.trader ?? deployment.parts.secrets)?.mode ?? null;
  const mode = await chosen(
    DEPLOYED_MODES,
    { given: flags.mode, deployed, first: 'paper' },
    terminal,
    {
      message: 'Mode: paper risks nothing, demo trades at the exchange’s demo, live trades money',
      flag: '--mode',
    },
  );
  const egress = await chosen(
    EGRESSES,
    {
      given: flags.egress,
      deployed: outputOf(deployment, 'egress'),
      first: mode === 'live' ? 'fck-nat' : 'public-ip',
    },
    terminal,
    { message: 'Way out: live needs a static address (fck-nat, nat-gateway)', flag: '--egress' },
  );
  if (mode === 'live' && egress === 'public-ip') {
    throw new ConfigurationError(
      '--egress public-ip is refused in live: a live key must be restricted to a static address, and a task with a public IP gets another one at each start; use fck-nat or nat-gateway',
    );
  }
  return { mode, egress };
}

async function chosen<const T extends string>(
  values: readonly T[],
  { given, deployed, first }: { given: string | undefined; deployed: string | null; first: T },
  terminal: Terminal,
  question: Question,
): Promise<T> {
  const isOne = (text: string | null | undefined): text is T => values.some((v) => v === text);
  if (given !== undefined) {
    if (isOne(given)) return given;
    throw new ConfigurationError(
      `${question.flag} must be one of ${values.join(', ')}, not "${given}"`,
    );
  }
  const likely = isOne(deployed) ? deployed : first;
  return terminal.isAsking ? terminal.choice(question, values, likely) : likely;
}
