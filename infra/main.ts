/** The CDK app: `npx cdk synth`, `npx cdk deploy --all`. What may be chosen is in cdk.json. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { createApp, type LambdaName } from './app.ts';
import { bundle, isBundleComplete } from './bundles.ts';
import { DeploymentError } from './config.ts';
import { OPERATOR_FUNCTIONS } from './operations-stack.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const folderOf = (name: LambdaName) => join(ROOT, 'dist', name);

await Promise.all(
  [...OPERATOR_FUNCTIONS, 'sweep-worker' as const].map(async (name) => {
    if (isBundleComplete(name)) return bundle(name, folderOf(name));
    // Stands in until the program is written.
    mkdirSync(folderOf(name), { recursive: true });
    writeFileSync(
      join(folderOf(name), 'index.mjs'),
      "export const handler = () => { throw new Error('not written yet'); };\n",
    );
  }),
);

try {
  createApp({
    codeOf: (name) => Code.fromAsset(folderOf(name)),
    image: existsSync(join(ROOT, 'Dockerfile'))
      ? ContainerImage.fromAsset(ROOT, { platform: Platform.LINUX_ARM64 })
      : ContainerImage.fromRegistry('public.ecr.aws/docker/library/node:24-slim'),
    profile: { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION },
  }).app.synth();
} catch (error) {
  if (!(error instanceof DeploymentError)) throw error;
  process.stderr.write(`plimsoll: ${error.message}\n`);
  process.exitCode = 2;
}
