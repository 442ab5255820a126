/**
 * Telegram's Bot API on loopback, as far as Plimsoll uses it: refuses what Telegram would refuse and what
 * Plimsoll must never send, keeps what it took, and fails as told. And updates, as Telegram sends them.
 */
import { type Asked, startLoopbackServer } from './loopback-server.ts';

/** A call that was taken. */
export interface TelegramCall {
  readonly method: string;
  readonly chatId: number | null;
  readonly text: string;
  /** Data of the buttons below the message. */
  readonly buttons: readonly string[];
  /** Of sendPhoto: the picture's bytes. */
  readonly photo: Buffer | null;
}

export interface TelegramServer {
  readonly url: string;
  readonly calls: readonly TelegramCall[];
  /** What was wrong with requests; empty at the end of a good test. */
  readonly violations: readonly string[];
  /** Texts of the messages sent, oldest first. */
  texts(): readonly string[];
  /** Resolves with the first message, past or to come, that `matches`. */
  message(matches: (call: TelegramCall) => boolean, timeoutMs?: number): Promise<TelegramCall>;
  /** The next requests get these answers instead, in this order. */
  failNext(...failures: readonly TelegramFailure[]): void;
  stop(): Promise<void>;
}

export type TelegramFailure =
  | { readonly code: 429; readonly retryAfterS: number }
  | { readonly code: 400 | 403 | 500 | 502 };

const TEXT_UNITS_MAX = 4_096;
const CAPTION_UNITS_MAX = 1_024;
const BUTTON_BYTES_MAX = 64;
const METHODS: ReadonlySet<string> = new Set([
  'sendMessage',
  'sendPhoto',
  'answerCallbackQuery',
  'editMessageReplyMarkup',
]);

export async function startTelegramServer(token: string): Promise<TelegramServer> {
  const calls: TelegramCall[] = [];
  const violations: string[] = [];
  const failures: TelegramFailure[] = [];
  const listeners = new Set<() => void>();
  const server = await startLoopbackServer((asked) => {
    const failure = failures.shift();
    if (failure) return refused(failure.code, 'as the test says', failure);
    const taken = take(asked, token);
    if (typeof taken === 'string') {
      violations.push(taken);
      return refused(400, `Bad Request: ${taken}`);
    }
    calls.push(taken);
    for (const listener of [...listeners]) listener();
    const message = { message_id: calls.length, date: 1, chat: { id: taken.chatId } };
    const result = taken.method === 'answerCallbackQuery' ? true : message;
    return { body: JSON.stringify({ ok: true, result }), headers: JSON_TYPE };
  });
  return {
    url: server.url,
    calls,
    violations,
    texts: () => calls.filter((call) => call.method === 'sendMessage').map(({ text }) => text),
    message(matches, timeoutMs = 10_000) {
      const { promise, resolve, reject } = Promise.withResolvers<TelegramCall>();
      const look = () => {
        const found = calls.find(matches);
        if (found) resolve(found);
      };
      const timer = setTimeout(
        () => reject(new Error(`no such message; there were:\n${JSON.stringify(calls, null, 1)}`)),
        timeoutMs,
      );
      listeners.add(look);
      look();
      return promise.finally(() => {
        clearTimeout(timer);
        listeners.delete(look);
      });
    },
    failNext: (...next) => {
      failures.push(...next);
    },
    stop: () => server.stop(),
  };
}

const JSON_TYPE = { 'content-type': 'application/json' };

function refused(code: number, description: string, failure?: TelegramFailure) {
  const parameters = failure?.code === 429 ? { retry_after: failure.retryAfterS } : undefined;
  const body = JSON.stringify({ ok: false, error_code: code, description, parameters });
  return { status: code, body, headers: JSON_TYPE };
}

/** The call, or what is wrong with it. */
function take(
  { method: verb, path, headers, body, bytes }: Asked,
  token: string,
): TelegramCall | string {
  const [, given, method = ''] = /^\/bot([^/]+)\/(\w+)$/.exec(path) ?? [];
  if (given !== token) return `wrong token in the path of ${method}`;
  if (verb !== 'POST') return `${verb} instead of POST`;
  if (!METHODS.has(method)) return `unknown method ${method}`;
  const type = headers['content-type'] ?? '';
  const payload = type.startsWith('multipart/form-data')
    ? formFields(bytes.toString('latin1'), type)
    : jsonFields(body, type);
  if (typeof payload === 'string') return `${method}: ${payload}`;
  return checked(method, payload);
}

type Fields = Readonly<Record<string, unknown>>;

function jsonFields(body: string, type: string): Fields | string {
  if (!type.startsWith('application/json')) return `content type ${type}`;
  try {
    return JSON.parse(body) as Fields;
  } catch {
    return 'the body is not JSON';
  }
}

/** Enough of RFC 7578 for what grammY writes; a file is latin1 text again. */
function formFields(body: string, type: string): Fields | string {
  const boundary = /boundary=(.+)$/.exec(type)?.[1]?.replaceAll('"', '');
  if (boundary === undefined) return 'no boundary';
  const fields: Record<string, unknown> = {};
  for (const part of body.split(`--${boundary}`).slice(1, -1)) {
    const end = part.indexOf('\r\n\r\n');
    const name = /name="([^"]+)"/.exec(part.slice(0, end))?.[1] ?? '';
    fields[name] = part.slice(end + 4, -2);
  }
  return fields;
}

function checked(method: string, fields: Fields): TelegramCall | string {
  if ('parse_mode' in fields) return `${method}: parse_mode, where text must be plain`;
  const text = String(fields.text ?? fields.caption ?? '');
  const max = method === 'sendMessage' ? TEXT_UNITS_MAX : CAPTION_UNITS_MAX;
  if (text.length > max) return `${method}: message is too long (${text.length})`;
  if (method === 'sendMessage' && text.trim() === '') return 'sendMessage: message text is empty';
  if (!text.isWellFormed()) return `${method}: half a character in the text`;
  const chatId = fields.chat_id === undefined ? null : Number(fields.chat_id);
  if (method !== 'answerCallbackQuery' && !Number.isSafeInteger(chatId)) {
    return `${method}: chat_id ${String(fields.chat_id)}`;
  }
  for (const { offset, length } of (fields.entities ?? []) as {
    offset: number;
    length: number;
  }[]) {
    if (offset < 0 || length < 1 || offset + length > text.length) return `${method}: bad entity`;
  }
  const keyboard = (fields.reply_markup as { inline_keyboard?: { callback_data: string }[][] })
    ?.inline_keyboard;
  const buttons = (keyboard ?? []).flat().map(({ callback_data }) => callback_data);
  if (buttons.some((data) => Buffer.byteLength(data) > BUTTON_BYTES_MAX)) {
    return `${method}: BUTTON_DATA_INVALID`;
  }
  // A file travels in a part of its own, which the field names.
  const attached = /^attach:\/\/(.+)$/.exec(String(fields.photo ?? ''))?.[1];
  const file = attached === undefined ? undefined : fields[attached];
  if (method === 'sendPhoto' && typeof file !== 'string') return 'sendPhoto: no file';
  const photo = typeof file === 'string' ? Buffer.from(file, 'latin1') : null;
  return { method, chatId, text, buttons, photo };
}

// Updates ---------------------------------------------------------------------------------------------

let updateIds = 700_000_000;

/** The next update's id: Telegram's grow by one, and begin anywhere. */
export function nextUpdateId(): number {
  updateIds += 1;
  return updateIds;
}

interface Said {
  readonly userId: number;
  readonly text: string;
  readonly nowMs: number;
  readonly updateId?: number;
}

type Json = Readonly<Record<string, unknown>>;

function person(id: number): Json {
  return { id, is_bot: false, first_name: 'Ada', username: 'ada', language_code: 'en' };
}

function privateChat(id: number): Json {
  return { id, first_name: 'Ada', username: 'ada', type: 'private' };
}

const GROUP: Json = { id: -1001234567890, title: 'Traders', type: 'supergroup' };
const CHANNEL: Json = { id: -1009876543210, title: 'Signals', type: 'channel' };

function messageOf({ userId, text, nowMs }: Said, changes: Json = {}): Json {
  const length = /^\/\w+/.exec(text)?.[0].length;
  return {
    message_id: 41,
    from: person(userId),
    chat: privateChat(userId),
    date: Math.floor(nowMs / 1_000),
    text,
    ...(length ? { entities: [{ offset: 0, length, type: 'bot_command' }] } : {}),
    ...changes,
  };
}

/** A message as a person writes it to the bot. */
export function messageUpdate(said: Said): Json {
  return { update_id: said.updateId ?? nextUpdateId(), message: messageOf(said) };
}

/** A button of the bot's own message, pressed. */
export function pressUpdate({
  userId,
  data,
  nowMs,
}: {
  userId: number;
  data: string;
  nowMs: number;
}): Json {
  return {
    update_id: nextUpdateId(),
    callback_query: {
      id: '4382bfdwdsb323b2d9',
      from: person(userId),
      chat_instance: '-3788427987',
      data,
      message: {
        message_id: 42,
        from: { id: 1, is_bot: true, first_name: 'Plimsoll', username: 'plimsoll_bot' },
        chat: privateChat(userId),
        date: Math.floor(nowMs / 1_000),
        text: 'Resume?',
      },
    },
  };
}

/** The same words in every way they may come that must not count, by what is wrong with it. */
export function unheardUpdates(said: Said): Readonly<Record<string, Json>> {
  const update = (kind: string, value: Json) => ({ update_id: nextUpdateId(), [kind]: value });
  const origin = { type: 'user', sender_user: person(said.userId), date: 1 };
  return {
    'an edited message': update('edited_message', messageOf(said, { edit_date: 2 })),
    'a channel post': update('channel_post', messageOf(said, { chat: CHANNEL, from: undefined })),
    'an edited channel post': update('edited_channel_post', messageOf(said, { chat: CHANNEL })),
    'a group': update('message', messageOf(said, { chat: GROUP })),
    'a group under a person’s number': update(
      'message',
      messageOf(said, { chat: { ...GROUP, id: said.userId } }),
    ),
    'a group, without a sender': update(
      'message',
      messageOf(said, { chat: GROUP, from: undefined }),
    ),
    'another private chat': update('message', messageOf(said, { chat: privateChat(999) })),
    'a channel that speaks': update('message', messageOf(said, { sender_chat: CHANNEL })),
    'a forwarded message': update('message', messageOf(said, { forward_origin: origin })),
    'another bot’s words': update(
      'message',
      messageOf(said, { via_bot: { id: 5, is_bot: true, first_name: 'gif' } }),
    ),
    'a business message': update('business_message', messageOf(said)),
    'an inline query': update('inline_query', {
      id: '1',
      from: person(said.userId),
      query: said.text,
      offset: '',
    }),
    'a chosen inline result': update('chosen_inline_result', {
      result_id: '1',
      from: person(said.userId),
      query: said.text,
    }),
    'a button of an inline message': update('callback_query', {
      id: '1',
      from: person(said.userId),
      chat_instance: '1',
      inline_message_id: 'AAAA',
      data: 'flatten:x',
    }),
    'a button in a group': update('callback_query', {
      id: '1',
      from: person(said.userId),
      chat_instance: '1',
      data: 'flatten:x',
      message: { message_id: 1, date: 0, chat: GROUP },
    }),
    'no person at all': update('message', { message_id: 1, date: 1, text: said.text }),
    'nothing known': update('something_new', messageOf(said)),
  };
}
