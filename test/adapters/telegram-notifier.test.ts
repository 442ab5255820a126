/** Goal: an alert reaches each chat whole and once, whatever Telegram answers on the way. */
import { afterEach, expect, it } from 'vitest';
import { splitText } from '../../shared/adapters/telegram/split-text.ts';
import { createTelegramNotifier } from '../../shared/adapters/telegram/telegram-notifier.ts';
import type { TimeMs } from '../../shared/core/units.ts';
import type { OutboxItem } from '../../shared/ports/store.ts';
import {
  type Answer,
  type LoopbackServer,
  startLoopbackServer,
} from '../support/loopback-server.ts';

const TOKEN = '1234:canary-token';
const taken: Answer = {
  body: JSON.stringify({ ok: true, result: { message_id: 1, date: 0, chat: { id: 1 } } }),
};
const refused = (error_code: number, description: string, parameters?: object): Answer => ({
  status: error_code,
  body: JSON.stringify({ ok: false, error_code, description, parameters }),
});

let server: LoopbackServer;
afterEach(() => server.stop());

interface Sent {
  chat_id: number;
  text: string;
  parse_mode?: string;
}

const sent = (): Sent[] => server.asked.map(({ body }) => JSON.parse(body) as Sent);

const alert = (text: string): OutboxItem => ({
  id: '1',
  key: null,
  topic: 'risk',
  severity: 'critical',
  text,
  timeMs: 0 as TimeMs,
});

/** A notifier to chats 7 and 8 of a Bot API that answers each message as `answer` says. */
async function notifier(
  answer: (message: Sent, count: number) => Answer,
  { chatIds = [7, 8], log = [] }: { chatIds?: number[]; log?: string[] } = {},
) {
  let count = 0;
  server = await startLoopbackServer(({ body }) => answer(JSON.parse(body), ++count));
  return createTelegramNotifier({
    botToken: TOKEN,
    chatIds,
    label: 'night',
    apiRoot: server.url,
    onRefused: (text) => log.push(text),
  });
}

it('sends plain text to each chat', async () => {
  const telegram = await notifier(() => taken);
  await telegram.deliver(alert('halted: *daily* <loss>'));
  expect(server.asked.map(({ path }) => path)).toEqual(Array(2).fill(`/bot${TOKEN}/sendMessage`));
  expect(sent().map(({ chat_id }) => chat_id)).toEqual([7, 8]);
  for (const { text, parse_mode } of sent()) {
    expect(text).toBe('CRITICAL · night · risk\nhalted: *daily* <loss>');
    expect(parse_mode).toBeUndefined();
  }
});

it('cuts a long alert, and goes on where it failed when it is offered again', async () => {
  const telegram = await notifier(
    (_, count) => (count === 2 ? refused(401, 'Unauthorized') : taken),
    { chatIds: [7] },
  );
  const long = 'a'.repeat(5_000);
  await expect(telegram.deliver(alert(long))).rejects.toThrow('Unauthorized');
  await telegram.deliver(alert(long));
  const [first, failed, again, ...more] = sent().map(({ text }) => text);
  expect(more).toEqual([]);
  expect(again).toBe(failed);
  expect(first).toHaveLength(4_096);
  expect(`${first}${again}`).toBe(`CRITICAL · night · risk\n${long}`);
});

it('gives up a chat that blocked the bot, and tells; the others get theirs', async () => {
  const log: string[] = [];
  const telegram = await notifier(
    ({ chat_id }) => (chat_id === 7 ? refused(403, 'Forbidden: bot was blocked') : taken),
    { log },
  );
  await telegram.deliver(alert('x'));
  expect(sent().map(({ chat_id }) => chat_id)).toEqual([7, 8]);
  expect(log).toEqual(['Telegram chat 7 takes no messages: Forbidden: bot was blocked']);
});

it('waits as long as Telegram says and tries again', async () => {
  const telegram = await notifier((_, count) =>
    count === 1 ? refused(429, 'Too Many Requests', { retry_after: 1 }) : taken,
  );
  const startedMs = performance.now();
  await telegram.deliver(alert('x'));
  expect(performance.now() - startedMs).toBeGreaterThanOrEqual(990);
  expect(sent().map(({ chat_id }) => chat_id)).toEqual([7, 7, 8]);
});

it('shows the bot’s token in no error', async () => {
  const telegram = await notifier(() => refused(401, 'Unauthorized'));
  const error = (await telegram.deliver(alert('x')).catch((thrown: unknown) => thrown)) as Error;
  expect(`${error.stack} ${JSON.stringify(error)}`).not.toContain('canary');
});

it('cuts at line ends and never within a character', () => {
  expect(splitText('ab\ncd\nef', 5)).toEqual(['ab\ncd', 'ef']);
  expect(splitText('ab😀', 3)).toEqual(['ab', '😀']);
  expect(splitText('', 3)).toEqual(['']);
  expect(splitText('abc', 3)).toEqual(['abc']);
});
