/** A piece of XML: made of values, never of text that somebody pasted together. */
export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string | number | undefined>>;
  readonly children: readonly (Element | string)[];
}

type Child = Element | string | number | undefined | false | null | readonly Child[];

export function element(name: string, attributes: Element['attributes'] = {}, ...children: readonly Child[]): Element {
  return { name, attributes, children: flatten(children) };
}

function flatten(children: readonly Child[]): (Element | string)[] {
  return children.flatMap((child): (Element | string)[] => {
    if (child === undefined || child === null || child === false) return [];
    if (typeof child === 'number') return [String(child)];
    return typeof child === 'string' || !isList(child) ? [child] : flatten(child);
  });
}
const isList = (child: Element | readonly Child[]): child is readonly Child[] => Array.isArray(child);

export function print({ name, attributes, children }: Element, indent = ''): string {
  const written = Object.entries(attributes)
    .filter((entry): entry is [string, string | number] => entry[1] !== undefined)
    .map(([key, value]) => ` ${key}='${escape(String(value))}'`)
    .join('');
  if (children.length === 0) return `${indent}<${name}${written}/>`;
  if (children.every((child) => typeof child === 'string')) return `${indent}<${name}${written}>${children.map(escape).join('')}</${name}>`;
  const inside = children.map((child) => (typeof child === 'string' ? escape(child) : print(child, `${indent}  `))).join('\n');
  return `${indent}<${name}${written}>\n${inside}\n${indent}</${name}>`;
}

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', "'": '&apos;', '"': '&quot;' };
// What XML cannot hold at all is dropped.
const escape = (text: string): string =>
  text.replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '').replace(/[&<>'"]/g, (mark) => escapes[mark] ?? mark);
