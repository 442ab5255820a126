/** The stacks as `npx cdk synth` makes them, with stand-ins for code and image: fast, and without docker. */
import { readFileSync } from 'node:fs';
import type { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { createApp, type PlimsollApp } from '../../infra/app.ts';

type Context = Readonly<Record<string, string | number>>;

const CDK_JSON = JSON.parse(readFileSync(new URL('../../cdk.json', import.meta.url), 'utf8')) as {
  context: Record<string, unknown>;
};

export interface BuildOptions {
  readonly context?: Context;
  readonly region?: string;
  /** CDK's own rules for CloudFormation, which take seconds; a finding throws. */
  readonly isValidating?: boolean;
}

export function build({ context, region, isValidating = false }: BuildOptions = {}): PlimsollApp {
  return createApp({
    codeOf: () => Code.fromInline('exports.handler = () => undefined;'),
    image: ContainerImage.fromRegistry('example.invalid/plimsoll@sha256:00'),
    profile: region ? { account: '111122223333', region } : {},
    app: {
      // The feature flags of cdk.json decide what comes out.
      context: {
        ...CDK_JSON.context,
        'aws:cdk:bundling-stacks': [],
        ...context,
      },
      builtinCloudFormationValidation: isValidating,
      analyticsReporting: false,
    },
  });
}

export type Resource = {
  readonly Type: string;
  readonly Properties: Record<string, unknown>;
  readonly DeletionPolicy?: string;
};

export type Templates = Readonly<Record<keyof PlimsollApp['stacks'], Template>>;

const made = new Map<string, Templates>();

/** The templates that these settings come to, made once. */
export function templatesOf(context: Context): Templates {
  const key = JSON.stringify(Object.entries(context).sort());
  const known = made.get(key);
  if (known) return known;
  const entries = Object.entries(build({ context }).stacks) as [keyof Templates, Stack][];
  const templates = Object.fromEntries(
    entries.map(([name, stack]) => [name, Template.fromStack(stack)]),
  ) as Templates;
  made.set(key, templates);
  return templates;
}

/** All resources of all stacks, or of those given. */
export function resourcesOf(...templates: readonly Template[]): [id: string, Resource][] {
  return templates.flatMap(
    (template) => Object.entries(template.toJSON().Resources ?? {}) as [string, Resource][],
  );
}

export function ofType(type: string, ...templates: readonly Template[]): Resource[] {
  return resourcesOf(...templates)
    .map(([, resource]) => resource)
    .filter(({ Type }) => Type === type);
}
