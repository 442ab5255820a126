/** Text for HTML and numbers for people. */

/** Text that is HTML already; everything else is escaped. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Part = Html | string | number | readonly Part[];

/** A template whose values are escaped unless they are Html; arrays are joined. */
export function html(strings: TemplateStringsArray, ...values: readonly Part[]): Html {
  return new Html(strings.reduce((text, piece, i) => text + rendered(values[i - 1] ?? '') + piece));
}

function rendered(part: Part): string {
  if (part instanceof Html) return part.text;
  if (typeof part === 'object') return part.map(rendered).join('');
  return escaped(String(part));
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char);
}

/** JSON that can stand inside a script element: nothing in it can end the element. */
export function scriptJson(value: unknown): Html {
  return new Html(JSON.stringify(value).replaceAll('<', '\\u003c'));
}

/** 1234567.891 → "1,234,567.89"; a true minus sign. */
export function number(value: number, decimals = 2): string {
  const [whole = '', part] = Math.abs(value).toFixed(decimals).split('.');
  const digits = whole.replace(/\B(?=(\d{3})+$)/g, ',') + (part === undefined ? '' : `.${part}`);
  return value < 0 && /[1-9]/.test(digits) ? `−${digits}` : digits;
}

/** 0.1234 → "12.34 %". */
export function percent(share: number, decimals = 2): string {
  return `${number(share * 100, decimals)} %`;
}

/** As `percent`, with a plus sign where it gains. */
export function signedPercent(share: number, decimals = 1): string {
  const text = percent(share, decimals);
  return share > 0 && /[1-9]/.test(text) ? `+${text}` : text;
}

/** 0.4428 → "×0.4428"; fewer decimals for large ones. */
export function multiple(value: number): string {
  return `×${number(value, value >= 100 ? 1 : value >= 10 ? 2 : 4)}`;
}

/** "2024-05-14 15:35" in UTC. */
export function minute(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 16).replace('T', ' ');
}

/** "2024-05-14" in UTC. */
export function day(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}

/** 300000 → "5 minutes". */
export function interval(ms: number): string {
  const units: [string, number][] = [
    ['day', 86_400_000],
    ['hour', 3_600_000],
    ['minute', 60_000],
    ['second', 1_000],
  ];
  const [name, size] = units.find(([, unit]) => ms % unit === 0) ?? ['ms', 1];
  const count = ms / size;
  return `${count} ${name}${count === 1 || name === 'ms' ? '' : 's'}`;
}
