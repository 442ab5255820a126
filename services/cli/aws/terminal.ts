/** What is asked of a person and told to them. With `--yes` nobody is asked: answers are flags and variables. */
import { ConfigurationError } from '../../../shared/config/load.ts';

export interface Terminal {
  /** A line of text. */
  say(text: string): void;
  /** Throws ConfigurationError where nobody is there to answer; `flag` is how to give the answer then. */
  text(question: Question): Promise<string>;
  /** Not shown as it is typed, and kept nowhere. */
  secret(question: Question): Promise<string>;
  choice<T extends string>(question: Question, choices: readonly T[], first: T): Promise<T>;
  yes(question: Question): Promise<boolean>;
  readonly isAsking: boolean;
}

export interface Question {
  readonly message: string;
  /** The flag or variable that answers it. */
  readonly flag: string;
  /** What is wrong with an answer; null where nothing is. */
  readonly problem?: (answer: string) => string | null;
}

/** Prompts on the terminal. The prompts are loaded only now: they cost time. */
export async function interactiveTerminal(say: (text: string) => void): Promise<Terminal> {
  const prompts = await import('@inquirer/prompts');
  const validate =
    ({ problem }: Question) =>
    (answer: string) =>
      problem?.(answer.trim()) ?? true;
  return {
    say,
    isAsking: true,
    text: async (question) => {
      const { message } = question;
      return (await prompts.input({ message, validate: validate(question) })).trim();
    },
    secret: async (question) => {
      const { message } = question;
      return (await prompts.password({ message, mask: true, validate: validate(question) })).trim();
    },
    choice: ({ message }, choices, first) =>
      prompts.select({
        message,
        choices: choices.map((value) => ({ value })),
        default: first,
      }) as Promise<never>,
    yes: ({ message }) => prompts.confirm({ message, default: false }),
  };
}

/** Nobody to ask. */
export function silentTerminal(say: (text: string) => void): Terminal {
  const missing = async ({ message, flag }: Question): Promise<never> => {
    throw new ConfigurationError(`${message}: with --yes give it as ${flag}`);
  };
  return { say, isAsking: false, text: missing, secret: missing, choice: missing, yes: missing };
}
