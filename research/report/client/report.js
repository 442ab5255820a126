/**
 * Draws the long charts of a report: price with signals and fills, equity, drawdown. Runs in the page, after uPlot; reads
 * the data that chart-data.ts wrote. Asks for nothing from outside.
 */
(() => {
  const data = JSON.parse(document.getElementById('chart-data').textContent);
  const byId = (id) => document.getElementById(id);
  const color = (name) =>
    getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const DAY = 86_400;
  /** Closer together than this, markers are drawn as a rug of ticks. */
  const PIXELS_A_MARKER = 9;

  /** Times in seconds and values, from differences. `shift` in intervals: 1 for what is known at the close. */
  function decode(series, shift = 0) {
    let at = 0;
    let value = 0;
    const times = series.at.map((d) => {
      at += d;
      return (data.startMs + (at + shift) * data.intervalMs) / 1_000;
    });
    const values = series.values.map((d) => {
      if (d === null) return null;
      value += d;
      return value * series.unit;
    });
    return { times, values };
  }

  const price = decode(data.price);
  const equity = decode(data.equity, 1);
  const hold = decode(data.hold, 1);
  const drawdown = decode(data.drawdown, 1);
  const fills = { ...decode(data.fills), side: data.fills.side };
  const signals = { ...decode(data.signals, 1), side: data.signals.side };
  const first = price.times[0];
  const last = equity.times[equity.times.length - 1];
  const state = { min: first, max: last, isLog: false, isHeld: true, plots: [] };
  const canLog = [...equity.values, ...hold.values].every((v) => v === null || v > 0);

  const utc = (seconds) => new Date(seconds * 1_000).toISOString().slice(0, 16).replace('T', ' ');
  const amount = (value, decimals) =>
    value.toLocaleString('en-US', {
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
    });
  const share = (value, decimals) => `${amount(value * 100, decimals).replace('-', '−')} %`;

  /** Index of the first of the rising `times` at or after `time`. */
  function firstFrom(times, time) {
    let low = 0;
    let high = times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (times[middle] < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  function triangle(context, x, y, size, isUp) {
    const tip = isUp ? -size : size;
    context.beginPath();
    context.moveTo(x, y + tip);
    context.lineTo(x - size, y - tip * 0.8);
    context.lineTo(x + size, y - tip * 0.8);
    context.closePath();
    context.fill();
  }

  /** Fills as triangles at their price and signals as rings, or a rug where they are too close to tell apart. */
  function drawMarkers(plot) {
    const { ctx: context, bbox } = plot;
    const ratio = devicePixelRatio;
    const { min, max } = plot.scales.x;
    const tint = { 1: color('gain'), '-1': color('loss') };
    const from = firstFrom(fills.times, min);
    const to = firstFrom(fills.times, max + 1);
    const isRug = (to - from) * PIXELS_A_MARKER * ratio > bbox.width;
    byId('marker-note').textContent = isRug
      ? `${amount(to - from, 0)} fills in view, as ticks below the price: zoom in to see each`
      : `${amount(to - from, 0)} fills in view`;
    context.save();
    context.beginPath();
    context.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    context.clip();
    if (!isRug) {
      context.lineWidth = 1.5 * ratio;
      for (let i = firstFrom(signals.times, min); i < firstFrom(signals.times, max + 1); i++) {
        context.strokeStyle = tint[signals.side[i]];
        context.beginPath();
        const [x, y] = [
          plot.valToPos(signals.times[i], 'x', true),
          plot.valToPos(signals.values[i], 'y', true),
        ];
        context.arc(x, y, 6.5 * ratio, 0, 2 * Math.PI);
        context.stroke();
      }
    }
    for (let i = from; i < to; i++) {
      const x = plot.valToPos(fills.times[i], 'x', true);
      const isUp = fills.side[i] > 0;
      context.fillStyle = tint[fills.side[i]];
      if (isRug) {
        const height = 7 * ratio;
        const bottom = bbox.top + bbox.height;
        context.globalAlpha = 0.75;
        context.fillRect(x, isUp ? bottom - 2 * height : bottom - height, ratio, height);
      } else {
        triangle(context, x, plot.valToPos(fills.values[i], 'y', true), 4.5 * ratio, isUp);
      }
    }
    context.restore();
  }

  /** Days as "14 May", hours as 15:35, months as "May 2024": never day and month to guess. */
  function timeTicks(ticks, step) {
    const name = (date, options) => date.toLocaleString('en-GB', { timeZone: 'UTC', ...options });
    return ticks.map((seconds) => {
      const date = new Date(seconds * 1_000);
      if (step >= 28 * DAY) return name(date, { month: 'short', year: 'numeric' });
      if (seconds % DAY === 0) return name(date, { day: 'numeric', month: 'short' });
      return name(date, { hour: '2-digit', minute: '2-digit' });
    });
  }

  const axis = (values, isTime) => ({
    stroke: color('soft'),
    grid: { stroke: color('grid'), width: 1 },
    ticks: { show: false },
    font: '12px system-ui, sans-serif',
    size: isTime ? 30 : 58,
    ...(isTime
      ? { space: 76, values: (_, ticks, __, ___, step) => timeTicks(ticks, step) }
      : { values: (_, ticks) => ticks.map(values) }),
  });

  function chart(id, { height, columns, series, format, scale = {}, hooks = {}, told }) {
    const box = byId(id);
    box.replaceChildren();
    const readout = byId(`${id}-readout`);
    const plot = new uPlot(
      {
        width: Math.max(200, box.clientWidth),
        height,
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), 'Etc/UTC'),
        legend: { show: false },
        padding: [6, 8, 0, 0],
        cursor: {
          sync: { key: 'report', scales: ['x', null] },
          drag: { x: true, y: false, setScale: false },
          points: { show: false },
          y: false,
        },
        scales: { x: { min: state.min, max: state.max }, y: scale },
        axes: [axis(null, true), axis(format, false)],
        series: [{}, ...series],
        hooks: {
          ...hooks,
          setCursor: [
            (u) => {
              const at = u.cursor.idx;
              readout.textContent =
                at === null || at === undefined || u.data[1][at] === null
                  ? ''
                  : `${utc(u.data[0][at])} · ${told(at)}`;
            },
          ],
          setSelect: [
            (u) => {
              if (u.select.width < 4) return;
              show(u.posToVal(u.select.left, 'x'), u.posToVal(u.select.left + u.select.width, 'x'));
              u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
            },
          ],
        },
      },
      columns,
      box,
    );
    plot.over.addEventListener('dblclick', () => show(first, last));
    return plot;
  }

  function draw() {
    for (const plot of state.plots) plot.destroy();
    const isNarrow = innerWidth < 680;
    const line = { stroke: color('line'), width: 1.4, points: { show: false } };
    const money = (value) => amount(value, value >= 1_000 ? 0 : 2);
    state.plots = [
      chart('price', {
        height: isNarrow ? 240 : 320,
        columns: [price.times, price.values],
        series: [line],
        format: money,
        hooks: { draw: [drawMarkers] },
        told: (at) => amount(price.values[at], data.priceDecimals),
      }),
      chart('equity', {
        height: isNarrow ? 190 : 230,
        columns: [equity.times, equity.values, hold.values],
        series: [
          line,
          { show: state.isHeld, stroke: color('hold'), width: 1.1, points: { show: false } },
        ],
        format: (value) => (value === null ? '' : `×${Number(value.toPrecision(3))}`),
        scale: state.isLog ? { distr: 3, log: 10 } : {},
        told: (at) => `×${amount(equity.values[at], 4)} · held ×${amount(hold.values[at], 4)}`,
      }),
      chart('drawdown', {
        height: isNarrow ? 130 : 150,
        columns: [drawdown.times, drawdown.values],
        series: [
          {
            stroke: color('loss'),
            width: 1,
            points: { show: false },
            fill: `color-mix(in srgb, ${color('loss')} 22%, transparent)`,
          },
        ],
        format: (value) => share(value, 0),
        told: (at) => share(drawdown.values[at], 2),
      }),
    ];
    byId('report').dataset.drawn = String(state.plots.length);
  }

  const ranges = [...document.querySelectorAll('button[data-days]')];

  /** Shows [from, to] in all three, inside what there is, never less than ten bars. */
  function show(from, to) {
    const least = (10 * data.intervalMs) / 1_000;
    const width = Math.min(Math.max(to - from, least), last - first);
    state.min = Math.min(Math.max(from, first), last - width);
    state.max = state.min + width;
    for (const plot of state.plots) plot.setScale('x', { min: state.min, max: state.max });
    byId('range').textContent = `${utc(state.min).slice(0, 10)} – ${utc(state.max).slice(0, 10)}`;
    for (const button of ranges) {
      const days = Number(button.dataset.days);
      const isThis = days === 0 ? width >= last - first - 1 : Math.abs(width - days * DAY) < 1;
      button.setAttribute('aria-pressed', String(isThis));
    }
    byId('earlier').disabled = state.min <= first;
    byId('later').disabled = state.max >= last;
  }

  for (const button of ranges) {
    const days = Number(button.dataset.days);
    if (days * DAY >= last - first) button.hidden = true;
    button.addEventListener('click', () => {
      if (days === 0) show(first, last);
      else show(state.max - days * DAY, state.max);
    });
  }
  const move = (part) => {
    const by = (state.max - state.min) * part;
    show(state.min + by, state.max + by);
  };
  byId('earlier').addEventListener('click', () => move(-0.5));
  byId('later').addEventListener('click', () => move(0.5));
  const log = byId('log');
  log.disabled = !canLog;
  log.addEventListener('click', () => {
    state.isLog = !state.isLog;
    log.setAttribute('aria-pressed', String(state.isLog));
    draw();
  });

  const held = byId('hold');
  held.addEventListener('click', () => {
    state.isHeld = !state.isHeld;
    held.setAttribute('aria-pressed', String(state.isHeld));
    draw();
  });

  draw();
  show(first, last);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
  let width = innerWidth;
  addEventListener('resize', () => {
    // A phone's address bar changes the height alone: nothing to redraw.
    if (innerWidth === width) return;
    width = innerWidth;
    draw();
  });
})();
