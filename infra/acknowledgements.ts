/** Findings of cdk-nag that stay, each with its reason: the only way to silence one. */
import { type CfnElement, Stack, Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** `reasons` by rule or finding, e.g. `AwsSolutions-IAM5[Resource::*]`; they hold for `scope` and what is in it. */
export function acknowledge(scope: IConstruct, reasons: Readonly<Record<string, string>>): void {
  for (const [id, reason] of Object.entries(reasons)) {
    Validations.of(scope).acknowledge({ id, reason });
  }
}

/** A resource of the same stack, as findings name it. */
export function logicalIdOf(construct: IConstruct): string {
  return Stack.of(construct).getLogicalId(construct.node.defaultChild as CfnElement);
}

/** An ARN that the construct's stack exports, as findings in other stacks name it. */
export function exportOf(construct: IConstruct, arn: string): string {
  const stack = Stack.of(construct);
  return stack.resolve(stack.exportValue(arn))['Fn::ImportValue'];
}
