/**
 * A picture of the dashboard, drawn from its synthesized definition with invented numbers: what a person
 * would see, before there is an account. `npm run dashboard:picture -- FILE` writes an HTML page.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { Template } from 'aws-cdk-lib/assertions';
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { createApp } from './app.ts';

/** Widths in 24ths, positions and heights in units, as CloudWatch has them. */
interface Widget {
  readonly type: 'text' | 'metric' | 'alarm' | 'log';
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly properties: {
    readonly title?: string;
    readonly markdown?: string;
    readonly view?: string;
    readonly query?: string;
    readonly yAxis?: { readonly left?: { readonly min?: number } };
    readonly alarms?: readonly string[];
    readonly metrics?: readonly (readonly unknown[])[];
    readonly annotations?: { readonly horizontal?: readonly Line[] };
  };
}

interface Line {
  readonly value: number;
  readonly label: string;
  readonly color: string;
}

const UNIT = 48;
const GAP = 8;
const COLOURS = ['#1f77b4', '#ff7f0e', '#2ca02c', '#9467bd', '#d62728', '#8c564b', '#17becf'];
/** Invented values: around what, and by how much they vary. */
const INVENTED: Readonly<Record<string, readonly [around: number, by: number]>> = {
  Equity: [10_240, 60],
  DayReturn: [0.4, 0.5],
  Position: [0.031, 0.03],
  MarginRatio: [4, 2],
  TradingState: [0, 0],
  UnknownOrders: [0, 0],
  TickToOrder: [4, 2],
  MarketAge: [120, 90],
  UserStreamAge: [14_000, 12_000],
  Mismatches: [0, 0],
  heartbeats: [1, 0],
  Errors: [0, 0],
  CPUUtilization: [11, 4],
  MemoryUtilization: [29, 1],
  Duration: [180, 120],
  ConsumedWriteCapacityUnits: [42, 3],
  ConsumedReadCapacityUnits: [181, 4],
  IncomingBytes: [60_000, 9_000],
};

/** The page for the dashboard's definition. */
export function pictureOf(widgets: readonly Widget[]): string {
  const boxes = widgets.map((widget) => {
    const { x, y, width, height } = widget;
    const at = `left:${x * UNIT + GAP / 2}px;top:${y * UNIT + GAP / 2}px;width:${width * UNIT - GAP}px;height:${height * UNIT - GAP}px`;
    return `<section class="${widget.type}" style="${at}">${contentOf(widget)}</section>`;
  });
  const bottom = Math.max(...widgets.map(({ y, height }) => y + height)) * UNIT;
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Plimsoll dashboard</title><style>
body{margin:16px;background:#f2f3f3;font:13px/1.35 system-ui,sans-serif;color:#16191f}
main{position:relative;width:${24 * UNIT}px;height:${bottom}px}
section{position:absolute;box-sizing:border-box;background:#fff;border:1px solid #d5dbdb;border-radius:6px;padding:8px 10px;overflow:hidden}
section.text{background:none;border:none;padding:0 4px}
h2{margin:0 0 4px;font-size:19px}h3{margin:0 0 4px;font-size:13px;font-weight:600;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
p{margin:0}code{background:#e9ebed;border-radius:3px;padding:0 3px}
.value{font-size:30px;font-weight:300}.label{color:#545b64;font-size:12px}
.tiles{display:flex;gap:6px;flex-wrap:wrap}.tiles span{background:#e6f4e6;border:1px solid #2ca02c;border-radius:4px;padding:6px 10px;font-size:13px}
svg{display:block;width:100%}pre{margin:0;font-size:11px;white-space:pre-wrap;color:#545b64}
.legend span{margin-right:12px;white-space:nowrap;font-size:12px}.legend i{display:inline-block;width:10px;height:10px;border-radius:2px;margin-right:4px}
table{border-collapse:collapse;width:100%;font-size:12px}td{border-top:1px solid #eaeded;padding:2px 6px 2px 0;white-space:nowrap}
</style><main>${boxes.join('\n')}</main><p class="label">Layout from the synthesized definition; the numbers are invented.</p></html>`;
}

function contentOf({ type, properties, width, height }: Widget): string {
  const heading = properties.title ? `<h3>${escaped(properties.title)}</h3>` : '';
  if (type === 'text') return markdown(properties.markdown ?? '');
  if (type === 'alarm') {
    const tiles = (properties.alarms ?? []).map((name) => `<span>${escaped(name)}</span>`);
    return `${heading}<div class="tiles">${tiles.join('')}</div>`;
  }
  if (type === 'log') return heading + logContent(properties);
  if (properties.view === 'singleValue') {
    const [series] = seriesOf(properties.metrics ?? []);
    if (!series) return heading;
    return `${heading}<div class="value">${shown(series.values.at(-1) ?? 0)}</div><div class="label">${escaped(series.label)}</div>${plot([series], { width, height: 1.1, lines: [] })}`;
  }
  const series = seriesOf(properties.metrics ?? []);
  const legend = series.map(
    ({ label }, i) =>
      `<span><i style="background:${COLOURS[i % COLOURS.length]}"></i>${escaped(label)}</span>`,
  );
  const lines = properties.annotations?.horizontal ?? [];
  return `${heading}${plot(series, { width, height: height - 2, lines, min: properties.yAxis?.left?.min })}<div class="legend">${legend.join('')}</div>`;
}

function logContent({ query = '', view }: Widget['properties']): string {
  const wanted = query.split('\n').filter((line) => !line.startsWith('SOURCE'));
  if (view !== 'table') {
    const labels = [...query.matchAll(/ as (\w+)/g)].map(([, label]) => label ?? '');
    const series = labels.map((label, i) => ({
      label,
      isRight: false,
      values: invented(label, [4 - i, 1]),
    }));
    const legend = labels.map(
      (label, i) => `<span><i style="background:${COLOURS[i]}"></i>${label}</span>`,
    );
    return `${plot(series, { width: 8, height: 4, lines: [] })}<div class="legend">${legend.join('')}</div>`;
  }
  const columns = /fields ([^|\n]+)/.exec(query)?.[1]?.split(',') ?? [];
  const cells = columns.map((column) => `<td><b>${column.trim()}</b></td>`).join('');
  return `<table><tr>${cells}</tr></table><pre>${escaped(wanted.join('\n'))}</pre>`;
}

interface Series {
  readonly label: string;
  readonly isRight: boolean;
  readonly values: readonly number[];
}

/** Metrics as a dashboard lists them: an array whose last object holds the options, `.` repeating what is above. */
function seriesOf(metrics: readonly (readonly unknown[])[]): Series[] {
  let above: readonly unknown[] = [];
  return metrics.flatMap((entry) => {
    const full = entry.map((part, i) => (part === '.' ? above[i] : part));
    above = full;
    const options = full.find((part) => typeof part === 'object' && part !== null) as
      | { label?: string; visible?: boolean; expression?: string; yAxis?: string }
      | undefined;
    if (options?.visible === false) return [];
    const name = options?.expression ? 'Errors' : String(full[1]);
    const label = options?.label ?? name;
    const course = INVENTED[label] ?? INVENTED[name] ?? [1, 1];
    return [{ label, isRight: options?.yAxis === 'right', values: invented(label + name, course) }];
  });
}

/** A smooth made-up course, the same for the same name. */
function invented(name: string, [around, by]: readonly [number, number]): number[] {
  const phase = [...name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0);
  return Array.from({ length: 97 }, (_, i) => {
    const wave = Math.sin((i + phase) / 9) * 0.6 + Math.sin((i + 2 * phase) / 3.7) * 0.4;
    return around + by * wave;
  });
}

function plot(
  series: readonly Series[],
  {
    width,
    height,
    lines,
    min,
  }: { width: number; height: number; lines: readonly Line[]; min?: number | undefined },
): string {
  const [w, h] = [width * UNIT - 28, height * UNIT - 10];
  const scaleOf = (isRight: boolean) => {
    const drawn = series.filter((one) => one.isRight === isRight).flatMap((one) => one.values);
    const values = isRight ? drawn : [...drawn, ...lines.map(({ value }) => value)];
    const low = Math.min(...values, min ?? Number.POSITIVE_INFINITY);
    const high = Math.max(...values, low + 1e-9);
    return (value: number) => 4 + (h - 8) * (1 - (value - low) / (high - low));
  };
  const [left, right] = [scaleOf(false), scaleOf(true)];
  const paths = series.map(({ values: course, isRight }, i) => {
    const yOf = isRight ? right : left;
    const points = course.map(
      (value, at) => `${((at / (course.length - 1)) * w).toFixed(1)},${yOf(value).toFixed(1)}`,
    );
    return `<polyline fill="none" stroke="${COLOURS[i % COLOURS.length]}" stroke-width="1.5" points="${points.join(' ')}"/>`;
  });
  const marks = lines.map(
    ({ value, label, color }) =>
      `<line x1="0" x2="${w}" y1="${left(value)}" y2="${left(value)}" stroke="${color}" stroke-dasharray="4 3"/><text x="${w}" y="${Math.max(12, left(value) - 3)}" text-anchor="end" font-size="11" fill="${color}">${escaped(label)}</text>`,
  );
  return `<svg viewBox="0 0 ${w} ${h}" height="${h}">${paths.join('')}${marks.join('')}</svg>`;
}

function shown(value: number): string {
  if (value === 0) return '0';
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/** As much Markdown as the dashboard's title has. */
function markdown(text: string): string {
  return text
    .split('\n')
    .map((line) => {
      const html = escaped(line)
        .replace(/\*\*(.+?)\*\*/g, '<b>$1</b>')
        .replace(/`(.+?)`/g, '<code>$1</code>');
      return html.startsWith('## ') ? `<h2>${html.slice(3)}</h2>` : `<p>${html}</p>`;
    })
    .join('');
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
}

/** The dashboard's widgets, references within it replaced by their names. */
export function widgetsOf(template: Template): Widget[] {
  const [dashboard] = Object.values(template.findResources('AWS::CloudWatch::Dashboard'));
  if (!dashboard) throw new Error('the template has no dashboard');
  const [, parts] = dashboard.Properties.DashboardBody['Fn::Join'] as [string, unknown[]];
  const text = parts.map((part) => (typeof part === 'string' ? part : nameOf(part))).join('');
  return (JSON.parse(text) as { widgets: Widget[] }).widgets;
}

function nameOf(reference: unknown): string {
  const name = Object.values(reference as object).flat()[0];
  return typeof name === 'string' ? name.replace(/[0-9A-F]{8}$/, '') : 'reference';
}

if (import.meta.main) {
  const [file] = process.argv.slice(2);
  if (!file) {
    process.stderr.write('name a file: npm run dashboard:picture -- dashboard.html\n');
    process.exit(2);
  }
  const cdkJson = readFileSync(new URL('../cdk.json', import.meta.url), 'utf8');
  const { stacks } = createApp({
    codeOf: () => Code.fromInline('exports.handler = () => undefined;'),
    image: ContainerImage.fromRegistry('image'),
    profile: {},
    app: {
      context: { ...JSON.parse(cdkJson).context, 'aws:cdk:bundling-stacks': [] },
      builtinCloudFormationValidation: false,
    },
  });
  writeFileSync(file, pictureOf(widgetsOf(Template.fromStack(stacks.observability))));
  process.stdout.write(`${file}\n`);
}
