/**
 * Goal: each program may do what its code calls, and nothing else; no Lambda can write an order or read the
 * trading key but the emergency function, which nobody but the bot may invoke. Method: the commands of AWS's
 * SDK that are reachable from a program's entry, by following its imports, against the statements of its role.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build as esbuild } from 'esbuild';
import { beforeAll, describe, expect, it } from 'vitest';
import { BUNDLES, type BundleName } from '../../infra/bundles.ts';
import { traderId } from '../../infra/table-grant.ts';
import { traderId as storesTraderId } from '../../shared/adapters/memory/store-rules.ts';
import {
  build,
  ofType,
  type Resource,
  resourcesOf,
  type Templates,
  templatesOf,
} from './synthesized.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Actions a command needs; a transaction needs those of its parts, whichever they are. */
const ACTIONS: Readonly<Record<string, readonly string[]>> = {
  GetItemCommand: ['dynamodb:GetItem'],
  QueryCommand: ['dynamodb:Query'],
  PutItemCommand: ['dynamodb:PutItem'],
  UpdateItemCommand: ['dynamodb:UpdateItem'],
  DeleteItemCommand: ['dynamodb:DeleteItem'],
  TransactWriteItemsCommand: [
    'dynamodb:PutItem',
    'dynamodb:UpdateItem',
    'dynamodb:DeleteItem',
    'dynamodb:ConditionCheckItem',
  ],
  GetSecretValueCommand: ['secretsmanager:GetSecretValue'],
  PutObjectCommand: ['s3:PutObject'],
  GetObjectCommand: ['s3:GetObject'],
  PublishCommand: ['sns:Publish'],
  InvokeCommand: ['lambda:InvokeFunction'],
};
/** Done by people on the command line, over code that the trader shares. */
const NOT_DEPLOYED = new Set([
  'ListObjectsV2Command',
  'CreateTableCommand',
  'DescribeTableCommand',
  'UpdateTimeToLiveCommand',
]);

/** What CDK grants with reading a secret; it tells its name and versions. */
const COMPANIONS = new Set(['secretsmanager:DescribeSecret']);
const PLUMBING = /^(logs|sqs|ec2):/;

interface Statement {
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource: unknown;
  readonly Condition?: Record<string, Record<string, string[]>>;
}

let templates: Templates;
let called: Map<BundleName, Set<string>>;
beforeAll(async () => {
  templates = templatesOf({ mode: 'live', egress: 'fck-nat', emergencyFlatten: 'true' });
  called = new Map(
    await Promise.all(PROGRAMS.map(async (name) => [name, await commandsOf(name)] as const)),
  );
});

/** Commands named in the sources that a program's entries reach. */
async function commandsOf(name: BundleName): Promise<Set<string>> {
  const { metafile } = await esbuild({
    absWorkingDir: ROOT,
    entryPoints: Object.values(BUNDLES[name].entries),
    bundle: true,
    write: false,
    outdir: 'nowhere',
    platform: 'node',
    format: 'esm',
    packages: 'external',
    metafile: true,
    logLevel: 'silent',
  });
  const sources = Object.keys(metafile.inputs).map((file) =>
    readFileSync(`${ROOT}/${file}`, 'utf8'),
  );
  const commands = sources.flatMap((text) =>
    [...text.matchAll(/new (\w+Command)\(/g)].map(([, command]) => command ?? ''),
  );
  return new Set(commands.filter((command) => !NOT_DEPLOYED.has(command)));
}

const ROLES: Readonly<Record<BundleName, { stack: keyof Templates; role: RegExp }>> = {
  trader: { stack: 'trader', role: /^TaskTaskRole/ },
  emergency: { stack: 'operations', role: /^EmergencyRole/ },
  'telegram-bot': { stack: 'operations', role: /^TelegramBotRole/ },
  chart: { stack: 'operations', role: /^ChartRole/ },
  reconciler: { stack: 'operations', role: /^ReconcilerRole/ },
  'margin-alert': { stack: 'operations', role: /^MarginAlertRole/ },
  'sweep-worker': { stack: 'research', role: /^WorkerRole/ },
};
const PROGRAMS = Object.keys(ROLES) as BundleName[];
/** Who may lead. */
const LEADERS: readonly BundleName[] = ['trader', 'emergency'];
const LAMBDAS = PROGRAMS.filter((name) => !LEADERS.includes(name) && name !== 'sweep-worker');

function statementsOf(name: BundleName): Statement[] {
  const { stack, role } = ROLES[name];
  return resourcesOf(templates[stack])
    .filter(([, { Type }]) => Type === 'AWS::IAM::Policy')
    .filter(([, { Properties }]) =>
      (Properties.Roles as { Ref?: string }[]).some(({ Ref }) => role.test(Ref ?? '')),
    )
    .flatMap(
      ([, { Properties }]) => (Properties.PolicyDocument as { Statement: Statement[] }).Statement,
    );
}

const actionsOf = ({ Action }: Statement) => [Action].flat();
const allowed = (name: BundleName) => statementsOf(name).filter(({ Effect }) => Effect === 'Allow');

describe('a program may do', () => {
  it.each(PROGRAMS)('%s: what its code calls, and nothing else', (name) => {
    const commands = called.get(name) ?? new Set();
    expect([...commands].filter((command) => !ACTIONS[command])).toEqual([]);
    const needed = new Set([...commands].flatMap((command) => ACTIONS[command] ?? []));
    const granted = new Set(allowed(name).flatMap(actionsOf));
    const relevant = [...granted].filter(
      (action) => !PLUMBING.test(action) && !COMPANIONS.has(action),
    );
    expect(relevant.sort()).toEqual([...needed].sort());
  });
});

describe('a Lambda', () => {
  it.each(LAMBDAS)('%s writes in the control partition of this trader only', (name) => {
    const writes = allowed(name).filter((statement) =>
      actionsOf(statement).some((a) => /^dynamodb:(Put|Update|Delete|ConditionCheck)/.test(a)),
    );
    expect(writes.length).toBeGreaterThan(0);
    for (const { Condition } of writes) {
      expect(Condition).toEqual({
        'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['control#live+main+BTCUSDT'] },
        Null: { 'dynamodb:LeadingKeys': 'false' },
      });
    }
  });

  it.each(LAMBDAS)('%s cannot read the trading key', (name) => {
    const secrets = allowed(name)
      .filter((statement) => actionsOf(statement).some((a) => a.startsWith('secretsmanager:')))
      .map(({ Resource }) => JSON.stringify(Resource));
    expect(secrets.length).toBeGreaterThan(0);
    expect(secrets.join()).not.toMatch(/TradingKey/);
    expect(secrets.some((secret) => /ReadOnlyKey/.test(secret))).toBe(name === 'reconciler');
  });
});

describe('the emergency function', () => {
  const writes = () =>
    allowed('emergency').filter((statement) =>
      actionsOf(statement).some((a) => /^dynamodb:(Put|Update|Delete|ConditionCheck)/.test(a)),
    );

  it('writes what a leader writes, of this trader, and never the paper exchange’s books', () => {
    expect(writes().length).toBeGreaterThan(0);
    for (const { Condition } of writes()) {
      expect(Condition).toEqual({
        'ForAllValues:StringEquals': {
          'dynamodb:LeadingKeys': ['trader#live+main+BTCUSDT', 'control#live+main+BTCUSDT'],
        },
        Null: { 'dynamodb:LeadingKeys': 'false' },
      });
    }
  });

  it('reads the trading key and the bot’s token, and no other secret', () => {
    const secrets = allowed('emergency')
      .filter((statement) => actionsOf(statement).includes('secretsmanager:GetSecretValue'))
      .flatMap(({ Resource }) => [Resource].flat().map((one) => JSON.stringify(one)));
    expect(secrets).toHaveLength(2);
    for (const name of [/Telegram/, /TradingKey/]) {
      expect(secrets.filter((secret) => name.test(secret))).toHaveLength(1);
    }
  });

  it('is invoked by the bot’s role, and has no other door', () => {
    const invokers = PROGRAMS.filter((name) =>
      allowed(name).some(
        (statement) =>
          actionsOf(statement).includes('lambda:InvokeFunction') &&
          /"Emergency/.test(JSON.stringify(statement.Resource)),
      ),
    );
    expect(invokers).toEqual(['telegram-bot']);
    const doors = resourcesOf(...Object.values(templates)).filter(
      ([, { Type, Properties }]) =>
        /^AWS::(Lambda::(Permission|Url|EventSourceMapping)|Scheduler|Events)/.test(Type) &&
        /"Emergency/.test(JSON.stringify(Properties)),
    );
    expect(doors).toEqual([]);
    const roles = resourcesOf(...Object.values(templates)).filter(
      ([, { Type, Properties }]) =>
        Type === 'AWS::IAM::Policy' &&
        /lambda:InvokeFunction/.test(JSON.stringify(Properties)) &&
        /"Emergency/.test(JSON.stringify(Properties)),
    );
    expect(roles.map(([id]) => id)).toEqual([expect.stringMatching(/^TelegramBotRole/)]);
  });
});

describe('the trader', () => {
  it('reads the trading key, and beside the emergency function no other does', () => {
    const readers = PROGRAMS.filter((name) =>
      /TradingKey/.test(JSON.stringify(statementsOf(name))),
    );
    expect(readers).toEqual(LEADERS);
    const without = templatesOf({ mode: 'live', egress: 'fck-nat' });
    const holders = resourcesOf(...Object.values(without)).filter(
      ([, { Type, Properties }]) =>
        Type === 'AWS::IAM::Policy' && /TradingKey/.test(JSON.stringify(Properties)),
    );
    expect(holders.map(([id]) => id)).toEqual([expect.stringMatching(/^TaskTaskRole/)]);
  });

  it('writes only its own partitions, as the stores name them', () => {
    const settings = build({ context: { mode: 'live', egress: 'fck-nat' } }).settings;
    const id = storesTraderId({ environment: 'live', account: 'main', instrument: 'BTCUSDT' });
    expect(traderId(settings)).toBe(id);
    const keys = allowed('trader').flatMap(
      ({ Condition }) => Condition?.['ForAllValues:StringEquals']?.['dynamodb:LeadingKeys'] ?? [],
    );
    expect(keys).toContain(`trader#${id}`);
    for (const key of keys) expect(key.endsWith(`#${id}`)).toBe(true);
  });
});

describe('every policy', () => {
  const policies = (): [string, Resource][] =>
    resourcesOf(...Object.values(templates)).filter(([, { Type }]) => Type === 'AWS::IAM::Policy');

  it('names its actions one by one', () => {
    const actions = policies().flatMap(([, { Properties }]) =>
      (Properties.PolicyDocument as { Statement: Statement[] }).Statement.flatMap(actionsOf),
    );
    expect(actions.filter((action) => action.includes('*'))).toEqual([]);
  });

  it('names its resources, but for what AWS knows no resource for', () => {
    const open = policies().flatMap(([, { Properties }]) =>
      (Properties.PolicyDocument as { Statement: Statement[] }).Statement.filter(
        ({ Effect, Resource }) => Effect === 'Allow' && [Resource].flat().includes('*'),
      ).flatMap(actionsOf),
    );
    expect([...new Set(open)].sort()).toEqual([
      'ec2:AssignPrivateIpAddresses',
      'ec2:CreateNetworkInterface',
      'ec2:DeleteNetworkInterface',
      'ec2:DescribeNetworkInterfaces',
      'ec2:UnassignPrivateIpAddresses',
      'logs:CreateLogDelivery',
      'logs:DeleteLogDelivery',
      'logs:DescribeLogGroups',
      'logs:DescribeResourcePolicies',
      'logs:GetLogDelivery',
      'logs:ListLogDeliveries',
      'logs:PutResourcePolicy',
      'logs:UpdateLogDelivery',
    ]);
  });

  it('takes nothing that AWS manages and may widen', () => {
    const roles = ofType('AWS::IAM::Role', ...Object.values(templates));
    expect(roles.filter(({ Properties }) => Properties.ManagedPolicyArns)).toEqual([]);
  });
});
