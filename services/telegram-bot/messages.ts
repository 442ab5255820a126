/** Answers as Telegram takes them: plain text, tables in fixed width, cut to size. No markup is ever parsed. */
import type { MessageEntity } from 'grammy/types';
import { MESSAGE_UNITS_MAX, splitText } from '../../shared/adapters/telegram/split-text.ts';

/** A sentence or more, and perhaps a table below. */
export interface Answer {
  readonly text?: string;
  readonly table?: string;
}

export interface OutgoingMessage {
  readonly text: string;
  readonly entities: MessageEntity[];
}

/** One message where it fits, else text and table each in as many as they need. */
export function messagesOf({ text = '', table = '' }: Answer): OutgoingMessage[] {
  const separator = text === '' || table === '' ? '' : '\n';
  const whole = `${text}${separator}${table}`;
  if (whole.length <= MESSAGE_UNITS_MAX) {
    const offset = text.length + separator.length;
    return [{ text: whole, entities: table === '' ? [] : [fixedWidth(offset, table.length)] }];
  }
  const pieces = (part: string) => (part === '' ? [] : splitText(part).filter((piece) => piece));
  return [
    ...pieces(text).map((piece) => ({ text: piece, entities: [] })),
    ...pieces(table).map((piece) => ({ text: piece, entities: [fixedWidth(0, piece.length)] })),
  ];
}

/** Names on the left, values beside them. */
export function rows(entries: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...entries.map(([name]) => name.length));
  return entries.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
}

/** `2026-01-31 12:00:03 UTC` */
export function utc(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** `4 s`, `3 min`, `2.5 h`, `12 d` */
export function duration(ms: number): string {
  const seconds = Math.max(0, ms) / 1_000;
  if (seconds < 100) return `${Math.round(seconds)} s`;
  if (seconds < 6_000) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${(seconds / 3_600).toFixed(1)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

function fixedWidth(offset: number, length: number): MessageEntity {
  return { type: 'pre', offset, length };
}
