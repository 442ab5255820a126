/**
 * A chart as SVG, made to be read on a phone: few lines, large letters, and what colours say shapes say
 * too. Pure: the same data make the same text.
 */
import { priceSteps, timeSteps } from './axis-steps.ts';
import type { ChartCandle, ChartData, ChartMark } from './chart-data.ts';

export const WIDTH = 1_080;
export const HEIGHT = 1_000;
const PLOT = { left: 24, right: WIDTH - 168, top: 150, bottom: HEIGHT - 130 };
const PADDING_SHARE = 0.08;
const MARK_SIZE = 13;
const SIGNAL_GAP = 8;
const LABEL_HEIGHT = 44;

const INK = '#1f2933';
const FAINT = '#d9dee4';
const MUTED = '#52606d';
const COLORS = { buy: '#00796b', sell: '#c62828' } as const;
const RISE = '#8fc7bf';
const FALL = '#e6a3a0';
const ENTRY = '#3553a4';

interface Scales {
  readonly x: (openMs: number) => number;
  readonly y: (price: number) => number;
  readonly candleWidth: number;
}

export function drawChart(data: ChartData): string {
  const scales = scalesOf(data);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="DejaVu Sans">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    title(data),
    priceAxis(data, scales),
    timeAxis(data, scales),
    ...data.candles.map((candle) => candleShape(candle, scales)),
    entryLine(data, scales),
    ...data.marks.map((mark) => markShape(mark, scales)),
    lastPrice(data, scales),
    legend(),
    '</svg>',
  ].join('\n');
}

function scalesOf({ candles, marks, entry, intervalMs }: ChartData): Scales {
  const prices = [
    ...candles.flatMap(({ high, low }) => [high, low]),
    ...marks.map(({ price }) => price),
  ];
  const [low, high] = [Math.min(...prices), Math.max(...prices)];
  // The entry is shown where it is near: a far one would press the candles flat.
  const isEntryNear = entry !== null && Math.abs(entry - (low + high) / 2) < 1.5 * (high - low);
  const lowest = isEntryNear ? Math.min(low, entry) : low;
  const highest = isEntryNear ? Math.max(high, entry) : high;
  const padding = (highest - lowest) * PADDING_SHARE || highest * 0.001 || 1;
  const [bottom, top] = [lowest - padding, highest + padding];
  const firstMs = candles[0]?.openMs ?? 0;
  const count = ((candles.at(-1)?.openMs ?? 0) - firstMs) / intervalMs + 1;
  const step = (PLOT.right - PLOT.left) / Math.max(count, 20);
  return {
    x: (openMs) => PLOT.left + ((openMs - firstMs) / intervalMs + 0.5) * step,
    y: (price) => PLOT.bottom - ((price - bottom) / (top - bottom)) * (PLOT.bottom - PLOT.top),
    candleWidth: step * 0.66,
  };
}

function title({ symbol, interval, position, entry, priceDecimals, candles }: ChartData): string {
  const held = entry === null ? position : `${position} at ${entry.toFixed(priceDecimals)}`;
  const endMs = candles.at(-1)?.openMs ?? 0;
  return [
    text(`${symbol}  ${interval}`, { x: 24, y: 62, size: 48, weight: 'bold' }),
    text(held, { x: WIDTH - 24, y: 62, size: 34, anchor: 'end' }),
    text(`last candle ${new Date(endMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`, {
      x: 24,
      y: 112,
      size: 28,
      color: MUTED,
    }),
  ].join('\n');
}

function priceAxis({ priceDecimals, candles }: ChartData, { y }: Scales): string {
  const lastY = y(candles.at(-1)?.close ?? 0);
  const perPixel = 1 / (y(0) - y(1));
  const range = (PLOT.bottom - PLOT.top) * perPixel;
  const lowest = (y(0) - PLOT.bottom) * perPixel;
  return priceSteps(lowest, lowest + range)
    .map((price) =>
      [
        line([PLOT.left, y(price), PLOT.right, y(price)], FAINT, 2),
        // The last price has its own label there.
        Math.abs(y(price) - lastY) < LABEL_HEIGHT
          ? ''
          : text(price.toFixed(priceDecimals), {
              x: PLOT.right + 12,
              y: y(price) + 10,
              size: 26,
              color: MUTED,
            }),
      ].join('\n'),
    )
    .join('\n');
}

function timeAxis({ candles, intervalMs }: ChartData, { x }: Scales): string {
  const [firstMs, lastMs] = [candles[0]?.openMs ?? 0, candles.at(-1)?.openMs ?? 0];
  return timeSteps(firstMs, lastMs + intervalMs)
    .filter(({ timeMs }) => x(timeMs) > PLOT.left + 40 && x(timeMs) < PLOT.right - 40)
    .map(({ timeMs, label }) =>
      [
        line([x(timeMs), PLOT.top, x(timeMs), PLOT.bottom], FAINT, 2),
        text(label, {
          x: x(timeMs),
          y: PLOT.bottom + 38,
          size: 26,
          anchor: 'middle',
          color: MUTED,
        }),
      ].join('\n'),
    )
    .join('\n');
}

function candleShape({ openMs, open, high, low, close }: ChartCandle, scales: Scales): string {
  const { x, y, candleWidth } = scales;
  const [top, bottom] = [y(Math.max(open, close)), y(Math.min(open, close))];
  const isRise = close >= open;
  return [
    line([x(openMs), y(high), x(openMs), y(low)], MUTED, 2),
    `<rect x="${fixed(x(openMs) - candleWidth / 2)}" y="${fixed(top)}" width="${fixed(candleWidth)}" height="${fixed(Math.max(2, bottom - top))}" fill="${isRise ? RISE : FALL}" stroke="${MUTED}" stroke-width="1.5"/>`,
  ].join('\n');
}

/** A triangle up for a buy, down for a sell; hollow for a signal, full for a fill. A fill's tip is at its price. */
function markShape({ kind, side, openMs, price }: ChartMark, { x, y }: Scales): string {
  const gap = kind === 'signal' ? SIGNAL_GAP : 0;
  return triangle(x(openMs), y(price) + (side === 'buy' ? gap : -gap), { kind, side });
}

function triangle(x: number, y: number, { kind, side }: Pick<ChartMark, 'kind' | 'side'>): string {
  const size = kind === 'signal' ? MARK_SIZE + 5 : MARK_SIZE;
  const down = side === 'buy' ? 1 : -1;
  const base = y + down * size * 1.8;
  const points = `${fixed(x)},${fixed(y)} ${fixed(x - size)},${fixed(base)} ${fixed(x + size)},${fixed(base)}`;
  const look =
    kind === 'signal'
      ? `fill="none" stroke="${COLORS[side]}" stroke-width="4"`
      : `fill="${COLORS[side]}" stroke="#ffffff" stroke-width="2"`;
  return `<polygon points="${points}" ${look} stroke-linejoin="round"/>`;
}

function entryLine({ entry }: ChartData, { y }: Scales): string {
  if (entry === null || y(entry) < PLOT.top || y(entry) > PLOT.bottom) return '';
  return [
    line([PLOT.left, y(entry), PLOT.right, y(entry)], ENTRY, 3, '14 10'),
    text('entry', { x: PLOT.left + 6, y: y(entry) - 10, size: 24, color: ENTRY }),
  ].join('\n');
}

function lastPrice({ candles, priceDecimals }: ChartData, { y }: Scales): string {
  const close = candles.at(-1)?.close ?? 0;
  const middle = y(close);
  return [
    `<rect x="${PLOT.right + 4}" y="${fixed(middle - 22)}" width="${WIDTH - PLOT.right - 8}" height="44" rx="4" fill="${INK}"/>`,
    text(close.toFixed(priceDecimals), {
      x: PLOT.right + 12,
      y: middle + 10,
      size: 26,
      color: '#ffffff',
    }),
  ].join('\n');
}

function legend(): string {
  const y = HEIGHT - 34;
  const entries = [
    { kind: 'signal', side: 'buy', label: 'buy signal' },
    { kind: 'signal', side: 'sell', label: 'sell signal' },
    { kind: 'fill', side: 'buy', label: 'bought' },
    { kind: 'fill', side: 'sell', label: 'sold' },
  ] as const;
  return entries
    .map(({ kind, side, label }, i) => {
      const x = 46 + i * 258;
      const tip = side === 'buy' ? y - 24 : y + 6;
      return `${triangle(x, tip, { kind, side })}\n${text(label, { x: x + 34, y, size: 28 })}`;
    })
    .join('\n');
}

interface TextLook {
  readonly x: number;
  readonly y: number;
  readonly size: number;
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly weight?: 'bold';
  readonly color?: string;
}

function text(content: string, look: TextLook): string {
  const { x, y, size, anchor = 'start', weight, color = INK } = look;
  // The one shipped face has no bold cut: a stroke of its own colour makes one.
  const bold = weight ? ` stroke="${color}" stroke-width="1.2"` : '';
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${fixed(x)}" y="${fixed(y)}" font-size="${size}" text-anchor="${anchor}" fill="${color}"${bold}>${escaped}</text>`;
}

function line(
  [x1, y1, x2, y2]: readonly [number, number, number, number],
  color: string,
  width: number,
  dashes?: string,
): string {
  const dashed = dashes ? ` stroke-dasharray="${dashes}"` : '';
  return `<line x1="${fixed(x1)}" y1="${fixed(y1)}" x2="${fixed(x2)}" y2="${fixed(y2)}" stroke="${color}" stroke-width="${width}"${dashed}/>`;
}

function fixed(value: number): string {
  return value.toFixed(1);
}
