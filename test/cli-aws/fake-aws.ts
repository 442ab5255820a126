/**
 * AWS on loopback as far as the command line uses it: stacks, secrets, a service, state machines, buckets.
 * Answers in each service's own protocol, refuses what is not signed, and keeps what it was asked.
 */
import { vi } from 'vitest';
import type { DeployedMode } from '../../shared/config/deployment.ts';
import { type Answer, type Asked, startLoopbackServer } from '../support/loopback-server.ts';

export const REGION = 'eu-west-1';
export const arn = (name: string) => `arn:aws:secretsmanager:${REGION}:111122223333:secret:${name}`;

interface FakeStack {
  status: string;
  mode?: DeployedMode;
  outputs: Record<string, string>;
}

interface FakeSecret {
  versions: Map<string, { text: string; stages: Set<string> }>;
}

export interface ObjectVersion {
  readonly key: string;
  readonly id: string;
  /** Null: a mark that it was deleted. */
  readonly body: Buffer | null;
}

type Json = Record<string, unknown>;

export class FakeAws {
  readonly stacks = new Map<string, FakeStack>();
  readonly secrets = new Map<string, FakeSecret>();
  readonly service = { desired: 1, running: 1, restarts: 0 };
  onServiceChange: () => void = () => undefined;
  readonly buckets = new Map<string, ObjectVersion[]>();
  readonly executions = new Map<string, { input: Json; status: string }>();
  onExecution: (input: Json, end: (status: string) => void) => void = () => undefined;
  /** What was asked, in order, as "service.Operation", with what matters of it. */
  readonly calls: string[] = [];
  readonly unsigned: string[] = [];
  #server: Awaited<ReturnType<typeof startLoopbackServer>> | null = null;
  #ids = 0;

  /** Starts it, and sends the AWS clients of this process there. */
  async start(): Promise<void> {
    const server = await startLoopbackServer((asked) => this.#answer(asked));
    this.#server = server;
    for (const [name, value] of Object.entries(this.environment)) vi.stubEnv(name, value);
  }

  get environment(): Record<string, string> {
    return {
      AWS_ENDPOINT_URL: this.#server?.url ?? '',
      AWS_REGION: REGION,
      AWS_ACCESS_KEY_ID: 'AKIATEST',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    };
  }

  async stop(): Promise<void> {
    vi.unstubAllEnvs();
    await this.#server?.stop();
  }

  addSecret(name: string, value: object = {}): void {
    const version = { text: JSON.stringify(value), stages: new Set(['AWSCURRENT']) };
    this.secrets.set(arn(name), { versions: new Map([[this.#id(), version]]) });
  }

  /** The value that has a stage; undefined where none has. */
  secret(name: string, stage = 'AWSCURRENT'): unknown {
    const versions = [...(this.secrets.get(arn(name))?.versions.values() ?? [])];
    const text = versions.find(({ stages }) => stages.has(stage))?.text;
    return text === undefined ? undefined : JSON.parse(text);
  }

  put(bucket: string, key: string, body: Buffer | null): void {
    const versions = this.buckets.get(bucket) ?? [];
    versions.push({ key, id: this.#id(), body });
    this.buckets.set(bucket, versions);
  }

  #id(): string {
    this.#ids += 1;
    return `00000000-0000-4000-8000-${String(this.#ids).padStart(12, '0')}`;
  }

  #answer(asked: Asked): Answer {
    const authorization = String(asked.headers.authorization);
    if (!authorization.startsWith('AWS4-HMAC-SHA256 ')) this.unsigned.push(asked.path);
    const service = /\/([a-z0-9-]+)\/aws4_request/.exec(authorization)?.[1];
    const target =
      String(asked.headers['x-amz-target'] ?? '')
        .split('.')
        .at(-1) ?? '';
    switch (service) {
      case 'cloudformation':
        return this.#cloudFormation(new URLSearchParams(asked.body));
      case 'secretsmanager':
        return this.#secretsManager(target, JSON.parse(asked.body) as Record<string, string>);
      case 'ecs':
        return this.#ecs(target, JSON.parse(asked.body) as Json);
      case 'states':
        return this.#states(target, JSON.parse(asked.body) as Record<string, string>);
      case 's3':
        return this.#s3(asked);
      default:
        return { status: 501, body: `no ${service}` };
    }
  }

  #cloudFormation(parameters: URLSearchParams): Answer {
    const action = parameters.get('Action') ?? '';
    const name = parameters.get('StackName') ?? '';
    if (action === 'DeleteStack') {
      this.calls.push(`cloudformation.DeleteStack ${name}`);
      this.stacks.delete(name);
      return { body: '<DeleteStackResponse/>' };
    }
    if (action !== 'DescribeStacks')
      return { status: 400, body: `<Error><Code>${action}</Code></Error>` };
    const stacks = [...this.stacks].map(([stackName, { status, mode, outputs }]) => {
      const members = Object.entries(outputs).map(
        ([key, value]) =>
          `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`,
      );
      const tag = mode ? `<member><Key>plimsoll-mode</Key><Value>${mode}</Value></member>` : '';
      return `<member><StackName>${stackName}</StackName><StackStatus>${status}</StackStatus><Outputs>${members.join('')}</Outputs><Tags>${tag}</Tags></member>`;
    });
    return {
      headers: { 'content-type': 'text/xml' },
      body: `<DescribeStacksResponse><DescribeStacksResult><Stacks>${stacks.join('')}</Stacks></DescribeStacksResult></DescribeStacksResponse>`,
    };
  }

  #secretsManager(target: string, input: Record<string, string>): Answer {
    const { SecretId = '', VersionStage = '', VersionId = '' } = input;
    this.calls.push(
      `secretsmanager.${target} ${SecretId.split(':').at(-1)} ${VersionStage}`.trim(),
    );
    const secret = this.secrets.get(SecretId);
    if (!secret) return refusal('ResourceNotFoundException');
    const { versions } = secret;
    const staged = (stage: string) => [...versions].find(([, { stages }]) => stages.has(stage));
    if (target === 'GetSecretValue') {
      const found = VersionId
        ? ([VersionId, versions.get(VersionId)] as const)
        : staged(VersionStage);
      if (!found?.[1]) return refusal('ResourceNotFoundException');
      return json({ ARN: SecretId, VersionId: found[0], SecretString: found[1].text });
    }
    if (target === 'PutSecretValue') {
      const stages = new Set(input.VersionStages as unknown as string[]);
      for (const [, version] of versions) for (const stage of stages) version.stages.delete(stage);
      const id = input.ClientRequestToken ?? '';
      versions.set(id, { text: input.SecretString ?? '', stages });
      return json({ ARN: SecretId, VersionId: id });
    }
    if (target !== 'UpdateSecretVersionStage') return refusal('UnknownOperationException');
    const { MoveToVersionId, RemoveFromVersionId = '' } = input;
    const from = versions.get(RemoveFromVersionId);
    // As AWS does: it must be told whose the stage was.
    if (!from?.stages.delete(VersionStage)) return refusal('InvalidParameterException');
    if (MoveToVersionId) versions.get(MoveToVersionId)?.stages.add(VersionStage);
    return json({ ARN: SecretId });
  }

  #ecs(target: string, input: Json): Answer {
    const { service } = this;
    if (target === 'UpdateService') {
      this.calls.push(`ecs.UpdateService ${input.desiredCount}`);
      service.desired = Number(input.desiredCount);
      service.running = service.desired;
      if (input.forceNewDeployment) service.restarts += 1;
      this.onServiceChange();
    }
    return json({
      services: [
        {
          desiredCount: service.desired,
          runningCount: service.running,
          deployments: [{ status: 'PRIMARY', rolloutState: 'COMPLETED' }],
        },
      ],
    });
  }

  #states(target: string, input: Record<string, string>): Answer {
    this.calls.push(`states.${target}`);
    if (target === 'StartExecution') {
      const id = `${input.stateMachineArn}:${this.#id()}`;
      const execution = { input: JSON.parse(input.input ?? '') as Json, status: 'RUNNING' };
      this.executions.set(id, execution);
      this.onExecution(execution.input, (status) => {
        execution.status = status;
      });
      return json({ executionArn: id, startDate: 1 });
    }
    const { status } = this.executions.get(input.executionArn ?? '') ?? {};
    const failure = status === 'FAILED' ? { error: 'States.ExceedToleratedFailureThreshold' } : {};
    return json({ status, executionArn: input.executionArn, startDate: 1, ...failure });
  }

  #s3({ method, path, bytes, body }: Asked): Answer {
    const url = new URL(path, 'http://s3');
    const [bucket = '', ...rest] = url.pathname.slice(1).split('/').map(decodeURIComponent);
    const key = rest.join('/');
    const prefix = url.searchParams.get('prefix') ?? '';
    if (bucket === '') {
      const names = [...this.buckets.keys()].filter((name) => name.startsWith(prefix));
      const members = names.map((name) => `<Bucket><Name>${name}</Name></Bucket>`).join('');
      return xml(`<ListAllMyBucketsResult><Buckets>${members}</Buckets></ListAllMyBucketsResult>`);
    }
    const versions = this.buckets.get(bucket);
    if (!versions) return { ...xml('<Error><Code>NoSuchBucket</Code></Error>'), status: 404 };
    if (method === 'PUT') {
      this.put(bucket, key, bytes);
      return { headers: { etag: '"e"' } };
    }
    if (method === 'DELETE' && key === '') {
      this.calls.push(`s3.DeleteBucket ${bucket}`);
      if (versions.length > 0)
        return { ...xml('<Error><Code>BucketNotEmpty</Code></Error>'), status: 409 };
      this.buckets.delete(bucket);
      return { status: 204 };
    }
    if (method === 'POST' && url.searchParams.has('delete')) {
      const ids = new Set([...body.matchAll(/<VersionId>([^<]+)/g)].map(([, id]) => id));
      this.buckets.set(
        bucket,
        versions.filter(({ id }) => !ids.has(id)),
      );
      return xml('<DeleteResult/>');
    }
    const below = versions.filter((version) => version.key.startsWith(prefix));
    if (url.searchParams.has('versions')) {
      // Pages of two, as AWS has pages of a thousand.
      const members = below.slice(0, 2).map((version) => {
        const name = version.body ? 'Version' : 'DeleteMarker';
        return `<${name}><Key>${version.key}</Key><VersionId>${version.id}</VersionId></${name}>`;
      });
      return xml(`<ListVersionsResult>${members.join('')}</ListVersionsResult>`);
    }
    if (url.searchParams.has('list-type')) {
      const keys = [...new Set(below.map((version) => version.key))];
      const begin = Number(url.searchParams.get('continuation-token') ?? 0);
      const more =
        begin + 3 < keys.length
          ? `<NextContinuationToken>${begin + 3}</NextContinuationToken>`
          : '';
      const members = keys
        .slice(begin, begin + 3)
        .map((k) => `<Contents><Key>${k}</Key></Contents>`);
      return xml(`<ListBucketResult>${members.join('')}${more}</ListBucketResult>`);
    }
    const found = versions.findLast((version) => version.key === key);
    return found?.body
      ? { body: found.body }
      : { ...xml('<Error><Code>NoSuchKey</Code></Error>'), status: 404 };
  }
}

function json(value: object): Answer {
  return { body: JSON.stringify(value), headers: { 'content-type': 'application/x-amz-json-1.1' } };
}

function refusal(type: string): Answer {
  return { ...json({ __type: type, message: type }), status: 400 };
}

function xml(body: string): Answer {
  return { body: `<?xml version="1.0"?>${body}`, headers: { 'content-type': 'application/xml' } };
}
