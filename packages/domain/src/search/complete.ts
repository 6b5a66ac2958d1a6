import { searchables, type Searchable, type SearchNoun } from './fields.ts';

/** What may come next in a search that somebody is writing, and from where on it replaces what stands there. */
export interface Completions {
  readonly from: number;
  readonly options: readonly string[];
}

type Place = 'field' | 'operator' | 'value' | 'joint' | 'sort field' | 'direction' | 'end';

const operatorsOf = {
  text: ['=', '!='],
  boolean: ['=', '!='],
  number: ['=', '!=', '>', '>=', '<', '<='],
  time: ['=', '!=', '>', '>=', '<', '<='],
};
const token = /"[^"]*"?|'[^']*'?|!=|<=|>=|[=<>]|[^\s"'=<>!]+/g;
const isOperator = (text: string): boolean => /^[!<>]?=$|^[<>]$/.test(text);

/** `text` is what stands before the cursor; `values` are the known values of fields, such as statuses and the names of clusters. */
export function completions(noun: SearchNoun, text: string, values: Readonly<Record<string, readonly string[]>>): Completions {
  const searchable: Searchable = searchables[noun];
  const tokens = [...text.matchAll(token)].map((found) => ({ text: found[0], from: found.index }));
  const last = tokens.at(-1);
  const open =
    last !== undefined && last.from + last.text.length === text.length && !isOperator(last.text) && !/^(["']).*\1$/.test(last.text)
      ? last
      : undefined;
  const before = (open ? tokens.slice(0, -1) : tokens).map((one) => one.text);
  const begun = (open?.text ?? '').replace(/^["']/, '').toLowerCase();
  const { place, field } = placeAfter(before, searchable);
  const possible = optionsAt(place, field, searchable, values);
  return {
    from: open?.from ?? text.length,
    options: possible
      .filter((one) => one.toLowerCase().startsWith(begun) && one.toLowerCase() !== begun)
      .map((one) => (place === 'value' && /\s/.test(one) ? `"${one}"` : one)),
  };
}

function placeAfter(tokens: readonly string[], searchable: Searchable): { place: Place; field: string } {
  let place: Place = 'field';
  let field = '';
  for (const one of tokens) {
    const word = one.toLowerCase();
    if (place === 'sort field') place = 'direction';
    else if (place === 'direction' || place === 'end') place = 'end';
    else if (place === 'value') place = 'joint';
    else if (isOperator(one)) place = 'value';
    else if (word === 'sortby') place = 'sort field';
    else if (word === 'and' || word === 'or') place = 'field';
    else {
      field = word;
      place = isField(searchable, word) ? 'operator' : 'joint';
    }
  }
  return { place, field };
}

const isField = ({ fields, references = {} }: Searchable, name: string): boolean =>
  Object.hasOwn(fields, name) || Object.hasOwn(references, name);

function optionsAt(
  place: Place,
  field: string,
  searchable: Searchable,
  values: Readonly<Record<string, readonly string[]>>,
): readonly string[] {
  const { fields, references = {} } = searchable;
  const name = references[field] ?? field;
  switch (place) {
    case 'field':
    case 'sort field':
      return Object.keys(fields);
    case 'operator':
      return operatorsOf[fields[name] ?? 'text'];
    case 'value':
      return fields[name] === 'boolean' ? ['true', 'false'] : fields[name] === 'time' ? ['today', 'yesterday'] : (values[name] ?? []);
    case 'joint':
      return ['and', 'or', 'sortby'];
    case 'direction':
      return ['asc', 'desc'];
    case 'end':
      return [];
  }
}
