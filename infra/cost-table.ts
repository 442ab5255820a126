/**
 * The README's cost table, from the stacks of each mode and egress. `npm run cost` writes it between its
 * markers; a test fails where it is not current.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import { Code } from 'aws-cdk-lib/aws-lambda';
import type { DeployedMode, Egress } from '../shared/config/deployment.ts';
import { createApp } from './app.ts';
import { billOf, type CostedResource, totalOf } from './cost.ts';
import { PRICES, PRICES_AS_OF } from './prices.ts';

const README = new URL('../README.md', import.meta.url);
const CDK_JSON = new URL('../cdk.json', import.meta.url);
const [BEGIN, END] = ['<!-- cost: begin -->', '<!-- cost: end -->'];
const REGION = 'eu-west-1';

const CHOICES: readonly (readonly [DeployedMode, Egress])[] = [
  ['paper', 'public-ip'],
  ['paper', 'fck-nat'],
  ['demo', 'public-ip'],
  ['live', 'fck-nat'],
  ['live', 'nat-gateway'],
];

export function costTable(): string {
  const resources = CHOICES.map(([mode, egress]) => resourcesOf(mode, egress));
  const billsOf = (isFirst: boolean) =>
    resources.map((all) => billOf(all, { prices: PRICES[REGION], isFirst }));
  const bills = billsOf(true);
  const items = [...new Set(bills.flatMap((bill) => [...bill.keys()]))];
  const [header, ...rows] = [
    ['USD a month', ...CHOICES.map(([mode, egress]) => `${mode}, ${egress}`)],
    ...items.map((item) => [item, ...bills.map((bill) => dollars(bill.get(item) ?? 0))]),
    ['**together**', ...bills.map((bill) => `**${dollars(totalOf(bill))}**`)],
    [
      'each further deployment in the account',
      ...billsOf(false).map((bill) => dollars(totalOf(bill))),
    ],
  ] as [string[], ...string[][]];
  const widths = header.map((cell, i) =>
    Math.max(cell.length, ...rows.map((row) => row[i]?.length ?? 0)),
  );
  // Text to the left, numbers to the right, in the source as on the page.
  const padded = (cells: readonly string[]) =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)));
  const rule = widths.map((width, i) =>
    i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  return [padded(header), rule, ...rows.map(padded)]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

/** `text` with the table between its markers. Throws where they are missing. */
export function withCostTable(text: string): string {
  const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`README.md lacks ${BEGIN} and ${END}`);
  const note = `Prices of ${REGION}, ${PRICES_AS_OF}, as stated in \`infra/prices.ts\` with the usage assumed; what Amazon gives every account for nothing is taken off.`;
  return `${text.slice(0, from)}${BEGIN}\n\n${costTable()}\n\n${note}\n\n${text.slice(to)}`;
}

const synthesized = new Map<string, CostedResource[]>();

function resourcesOf(mode: DeployedMode, egress: Egress): CostedResource[] {
  const key = `${mode} ${egress}`;
  const resources = synthesized.get(key) ?? synthesize(mode, egress);
  synthesized.set(key, resources);
  return resources;
}

function synthesize(mode: DeployedMode, egress: Egress): CostedResource[] {
  const { context } = JSON.parse(readFileSync(CDK_JSON, 'utf8')) as {
    context: Record<string, unknown>;
  };
  const { stacks } = createApp({
    codeOf: () => Code.fromInline('exports.handler = () => undefined;'),
    image: ContainerImage.fromRegistry('image'),
    profile: {},
    app: {
      context: { ...context, 'aws:cdk:bundling-stacks': [], mode, egress, alertEmail: 'a@b.cd' },
      builtinCloudFormationValidation: false,
      analyticsReporting: false,
    },
  });
  return Object.values(stacks)
    .filter((stack) => stack instanceof Stack)
    .flatMap((stack) =>
      Object.values(Template.fromStack(stack).toJSON().Resources as Record<string, CostedResource>),
    );
}

function dollars(amount: number): string {
  return amount.toFixed(2);
}

if (import.meta.main) {
  writeFileSync(README, withCostTable(readFileSync(README, 'utf8')));
  process.stdout.write(`${costTable()}\n`);
}
