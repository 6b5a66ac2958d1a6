import { shapeOf, type Field, type Shape } from './fields.ts';
import type { WriteOptions } from './json.ts';
import type { TypeName } from './names.ts';
import { withoutIllegal } from './xml-characters.ts';

/**
 * XML as RHV writes it. Each shape is compiled once into a list of small functions, for 20,000 VMs must stream while others wait.
 * `href` comes before `id`, both in double quotes behind a space, and behind the tag that bears them the line ends: fence_rhevm looks for
 * `<vm( .*)? id="(.*?)"`, which finds the last id on the line.
 */

export const xmlHeader = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';

/** A whole document. */
export function toXml(type: TypeName, value: object, options: WriteOptions = {}): string {
  return xmlHeader + shapeToXml(shapeOf(type), value, options);
}

/** One row of a streamed list: `openXml('vms')`, rows, `closeXml('vms')`. */
export function rowXml(type: TypeName, value: object, options: WriteOptions = {}): string {
  return shapeToXml(shapeOf(type), value, options);
}
export const openXml = (root: string): string => `${xmlHeader}<${root}>`;
export const closeXml = (root: string): string => `</${root}>`;

type Source = Readonly<Record<string, unknown>>;
type Part = (source: Source) => string;
type Writer = (source: Source, element: string) => string;

const writers = { omit: new WeakMap<Shape, Writer>(), send: new WeakMap<Shape, Writer>() };

export function shapeToXml(shape: Shape, value: object, { secrets = 'omit' }: WriteOptions = {}): string {
  return writerOf(shape, secrets)(sourceOf(value), shape.element);
}

/** An object looked at as a record; a copy would cost as much as the writing. */
const sourceOf = (value: unknown): Source => value as Source;

function writerOf(shape: Shape, secrets: 'omit' | 'send'): Writer {
  const known = writers[secrets].get(shape);
  if (known) return known;
  const parts: Part[] = [];
  const writer: Writer = (source, element) => {
    let inside = linksOf(source);
    for (const part of parts) inside += part(source);
    const id = attribute('id', source['id']);
    const tag = element + attribute('href', source['href']) + id;
    return inside === '' ? `<${tag}/>` : `<${tag}>${id === '' ? '' : '\n'}${inside}</${element}>`;
  };
  // Before the parts are made: types contain each other.
  writers[secrets].set(shape, writer);
  const written = shape.fields.filter(({ name, flags }) => name !== 'id' && (secrets === 'send' || !flags.has('secret')));
  parts.push(...written.map((field) => partOf(field, secrets)));
  return writer;
}

function partOf(field: Field, secrets: 'omit' | 'send'): Part {
  const { name, wire, item } = field;
  const one = oneOf(field, secrets);
  if (!field.list) {
    return (source) => {
      const value = source[name];
      return value === undefined || value === null ? '' : one(value, wire);
    };
  }
  return (source) => {
    const value = source[name];
    if (value === undefined || value === null) return '';
    let items = '';
    for (const each of Array.isArray(value) ? value : [value]) items += one(each, item);
    return items === '' ? `<${wire}/>` : `<${wire}>${items}</${wire}>`;
  };
}

function oneOf({ holds }: Field, secrets: 'omit' | 'send'): (value: unknown, element: string) => string {
  if (holds.kind === 'type') {
    // Looked up at the first use: compiling every type that a VM can reach would cost each process its start.
    let writer: Writer | undefined;
    return (value, element) => (writer ??= writerOf(shapeOf(holds.type), secrets))(sourceOf(value), element);
  }
  if (holds.kind === 'double') return (value, element) => (Number.isFinite(value) ? `<${element}>${String(value)}</${element}>` : '');
  if (holds.kind === 'date')
    return (value, element) => `<${element}>${value instanceof Date ? value.toISOString() : String(value)}</${element}>`;
  if (holds.kind !== 'string') return (value, element) => `<${element}>${String(value)}</${element}>`;
  return (value, element) => {
    const text = escapeText(String(value));
    return text === '' ? `<${element}/>` : `<${element}>${text}</${element}>`;
  };
}

function linksOf(source: Source): string {
  const { actions, link } = source;
  const own = Array.isArray(link) ? link.map(linkXml).join('') : '';
  return Array.isArray(actions) && actions.length > 0 ? `<actions>${actions.map(linkXml).join('')}</actions>${own}` : own;
}

const linkXml = (link: unknown): string => {
  const { href, rel } = sourceOf(link);
  return `<link${attribute('href', href)}${attribute('rel', rel)}/>`;
};

const attribute = (name: string, value: unknown): string =>
  value === undefined || value === null ? '' : ` ${name}="${escapeAttribute(String(value))}"`;

const plainText = /^[ !"#-%'-;=?-~]*$/;
const plainAttribute = /^[ !#-%'-;=?-~]*$/;
const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '\r': '&#13;',
  '"': '&quot;',
  '\t': '&#9;',
  '\n': '&#10;',
};

// What XML cannot hold is dropped: a name with a control character in it must not make a whole list unreadable.
// A carriage return is written as a reference, since readers turn a bare one into a line feed.
const escapeText = (text: string): string =>
  plainText.test(text) ? text : withoutIllegal(text).replace(/[&<>\r]/g, (mark) => escapes[mark] ?? '');
const escapeAttribute = (text: string): string =>
  plainAttribute.test(text) ? text : withoutIllegal(text).replace(/[&<>"\t\n\r]/g, (mark) => escapes[mark] ?? '');
