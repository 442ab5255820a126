/**
 * The dashboard, from top to bottom: is all well, what is it worth, what did it do, is it quick and fed,
 * does the machinery work, what does it cost. What CloudWatch can read from the log costs no metric.
 */
import {
  type Alarm,
  AlarmStatusWidget,
  Color,
  GraphWidget,
  GraphWidgetView,
  type IAlarm,
  type IWidget,
  LegendPosition,
  LogQueryVisualizationType,
  LogQueryWidget,
  type Metric,
  SingleValueWidget,
  Stats,
  TextWidget,
  TextWidgetBackground,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { Settings } from './config.ts';
import { type ObservedMetrics, sumOf } from './metrics.ts';

export interface DashboardProps {
  readonly settings: Settings;
  readonly metrics: ObservedMetrics;
  readonly alarms: readonly Alarm[];
  readonly region: string;
}

const WIDTH = 24;

export function dashboardRows(props: DashboardProps): IWidget[][] {
  return [
    [title(props.settings)],
    [alarmTiles(props)],
    glance(props),
    moneyAndRisk(props),
    whatItDid(props),
    speedAndFeeds(props),
    machinery(props),
    cost(props),
  ];
}

function title({ deployment, mode, symbol, strategy, interval }: Settings): IWidget {
  return new TextWidget({
    width: WIDTH,
    height: 2,
    background: TextWidgetBackground.TRANSPARENT,
    markdown: `## Plimsoll ${deployment}: ${strategy} on ${symbol}, ${interval} candles, **${mode}**\nRed below? Its section in \`infra/runbook.md\` says what it means and what to do. Stop everything now: \`/halt\` to the bot. All times UTC.`,
  });
}

function alarmTiles({ alarms }: DashboardProps): IWidget {
  return new AlarmStatusWidget({
    title: 'Is all well?',
    width: WIDTH,
    height: 2,
    alarms: alarms as unknown as IAlarm[],
  });
}

/** One number each, large: what a person wants to know first. */
function glance({ metrics }: DashboardProps): IWidget[] {
  const number = (label: string, metric: Metric) =>
    new SingleValueWidget({
      title: label,
      width: WIDTH / 6,
      height: 4,
      sparkline: true,
      metrics: [metric],
    });
  const own = metrics.own;
  return [
    number('Equity, USDT', own('equity', { label: 'equity' })),
    number('Today, %', own('dayReturn', { label: 'since 00:00 UTC' })),
    number('Position, base', own('position', { label: 'signed' })),
    number('Margin ratio, %', own('marginRatio', { label: '100 liquidates' })),
    number('Trading state', own('tradingState', { label: '0 active, 1 reducing, 2 halted' })),
    number('Unknown orders', own('unknownOrders', { label: 'now' })),
  ];
}

function moneyAndRisk({ metrics: { own } }: DashboardProps): IWidget[] {
  return [
    graph('Equity, USDT', [own('equity', { label: 'equity' })], { width: 8 }),
    graph('Return today, %', [own('dayReturn', { label: 'since 00:00 UTC' })], {
      width: 8,
      lines: [
        { value: -2, label: 'reducing', color: Color.ORANGE },
        { value: -3, label: 'halt', color: Color.RED },
      ],
    }),
    new GraphWidget({
      title: 'Position and margin ratio',
      width: 8,
      height: 6,
      left: [own('position', { label: 'position, base' })],
      right: [own('marginRatio', { label: 'margin ratio, % (right)' })],
      leftYAxis: { showUnits: false },
      rightYAxis: { min: 0, showUnits: false },
      legendPosition: LegendPosition.BOTTOM,
    }),
  ];
}

function whatItDid({ metrics, region }: DashboardProps): IWidget[] {
  const logGroupNames = [metrics.traderLogGroupName];
  return [
    new LogQueryWidget({
      title: 'Signals, orders and fills an hour',
      width: 8,
      height: 6,
      region,
      logGroupNames,
      view: LogQueryVisualizationType.STACKEDAREA,
      queryLines: [
        'filter topic in ["signal", "order", "fill", "risk"]',
        'stats sum(topic = "signal") as signals, sum(topic = "order") as orders, sum(topic = "fill") as fills, sum(topic = "risk") as refusals by bin(1h)',
      ],
    }),
    new LogQueryWidget({
      title: 'Latest: orders, fills, state, risk',
      width: 16,
      height: 6,
      region,
      logGroupNames,
      view: LogQueryVisualizationType.TABLE,
      queryLines: [
        'fields time, topic, severity, text',
        'filter topic in ["signal", "order", "fill", "risk", "state", "account"]',
        'sort @timestamp desc',
        'limit 30',
      ],
    }),
  ];
}

function speedAndFeeds({ metrics: { own } }: DashboardProps): IWidget[] {
  return [
    graph(
      'Tick to order, ms',
      [
        own('tickToOrder', { label: 'median', statistic: Stats.p(50) }),
        own('tickToOrder', { label: 'p99', statistic: Stats.p(99) }),
      ],
      { width: 8, min: 0 },
    ),
    // On two axes: one is a matter of milliseconds, the other of the stream's own pings.
    new GraphWidget({
      title: 'Age of the feeds, ms',
      width: 8,
      height: 6,
      left: [own('marketAge', { label: 'book and mark price', statistic: Stats.MAXIMUM })],
      right: [own('userStreamAge', { label: 'user stream (right)', statistic: Stats.MAXIMUM })],
      leftYAxis: { min: 0, showUnits: false },
      rightYAxis: { min: 0, showUnits: false },
      legendPosition: LegendPosition.BOTTOM,
    }),
    graph(
      'Lease: heartbeats a minute',
      [own('tradingState', { label: 'heartbeats', statistic: Stats.SAMPLE_COUNT })],
      { width: 8, min: 0, lines: [{ value: 1, label: 'leads', color: Color.GREEN }] },
    ),
  ];
}

function machinery({ metrics, region }: DashboardProps): IWidget[] {
  return [
    graph(
      'Store against exchange',
      [metrics.own('mismatches', { label: 'differences', statistic: Stats.MAXIMUM })],
      { width: 6, min: 0 },
    ),
    graph(
      'Errors',
      [
        ...metrics.lambdaErrors,
        sumOf(metrics.deadLetters, 'dead letters'),
        sumOf([metrics.readThrottles, metrics.writeThrottles], 'table throttles'),
      ],
      { width: 6, min: 0 },
    ),
    graph('Task, %', [metrics.processor, metrics.memory], { width: 4, min: 0 }),
    new LogQueryWidget({
      title: 'Warnings and worse',
      width: 8,
      height: 6,
      region,
      logGroupNames: [metrics.traderLogGroupName],
      view: LogQueryVisualizationType.TABLE,
      queryLines: [
        'fields time, topic, text',
        'filter severity in ["warning", "critical"]',
        'sort @timestamp desc',
        'limit 30',
      ],
    }),
  ];
}

function cost({ metrics }: DashboardProps): IWidget[] {
  return [
    graph('Table: units a minute', [metrics.writeUnits, metrics.readUnits], { width: 8, min: 0 }),
    graph('Log bytes an hour', metrics.logBytes, { width: 8, min: 0, stacked: true }),
    graph('Lambda durations p99, ms', metrics.lambdaDurations, { width: 8, min: 0 }),
  ];
}

interface GraphOptions {
  readonly width: number;
  readonly min?: number;
  readonly stacked?: boolean;
  readonly lines?: { value: number; label: string; color: string }[];
}

function graph(
  heading: string,
  left: ConstructorParameters<typeof GraphWidget>[0]['left'] & object,
  { width, min, stacked, lines }: GraphOptions,
): IWidget {
  return new GraphWidget({
    title: heading,
    width,
    height: 6,
    left,
    view: GraphWidgetView.TIME_SERIES,
    stacked: stacked ?? false,
    leftYAxis: { showUnits: false, ...(min === undefined ? {} : { min }) },
    leftAnnotations: lines ?? [],
    legendPosition: LegendPosition.BOTTOM,
  });
}
