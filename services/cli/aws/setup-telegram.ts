/** The questions about Telegram: whose bot, and who may talk to it. */
import type { TelegramSecret } from '../../../shared/config/deployment.ts';
import { ConfigurationError } from '../../../shared/config/load.ts';
import { TelegramAccount, tokenProblem } from './telegram-account.ts';
import type { Terminal } from './terminal.ts';

const TOKEN = 'PLIMSOLL_TELEGRAM_TOKEN';

/** Null: there is no bot and none is wanted. Throws ConfigurationError, TelegramError. */
export async function askTelegram(
  given: {
    readonly stored: TelegramSecret;
    readonly token: string | undefined;
    readonly users: string | undefined;
  },
  terminal: Terminal,
): Promise<Pick<TelegramSecret, 'botToken' | 'allowedUserIds'> | null> {
  const { stored } = given;
  const botToken = given.token ?? (stored.botToken || (await askToken(terminal)));
  if (botToken === '') {
    terminal.say('no Telegram: alerts go to alertEmail alone, and nobody can /halt by phone');
    return null;
  }
  const wrong = tokenProblem(botToken);
  if (wrong) throw new ConfigurationError(`${TOKEN}: ${wrong}`);
  const account = new TelegramAccount(botToken);
  const name = await account.name();
  terminal.say(`the bot is @${name}`);
  const allowedUserIds =
    given.users === undefined
      ? stored.allowedUserIds.length > 0
        ? stored.allowedUserIds
        : await askUsers(account, name, terminal)
      : userIds(given.users);
  return { botToken, allowedUserIds };
}

export async function askToken(terminal: Terminal): Promise<string> {
  if (!terminal.isAsking) return '';
  return terminal.secret({
    message: 'Telegram bot token, from @BotFather (empty: no Telegram)',
    flag: TOKEN,
    problem: (text) => (text === '' ? null : tokenProblem(text)),
  });
}

/** Finds the owner by letting them write to the bot. */
async function askUsers(
  account: TelegramAccount,
  bot: string,
  terminal: Terminal,
): Promise<number[]> {
  const question = {
    message: 'Telegram user ids that may talk to the bot, the owner first',
    flag: '--telegram-users',
    problem: (text: string) =>
      isUserIds(text) ? null : 'that is no list of numbers, e.g. 1234567',
  };
  while (terminal.isAsking) {
    const ready = `Write anything to @${bot} in Telegram now. Done`;
    if (!(await terminal.yes({ message: ready, flag: question.flag }))) break;
    for (const { id, name } of await account.writers()) {
      const message = `${name}, id ${id}, wrote. Is that you, the one who may steer the trader`;
      if (await terminal.yes({ message, flag: question.flag })) return [id];
    }
    terminal.say('nobody else wrote to it');
  }
  return userIds(await terminal.text(question));
}

function isUserIds(text: string): boolean {
  return /^[1-9]\d{0,15}(\s*,\s*[1-9]\d{0,15})*$/.test(text);
}

function userIds(text: string): number[] {
  if (isUserIds(text)) return text.split(',').map(Number);
  throw new ConfigurationError(
    `--telegram-users must be user ids such as 1234567,7654321, not "${text}"`,
  );
}
