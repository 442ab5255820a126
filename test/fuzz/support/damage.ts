/**
 * Valid messages, damaged: fields dropped, added, renamed, doubled or of another type, numbers that are
 * none, names that JavaScript gives a meaning, text cut short or with foreign bytes. Written as text, not
 * as a value: `1e400`, `-0` and a key that comes twice exist only there.
 */
import fc from 'fast-check';

/** JSON as written. `raw` is put into the text as it is. */
type Node =
  | { readonly kind: 'raw'; readonly text: string }
  | { readonly kind: 'list'; readonly items: Node[] }
  | { readonly kind: 'object'; readonly entries: [key: string, value: Node][] };

interface Place {
  readonly within: Extract<Node, { kind: 'list' | 'object' }>;
  readonly index: number;
}

interface Change {
  readonly what: 'drop' | 'replace' | 'rename' | 'add' | 'double' | 'swapType' | 'wrap' | 'moveOut';
  readonly at: number;
  readonly key: string;
  readonly value: string;
}

const NESTED = 20_000;
const DEEP = [
  '['.repeat(NESTED) + ']'.repeat(NESTED),
  `${'{"a":'.repeat(NESTED)}1${'}'.repeat(NESTED)}`,
];
/** JSON numbers and texts that are no number anybody means. */
const ODD_NUMBERS = ['1e400', '-1e400', '1e-400', '-0', '-0.0', '-1', '0', '0.5', '1e15', '1e21'];
const EDGES = ['9007199254740991', '9007199254740992', '9007199254740993', '-9007199254740993'];
const LONG = ['9'.repeat(20), '9'.repeat(5_000), '0'.repeat(5_000), `0.${'0'.repeat(5_000)}1`];
const NO_NUMBERS = ['NaN', 'Infinity', '-Infinity', '', ' ', '1,5', '0x10', '+1', '1_0', '٣', '１'];
const TEXTS = [
  ...[...ODD_NUMBERS, ...EDGES, ...LONG, ...NO_NUMBERS],
  ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'null', 'true'],
  ...['\u0000', '\u2028', '😀', '\ud800', 'é', '\r\n', '"', '\\', '../../x', '<b>'],
  'x'.repeat(100_000),
];
/** Objects that cannot be made text or number, and ones that look like an answer of another kind. */
const ODD_VALUES = [
  ...['null', 'true', 'false', '[]', '{}', '[[]]', '[null]', '{"length":1e9}'],
  ...['{"toString":1,"valueOf":1}', '{"__proto__":{"polluted":1}}', '{"toJSON":1}'],
  ...['{"constructor":{"prototype":{"polluted":1}}}', '[{"toString":null,"valueOf":null}]'],
];
const KEYS = [
  ...['__proto__', 'constructor', 'prototype', 'toString', 'valueOf', 'hasOwnProperty', 'length'],
  ...[
    'polluted',
    '',
    ' ',
    '0',
    'e',
    's',
    'type',
    'data',
    'symbol',
    'price',
    '😀',
    'k'.repeat(1_000),
  ],
];

const oddKey = fc.oneof(fc.constantFrom(...KEYS), fc.string({ maxLength: 8 }));

/** JSON text of a value nobody expects. */
export const oddJson: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...ODD_NUMBERS, ...EDGES, ...LONG.slice(0, 2)) },
  { weight: 6, arbitrary: fc.constantFrom(...TEXTS).map((text) => JSON.stringify(text)) },
  { weight: 5, arbitrary: fc.constantFrom(...ODD_VALUES) },
  { weight: 1, arbitrary: fc.constantFrom(...DEEP) },
  { weight: 3, arbitrary: fc.json({ maxDepth: 3 }) },
);

/** Plain text of the kind that stands where a number, a name or a duration should. */
export const oddText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...TEXTS),
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
);

const change: fc.Arbitrary<Change> = fc.record({
  what: fc.constantFrom(
    ...(['drop', 'replace', 'replace', 'replace', 'rename', 'add'] as const),
    ...(['double', 'swapType', 'wrap', 'moveOut'] as const),
  ),
  at: fc.nat(),
  key: oddKey,
  value: oddJson,
});

/** JSON text of one of `valid` with one to four changes; sometimes cut, sometimes with a foreign character. */
export function damaged(...valid: readonly unknown[]): fc.Arbitrary<string> {
  const texts = fc
    .record({
      which: fc.nat(valid.length - 1),
      changes: fc.array(change, { minLength: 1, maxLength: 4 }),
    })
    .map(({ which, changes }) => {
      let root = nodeOf(valid[which]);
      for (const one of changes) root = changed(root, one);
      return textOf(root);
    });
  return fc.oneof(
    { weight: 12, arbitrary: texts },
    { weight: 2, arbitrary: fc.constantFrom(...valid).map((value) => JSON.stringify(value)) },
    { weight: 2, arbitrary: garbled(fc.constantFrom(...valid).map((v) => JSON.stringify(v))) },
    { weight: 2, arbitrary: oddJson },
    { weight: 1, arbitrary: oddText },
  );
}

/** `texts` cut short, doubled, or with a stretch replaced. */
export function garbled(texts: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(texts, fc.nat(), fc.nat(3), fc.constantFrom('cut', 'insert', 'double'), oddText)
    .map(([text, place, length, what, foreign]) => {
      const at = place % (text.length + 1);
      if (what === 'cut') return text.slice(0, at);
      if (what === 'double') return text + text;
      return text.slice(0, at) + foreign.slice(0, 40) + text.slice(at + length);
    });
}

/** Bytes of one of `valid` with a few of them changed, or cut, or noise. */
export function damagedBytes(...valid: readonly Uint8Array[]): fc.Arbitrary<Buffer> {
  const bytes = fc.tuple(fc.constantFrom(...valid), fc.nat(), fc.nat());
  const flips = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 });
  return fc.oneof(
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }).map((noise) => Buffer.from(noise)) },
    {
      weight: 5,
      arbitrary: fc.tuple(bytes, flips).map(([[whole, place, isCut], changes]) => {
        const end = isCut % 3 === 0 ? place % (whole.length + 1) : whole.length;
        const copy = Buffer.from(whole.subarray(0, end));
        for (const [at, byte] of changes) if (copy.length > 0) copy[at % copy.length] = byte;
        return copy;
      }),
    },
  );
}

function changed(root: Node, { what, at, key, value }: Change): Node {
  const places = placesIn(root);
  const place = places[at % Math.max(1, places.length)];
  if (!place) return { kind: 'raw', text: value };
  const { within, index } = place;
  const here = within.kind === 'list' ? within.items[index]! : within.entries[index]![1];
  const put = (node: Node) => {
    if (within.kind === 'list') within.items[index] = node;
    else within.entries[index]![1] = node;
  };
  switch (what) {
    case 'drop':
      (within.kind === 'list' ? within.items : within.entries).splice(index, 1);
      break;
    case 'replace':
      put({ kind: 'raw', text: value });
      break;
    case 'rename':
      if (within.kind === 'object') within.entries[index]![0] = key;
      break;
    case 'add':
      if (within.kind === 'object') within.entries.push([key, { kind: 'raw', text: value }]);
      else within.items.push({ kind: 'raw', text: value });
      break;
    case 'double':
      if (within.kind === 'object') within.entries.push([within.entries[index]![0], here]);
      else within.items.push(here);
      break;
    case 'swapType':
      if (here.kind === 'raw') put({ kind: 'raw', text: swapped(here.text) });
      break;
    case 'wrap':
      put({ kind: 'list', items: [here] });
      break;
    case 'moveOut':
      return here;
  }
  return root;
}

/** A number as text, a text as whatever it spells. */
function swapped(json: string): string {
  const isText = json.startsWith('"');
  return isText ? String(JSON.parse(json)) : JSON.stringify(json);
}

function placesIn(node: Node): Place[] {
  if (node.kind === 'raw') return [];
  const inside = node.kind === 'list' ? node.items : node.entries.map(([, value]) => value);
  return inside.flatMap((child, index) => [{ within: node, index }, ...placesIn(child)]);
}

function nodeOf(value: unknown): Node {
  if (Array.isArray(value)) return { kind: 'list', items: value.map(nodeOf) };
  if (typeof value === 'object' && value !== null) {
    return { kind: 'object', entries: Object.entries(value).map(([k, v]) => [k, nodeOf(v)]) };
  }
  return { kind: 'raw', text: JSON.stringify(value) };
}

function textOf(node: Node): string {
  if (node.kind === 'raw') return node.text;
  if (node.kind === 'list') return `[${node.items.map(textOf).join(',')}]`;
  const entries = node.entries.map(([key, value]) => `${JSON.stringify(key)}:${textOf(value)}`);
  return `{${entries.join(',')}}`;
}
