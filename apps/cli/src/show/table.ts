import { noStyle, type Style } from './style.ts';

/** Columns under their headings, as wide as their widest cell; what is empty all the way down is left out. */

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string | undefined;
  /** Figures stand at the right. */
  readonly right?: boolean;
  /** A status, which a terminal may colour. */
  readonly isStatus?: boolean;
}

export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], style: Style = noStyle): string {
  const cells = rows.map((row) => columns.map(({ cell }) => printable(cell(row) ?? '')));
  const widths = columns.map(({ title }, at) => Math.max(title.length, ...cells.map((line) => widthOf(line[at] ?? ''))));
  const shown = columns.map((_, at) => rows.length === 0 || cells.some((line) => line[at] !== ''));
  const line = (texts: readonly string[], paint: (text: string, at: number) => string) =>
    texts
      .map((text, at) => {
        const space = ' '.repeat(Math.max(0, (widths[at] ?? 0) - widthOf(text)));
        const shownText = paint(text, at);
        return columns[at]?.right ? space + shownText : shownText + space;
      })
      .filter((_, at) => shown[at])
      .join('  ')
      .trimEnd();
  const heading = line(
    columns.map(({ title }) => title),
    style.heading,
  );
  const body = (text: string, at: number) => (columns[at]?.isStatus ? style.status(text) : text);
  return `${[heading, ...cells.map((texts) => line(texts, body))].join('\n')}\n`;
}

/** One object: what it has, a line each; what it lacks is not mentioned. */
export function properties(pairs: readonly (readonly [name: string, value: string | undefined])[]): string {
  const known = pairs.flatMap(([name, value]) => (value === undefined || value === '' ? [] : [[name, value] as const]));
  const width = Math.max(0, ...known.map(([name]) => name.length));
  return known.map(([name, value]) => `${name.padEnd(width)}  ${printable(value)}\n`).join('');
}

/** Whoever names a VM must not be able to talk to the terminal of whoever lists it. */
export const printable = (text: string): string =>
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '\ufffd');

/** Characters as a person counts them; East Asian ones take two places each. */
const segments = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const wide =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]|^\p{Extended_Pictographic}/u;
// oxlint-disable-next-line no-control-regex -- plain ASCII needs no segmenting
const widthOf = (text: string): number =>
  /^[\u0020-\u007e]*$/.test(text)
    ? text.length
    : [...segments.segment(text)].reduce((sum, { segment }) => sum + (wide.test(segment) ? 2 : 1), 0);

/** `powering_up` as a person says it. */
export const words = (code: string | undefined): string | undefined => code?.replaceAll('_', ' ');

/** What an object is, behind "is". */
export const statusWords = (status: string | undefined): string =>
  status === 'maintenance' ? 'in maintenance' : (words(status) ?? 'in an unknown status');
