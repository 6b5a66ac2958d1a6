import { isTypeName, shapeOf, type Field, type Shape } from './fields.ts';
import { defaultLimits, InputError, inputReasons, type Limits } from './input-error.ts';
import { readScalar, wrongValue } from './scalars.ts';
import type { TypeName } from './names.ts';
import { parseXml, type Element } from './xml-parser.ts';

/** What was read: the fields that were there, as their type declares them. */
export type Value = { [field: string]: unknown };

/**
 * Reads a document into a type: unknown elements are skipped, the items of lists may bear the name of the element or of the type, and a
 * value that cannot be what its field holds is an error that names the field. Throws `InputError`, and nothing else.
 */
export const readXml = (type: TypeName, text: string, limits: Limits = defaultLimits): Value => shapeFromXml(shapeOf(type), text, limits);

export function shapeFromXml(shape: Shape, text: string, limits: Limits = defaultLimits): Value {
  const root = parseXml(text, limits);
  if (root.name !== shape.element) throw new InputError(inputReasons.input_wrong_root({ found: root.name, expected: shape.element }));
  return readElement(shape, root, shape.element);
}

export function readElement(shape: Shape, element: Element, at: string): Value {
  const value: Value = {};
  const href = element.attributes.get('href');
  if (href !== undefined) value['href'] = href;
  const id = shape.byName.get('id');
  const written = element.attributes.get('id');
  if (id && id.holds.kind !== 'type' && written !== undefined) value['id'] = readScalar(id.holds, written, `${at}.id`);
  const links = linksIn(element);
  if (links.length > 0) value['link'] = links;
  for (const child of element.children) {
    const field = shape.byName.get(child.name);
    const read = field ? readField(field, child, `${at}.${child.name}`) : undefined;
    if (field && read !== undefined) value[field.name] = read;
    else if (child.name === 'actions') value['actions'] = linksIn(child);
  }
  return value;
}

function readField(field: Field, element: Element, at: string): unknown {
  if (!field.list) return readOne(field, element, at);
  const items = element.children.filter(
    ({ name }) => name === field.item || (isTypeName(name) && 'type' in field.holds && field.holds.type === name),
  );
  if (items.length === 0 && element.text.trim() !== '') throw wrongValue(`a list of <${field.item}>`, element.text.trim(), at);
  return items.map((item) => readOne(field, item, at)).filter((item) => item !== undefined);
}

function readOne({ holds }: Field, element: Element, at: string): unknown {
  if (holds.kind !== 'type') {
    if (element.children.length > 0) throw wrongValue('a single value', `<${element.children[0]?.name ?? ''}>`, at);
    return readScalar(holds, element.text, at);
  }
  if (element.children.length === 0 && element.text.trim() !== '') throw wrongValue('an element with parts', element.text.trim(), at);
  return readElement(shapeOf(holds.type), element, at);
}

const linksIn = ({ children }: Element): { rel: string; href: string }[] =>
  children.flatMap(({ name, attributes }) => {
    const rel = attributes.get('rel');
    const href = attributes.get('href');
    return name === 'link' && rel !== undefined && href !== undefined ? [{ rel, href }] : [];
  });
