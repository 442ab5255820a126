/** The few elements that the notebooks build by themselves: the kit's own inputs and tables come from a CDN. */

/** What is used of the DOM: the programs are compiled without its types. */
interface PageElement {
  value: unknown;
  type: string;
  min: string;
  max: string;
  step: string;
  textContent: string;
  className: string;
  append(...children: (PageElement | string)[]): void;
  addEventListener(event: string, listener: () => void): void;
}
declare const document: { createElement(name: string): PageElement };

/** A slider with its label and its number beside it, for `view`. */
export function slider(
  label: string,
  { min, max, step = 1, value }: { min: number; max: number; step?: number; value: number },
): PageElement {
  const range = document.createElement('input');
  // Bounds before the value, which is cut to them.
  Object.assign(range, { type: 'range', min, max, step });
  range.value = value;
  const shown = document.createElement('output');
  const box = document.createElement('label');
  box.className = 'slider';
  const name = document.createElement('span');
  name.textContent = label;
  box.append(name, range, shown);
  const told = () => {
    box.value = Number(range.value);
    shown.textContent = String(range.value);
  };
  range.addEventListener('input', told);
  told();
  return box;
}

/** A line of text: displayed as it is, a text would stand in quotes. */
export function note(text: string): PageElement {
  const element = document.createElement('p');
  element.className = 'note';
  element.textContent = text;
  return element;
}

/** A table of texts: one row an object, its keys the head. Scrolls by itself where the page is narrow. */
export function table(rows: readonly Readonly<Record<string, string>>[]): PageElement {
  const element = document.createElement('table');
  const head = document.createElement('thead');
  head.append(tableRow('th', Object.keys(rows[0] ?? {})));
  const body = document.createElement('tbody');
  body.append(...rows.map((row) => tableRow('td', Object.values(row))));
  element.append(head, body);
  const frame = document.createElement('div');
  frame.className = 'table-frame';
  frame.append(element);
  return frame;
}

function tableRow(cellName: 'th' | 'td', texts: readonly string[]): PageElement {
  const row = document.createElement('tr');
  for (const text of texts) {
    const cell = document.createElement(cellName);
    cell.textContent = text;
    row.append(cell);
  }
  return row;
}
