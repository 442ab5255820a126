/** The trader's task: restarted, stopped, watched. */
import { setTimeout as sleep } from 'node:timers/promises';
import { DescribeServicesCommand, ECSClient, UpdateServiceCommand } from '@aws-sdk/client-ecs';
import { AwsError, asked } from './aws-error.ts';
import { type Deployment, neededOutput } from './stacks.ts';

export interface ServiceState {
  readonly desired: number;
  readonly running: number;
  /** Of the newest deployment: IN_PROGRESS, COMPLETED or FAILED. */
  readonly rollout: string;
}

/** All of these throw AwsError. */
export class TraderService {
  readonly #client: ECSClient;
  readonly #cluster: string;
  readonly #service: string;

  constructor(deployment: Deployment) {
    this.#client = new ECSClient({ region: deployment.region });
    this.#cluster = neededOutput(deployment, 'cluster');
    this.#service = neededOutput(deployment, 'service');
  }

  /** Stops the task, which drains, then starts another: position and stops at the exchange stay. */
  async restart(): Promise<void> {
    await this.#update('restart', { desiredCount: 1, forceNewDeployment: true });
  }

  /** Stops the task and waits until it has drained. */
  async stop({ pollMs, attempts }: { pollMs: number; attempts: number }): Promise<void> {
    await this.#update('stop', { desiredCount: 0 });
    for (let attempt = 0; attempt < attempts; attempt++) {
      if ((await this.state()).running === 0) return;
      await sleep(pollMs);
    }
    throw new AwsError(`the trader's task has not ended; look at service ${this.#service}`);
  }

  async state(): Promise<ServiceState> {
    const { services = [] } = await asked(`look at service ${this.#service}`, () =>
      this.#client.send(
        new DescribeServicesCommand({ cluster: this.#cluster, services: [this.#service] }),
      ),
    );
    const { desiredCount = 0, runningCount = 0, deployments = [] } = services[0] ?? {};
    const newest = deployments.find(({ status }) => status === 'PRIMARY');
    return {
      desired: desiredCount,
      running: runningCount,
      rollout: newest?.rolloutState ?? 'unknown',
    };
  }

  close(): void {
    this.#client.destroy();
  }

  async #update(
    doing: string,
    change: { desiredCount: number; forceNewDeployment?: boolean },
  ): Promise<void> {
    await asked(`${doing} service ${this.#service}`, () =>
      this.#client.send(
        new UpdateServiceCommand({ cluster: this.#cluster, service: this.#service, ...change }),
      ),
    );
  }
}
