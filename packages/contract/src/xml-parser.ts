import { InputError, inputReasons, type Limits } from './input-error.ts';
import { hasIllegal } from './xml-characters.ts';

/** An element as it was read. `text` is all character data directly in it, with references resolved. */
export interface Element {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: Element[];
  text: string;
}

/**
 * A parser for documents from anyone. It knows elements, attributes, text, comments and CDATA. There are no document types, hence no
 * entities but the five of XML itself and no references that expand, and no processing instructions: nothing in a document can make it
 * larger than it is or reach outside of it. What it does not know is an error with its line and column.
 */
export function parseXml(document: string, limits: Limits): Element {
  if (document.length > limits.size) throw new InputError(inputReasons.input_too_large({ limit: limits.size }));
  const text = document.replace(/\r\n?/g, '\n');
  const cursor: Cursor = { text, at: text.startsWith('\ufeff') ? 1 : 0 };
  if (/^<\?xml\s/.test(text.slice(cursor.at, cursor.at + 6))) skipDeclaration(cursor);
  skipMisc(cursor);
  const root = parseTree(cursor, limits);
  skipMisc(cursor);
  if (cursor.at < text.length) throw malformed(cursor, 'something follows the root element');
  return root;
}

interface Cursor {
  readonly text: string;
  at: number;
}

function malformed({ text, at }: Cursor, problem: string): InputError {
  const before = text.slice(0, at);
  const line = before.split('\n').length;
  return new InputError(inputReasons.input_not_xml({ problem, line, column: at - before.lastIndexOf('\n') }));
}

const declaration =
  /<\?xml[ \t\n]+version[ \t\n]*=[ \t\n]*(["'])1\.\d\1([ \t\n]+encoding[ \t\n]*=[ \t\n]*(["'])([\w.-]+)\3)?([ \t\n]+standalone[ \t\n]*=[ \t\n]*(["'])(yes|no)\6)?[ \t\n]*\?>/y;

function skipDeclaration(cursor: Cursor): void {
  declaration.lastIndex = cursor.at;
  const found = declaration.exec(cursor.text);
  if (!found) throw malformed(cursor, 'the XML declaration is not well-formed');
  if (found[4] !== undefined && !/^(utf-?8|us-ascii)$/i.test(found[4])) throw malformed(cursor, 'the encoding is not UTF-8');
  cursor.at = declaration.lastIndex;
}

/** White space and comments, which may stand around the root element. */
function skipMisc(cursor: Cursor): void {
  for (;;) {
    while (isSpace(cursor.text.charCodeAt(cursor.at))) cursor.at += 1;
    if (!cursor.text.startsWith('<!--', cursor.at)) return;
    skipComment(cursor);
  }
}

const isSpace = (code: number): boolean => code === 32 || code === 9 || code === 10 || code === 13;

function skipComment(cursor: Cursor): void {
  const end = cursor.text.indexOf('--', cursor.at + 4);
  if (end < 0 || cursor.text[end + 2] !== '>') throw malformed(cursor, 'a comment does not end, or has -- in it');
  cursor.at = end + 3;
}

/** The root element with all that is in it. Not recursive: depth is bounded by the limit, not by the stack. */
function parseTree(cursor: Cursor, { depth }: Limits): Element {
  if (cursor.text[cursor.at] !== '<') throw malformed(cursor, 'there is no root element');
  const root = parseStart(cursor);
  const open = root.closed ? [] : [root.element];
  for (let inner = open.at(-1); inner; inner = open.at(-1)) {
    inner.text += parseText(cursor);
    if (cursor.text.startsWith('</', cursor.at)) {
      parseEnd(cursor, inner.name);
      open.pop();
    } else if (cursor.text.startsWith('<!--', cursor.at)) skipComment(cursor);
    else if (cursor.text.startsWith('<![CDATA[', cursor.at)) inner.text += parseCharacterData(cursor);
    else {
      const { element, closed } = parseStart(cursor);
      inner.children.push(element);
      if (open.length >= depth) throw new InputError(inputReasons.input_too_deep({ limit: depth }));
      if (!closed) open.push(element);
    }
  }
  return root.element;
}

const namePattern = /[A-Za-z_:\u00c0-\uffff][\w:.\-\u00b7-\uffff]*/y;
const endPattern = /<\/([^\s<>/]+)[ \t\n]*>/y;

function parseName(cursor: Cursor): string {
  namePattern.lastIndex = cursor.at;
  const name = namePattern.exec(cursor.text)?.[0];
  if (name === undefined) throw malformed(cursor, 'a name is expected');
  cursor.at += name.length;
  return name;
}

/** `<name attribute="value">` or `<name/>`. Anything else that begins with `<` was dealt with, or is not known here. */
function parseStart(cursor: Cursor): { element: Element; closed: boolean } {
  const next = cursor.text[cursor.at + 1];
  if (next === '!') throw malformed(cursor, 'document types and declarations are not accepted');
  if (next === '?') throw malformed(cursor, 'processing instructions are not accepted');
  cursor.at += 1;
  const name = parseName(cursor);
  const attributes = new Map<string, string>();
  for (;;) {
    const spaced = skipSpace(cursor);
    const mark = cursor.text[cursor.at];
    if (mark === '>' || cursor.text.startsWith('/>', cursor.at)) {
      cursor.at += mark === '>' ? 1 : 2;
      return { element: { name, attributes, children: [], text: '' }, closed: mark === '/' };
    }
    if (!spaced) throw malformed(cursor, `the tag <${name}> does not end`);
    parseAttribute(cursor, attributes);
  }
}

function skipSpace(cursor: Cursor): boolean {
  const start = cursor.at;
  while (isSpace(cursor.text.charCodeAt(cursor.at))) cursor.at += 1;
  return cursor.at > start;
}

function parseAttribute(cursor: Cursor, attributes: Map<string, string>): void {
  const name = parseName(cursor);
  if (attributes.has(name)) throw malformed(cursor, `the attribute ${name} is there twice`);
  skipSpace(cursor);
  if (cursor.text[cursor.at] !== '=') throw malformed(cursor, `the attribute ${name} has no value`);
  cursor.at += 1;
  skipSpace(cursor);
  const quote = cursor.text[cursor.at];
  const end = quote === '"' || quote === "'" ? cursor.text.indexOf(quote, cursor.at + 1) : -1;
  if (end < 0) throw malformed(cursor, `the value of the attribute ${name} is not in quotes`);
  const value = cursor.text.slice(cursor.at + 1, end);
  if (value.includes('<')) throw malformed(cursor, `there is a < in the value of the attribute ${name}`);
  attributes.set(name, resolve(cursor, value.replace(/[\t\n]/g, ' ')));
  cursor.at = end + 1;
}

function parseEnd(cursor: Cursor, name: string): void {
  endPattern.lastIndex = cursor.at;
  const end = endPattern.exec(cursor.text);
  if (end?.[1] !== name) throw malformed(cursor, `</${name}> is expected`);
  cursor.at = endPattern.lastIndex;
}

function parseText(cursor: Cursor): string {
  const end = cursor.text.indexOf('<', cursor.at);
  if (end < 0) throw malformed({ ...cursor, at: cursor.text.length }, 'the document ends too early');
  const text = cursor.text.slice(cursor.at, end);
  if (text.includes(']]>')) throw malformed(cursor, 'there is a ]]> in the text');
  const resolved = resolve(cursor, text);
  cursor.at = end;
  return resolved;
}

function parseCharacterData(cursor: Cursor): string {
  const start = cursor.at + '<![CDATA['.length;
  const end = cursor.text.indexOf(']]>', start);
  if (end < 0) throw malformed(cursor, 'a CDATA section does not end');
  const text = cursor.text.slice(start, end);
  if (hasIllegal(text)) throw malformed(cursor, 'there is a character that XML does not allow');
  cursor.at = end + 3;
  return text;
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** Replaces references by their characters, once: what comes out is not looked at again. */
function resolve(cursor: Cursor, text: string): string {
  if (hasIllegal(text)) throw malformed(cursor, 'there is a character that XML does not allow');
  if (!text.includes('&')) return text;
  return text.replace(
    /&(?:#(\d{1,7})|#x([\da-fA-F]{1,6})|([a-z]{2,4}));|&/g,
    (_whole, decimal?: string, hexadecimal?: string, name?: string) => {
      const code = decimal !== undefined ? Number(decimal) : hexadecimal !== undefined ? Number.parseInt(hexadecimal, 16) : undefined;
      const character = code === undefined ? entities[name ?? ''] : characterOf(code);
      if (character === undefined) throw malformed(cursor, 'there is a reference to something that is not a character');
      return character;
    },
  );
}

function characterOf(code: number): string | undefined {
  const legal = code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
  const character = legal ? String.fromCodePoint(code) : undefined;
  return character !== undefined && !hasIllegal(character) ? character : undefined;
}
