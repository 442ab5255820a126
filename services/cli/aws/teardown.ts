/**
 * `plimsoll teardown`: a deployment goes, its trader drained before. With `--delete-data` so does what
 * stacks leave behind on purpose. An open position stops it: nobody would watch that position any more.
 */
import { STACK_PARTS, STATE_STACK, telegramSecret } from '../../../shared/config/deployment.ts';
import { ConfigurationError } from '../../../shared/config/load.ts';
import { KeptData, type KeptNames } from './kept-data.ts';
import { type OpenPosition, positionAtExchange, positionsInTable } from './open-positions.ts';
import { SecretVersions } from './secret-versions.ts';
import { askPlace, type PlaceFlags } from './setup-answers.ts';
import { type Deployment, outputOf, Stacks } from './stacks.ts';
import { TelegramAccount, TelegramError } from './telegram-account.ts';
import type { Terminal } from './terminal.ts';
import { TraderService } from './trader-service.ts';

export interface TeardownFlags extends PlaceFlags {
  readonly deleteData: boolean;
  /** The deployment's id, as a person would type it. */
  readonly confirm?: string;
  /** Paper positions are no one's loss. */
  readonly abandonPaper: boolean;
}

export interface TeardownParts {
  readonly terminal: Terminal;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly pollMs?: number;
}

const POLL_MS = 5_000;
/** A task drains within two minutes. */
const STOP_LOOKS_MAX = 60;

/** Throws ConfigurationError where it refuses, AwsError. Can be run again after either. */
export async function tearDown(flags: TeardownFlags, parts: TeardownParts): Promise<void> {
  const { id, region } = await askPlace(flags, parts.terminal);
  const pollMs = parts.pollMs ?? POLL_MS;
  const stacks = new Stacks(region);
  const secrets = new SecretVersions(region);
  const data = new KeptData(region, pollMs);
  try {
    const deployment = await stacks.deployment(id);
    const teardown = new Teardown({ deployment, stacks, secrets, data, pollMs }, flags, parts);
    await teardown.run();
  } finally {
    data.close();
    secrets.close();
    stacks.close();
  }
}

interface Subject {
  readonly deployment: Deployment;
  readonly stacks: Stacks;
  readonly secrets: SecretVersions;
  readonly data: KeptData;
  readonly pollMs: number;
}

class Teardown {
  readonly #subject: Subject;
  readonly #flags: TeardownFlags;
  readonly #parts: TeardownParts;
  /** Tables and buckets of all deployments, where this is the last one. */
  #kept: { shared: KeptNames; own: KeptNames };

  constructor(subject: Subject, flags: TeardownFlags, parts: TeardownParts) {
    this.#subject = subject;
    this.#flags = flags;
    this.#parts = parts;
    const none = { tables: [], buckets: [] };
    this.#kept = { shared: none, own: none };
  }

  async run(): Promise<void> {
    const { deployment, data } = this.#subject;
    const { id } = deployment;
    this.#kept = await data.find(id);
    await this.#refuseWithPosition();
    await this.#confirm();
    await this.#stop();
    await this.#unregister();
    await this.#removeStacks();
    if (this.#flags.deleteData) await this.#removeData();
    else this.#sayKept();
  }

  #say(text: string): void {
    this.#parts.terminal.say(text);
  }

  get #isLast(): boolean {
    return this.#subject.deployment.others.length === 0;
  }

  async #refuseWithPosition(): Promise<void> {
    const open = await this.#openPositions();
    const refusing = open.filter(({ isPaper }) => !(isPaper && this.#flags.abandonPaper));
    if (refusing.length === 0) return;
    const lines = refusing.map(({ trader, text }) => `  ${trader}: ${text}`).join('\n');
    const paper = refusing.every(({ isPaper }) => isPaper)
      ? ', or, since it is only paper, --abandon-paper'
      : '';
    throw new ConfigurationError(
      `a position is open, and nobody would watch it any more:\n${lines}\nclose it first: /flatten in Telegram, or "plimsoll flatten"${paper}`,
    );
  }

  async #openPositions(): Promise<readonly OpenPosition[]> {
    const { deployment, secrets } = this.#subject;
    const { open, doubt } = await positionAtExchange(
      deployment,
      secrets,
      this.#parts.environment.PLIMSOLL_EXCHANGE,
    );
    if (doubt) {
      this.#say(`the exchange cannot be asked for the position (${doubt}): look there yourself`);
    }
    const found = open ? [open] : [];
    for (const table of this.#kept.shared.tables) {
      const inTable = await positionsInTable(table, deployment.region);
      // Another deployment's positions are its own affair, as long as the table stays.
      found.push(...inTable.filter(({ trader }) => this.#isLast || trader === this.#trader()));
    }
    return found;
  }

  #trader(): string {
    const { deployment } = this.#subject;
    const mode = deployment.parts.trader?.mode ?? '';
    return `${mode} ${outputOf(deployment, 'account')} ${outputOf(deployment, 'symbol')}`;
  }

  async #confirm(): Promise<void> {
    const { deployment } = this.#subject;
    const { id } = deployment;
    const names = [...Object.values(deployment.parts)].map(({ name }) => name);
    const goes = [...names, ...(this.#flags.deleteData ? this.#removedData() : [])];
    if (goes.length === 0) {
      this.#say(`nothing of deployment ${id} is left in ${deployment.region}`);
      return;
    }
    this.#say(`this goes, for good:\n${goes.map((name) => `  ${name}`).join('\n')}`);
    const typed =
      this.#flags.confirm ??
      (await this.#parts.terminal.text({
        message: `Type the deployment's id, ${id}, to go on`,
        flag: `--confirm ${id}`,
      }));
    if (typed !== id) throw new ConfigurationError(`"${typed}" is not ${id}: nothing was changed`);
  }

  #removedData(): string[] {
    const { shared, own } = this.#kept;
    return [...(this.#isLast ? [...shared.tables, ...shared.buckets] : []), ...own.buckets];
  }

  /** Drains the trader; where it opened something meanwhile, it goes on and nothing is removed. */
  async #stop(): Promise<void> {
    const { deployment, pollMs } = this.#subject;
    if (!outputOf(deployment, 'service')) return;
    const service = new TraderService(deployment);
    try {
      this.#say('stopping the trader');
      await service.stop({ pollMs, attempts: STOP_LOOKS_MAX });
      try {
        await this.#refuseWithPosition();
      } catch (error) {
        await service.restart();
        throw error;
      }
    } finally {
      service.close();
    }
  }

  /** So that Telegram does not go on calling an address that is somebody else's one day. */
  async #unregister(): Promise<void> {
    const { deployment, secrets } = this.#subject;
    const arn = outputOf(deployment, 'telegramSecret');
    if (!arn) return;
    const { value } = await secrets.current(arn, telegramSecret);
    if (value.botToken === '') return;
    try {
      await new TelegramAccount(value.botToken).unregister();
    } catch (error) {
      if (!(error instanceof TelegramError)) throw error;
      this.#say(`${error.message}; revoke the token with @BotFather`);
    }
  }

  async #removeStacks(): Promise<void> {
    const { deployment, stacks, pollMs } = this.#subject;
    const { deleteData } = this.#flags;
    const names = STACK_PARTS.toReversed().flatMap((part) => deployment.parts[part]?.name ?? []);
    const isStateGoing = deleteData && this.#isLast && deployment.state !== null;
    for (const name of [...names, ...(isStateGoing ? [STATE_STACK] : [])]) {
      await stacks.remove(name, (status) => this.#say(`${name}: ${status}`), pollMs);
    }
  }

  async #removeData(): Promise<void> {
    const { deployment, data } = this.#subject;
    const { shared, own } = this.#kept;
    if (this.#isLast) {
      for (const table of shared.tables) {
        await data.removeTable(table);
        this.#say(`table ${table} is deleted`);
      }
    } else {
      const users = deployment.others.join(', ');
      this.#say(`table and journals are shared with ${users}, and stay; with the last one they go`);
      for (const bucket of shared.buckets) {
        for (const folder of ['journals', 'recordings']) {
          const count = await data.empty(bucket, `${folder}/${deployment.id}/`);
          this.#say(`${count} objects of ${folder}/${deployment.id} are deleted in ${bucket}`);
        }
      }
    }
    for (const bucket of [...(this.#isLast ? shared.buckets : []), ...own.buckets]) {
      const count = await data.removeBucket(bucket);
      this.#say(`bucket ${bucket} is deleted, with ${count} objects and old versions`);
    }
    this.#say('logs and secrets went with their stacks; keys at the exchange are yours to delete');
  }

  #sayKept(): void {
    const { shared, own } = this.#kept;
    const kept = [...shared.tables, ...shared.buckets, ...own.buckets];
    this.#say(
      kept.length === 0
        ? 'nothing is kept'
        : `kept, and found again by the next deployment where ${STATE_STACK} stands:\n${kept.map((name) => `  ${name}`).join('\n')}\n"plimsoll teardown --delete-data" removes them too`,
    );
  }
}
