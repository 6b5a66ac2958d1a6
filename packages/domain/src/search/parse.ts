import { reasons, type Refusal, refuse } from '../reason.ts';

/**
 * RHV's search language (infra.md 8.5): criteria joined by `and` (also when left out) and `or`, then `sortby field asc`,
 * then `page N`. A criterion is `field op value`, `object.field op value`, or a bare value, which is looked for in all
 * texts. `*` stands for anything; quotes hold blanks together.
 */

export const searchReasons = reasons({
  search_unfinished_quote: { class: 'bad_input', text: 'The search has a quote at position {position} that is never closed.' },
  search_value_missing: { class: 'bad_input', text: 'In the search, {field} {operator} lacks a value.' },
  search_word_unexpected: { class: 'bad_input', text: 'In the search, {word} at position {position} does not fit there.' },
  search_sort_field_missing: { class: 'bad_input', text: 'In the search, sortby lacks the field to sort by.' },
  search_page_number: { class: 'bad_input', text: 'In the search, page needs a number from 1 on; {found} is none.' },
  search_field_unknown: { class: 'bad_input', text: 'A search for {noun} knows no field {field}. It knows: {fields}.' },
  search_operator_unfit: { class: 'bad_input', text: 'In the search, {field} cannot be compared by {operator}: use {operators}.' },
  search_value_unfit: { class: 'bad_input', text: 'In the search, {field} must be {expected}; {value} is not.' },
  search_too_many: { class: 'bad_input', text: 'The search has more than {limit} criteria.' },
  search_too_long: { class: 'bad_input', text: 'The search is longer than {limit} characters.' },
});

export type Operator = '=' | '!=' | '<' | '<=' | '>' | '>=';

export type Criterion =
  | {
      readonly kind: 'field';
      readonly object: string | undefined;
      readonly field: string;
      readonly operator: Operator;
      readonly value: string;
      readonly position: number;
    }
  | { readonly kind: 'text'; readonly value: string; readonly position: number };

/** `or` binds weaker than `and`: any of the groups, in a group all. */
export interface Search {
  readonly anyOf: readonly (readonly Criterion[])[];
  readonly sort?: { readonly object: string | undefined; readonly field: string; readonly descending: boolean };
  readonly page?: number;
}

interface Token {
  readonly kind: 'word' | 'quoted' | 'operator';
  readonly text: string;
  readonly position: number;
}

const longest = 4096;
/** Each is a condition of the query: a few dozen say what a person means, hundreds only keep the database busy. */
const most = 40;

export function parseSearch(text: string): Search | Refusal {
  if (text.length > longest) return refuse(searchReasons.search_too_long({ limit: longest }));
  const tokens = tokenize(text);
  if ('refused' in tokens) return tokens;
  const search = new Reader(withoutObjectPrefix(tokens)).search();
  const tooMany = 'anyOf' in search && search.anyOf.flat().length > most;
  return tooMany ? refuse(searchReasons.search_too_many({ limit: most }, 'search')) : search;
}

function tokenize(text: string): Token[] | Refusal {
  const tokens: Token[] = [];
  const pattern = /\s+|"([^"]*)"|'([^']*)'|(!=|<=|>=|=|<|>)|([^\s"'=<>!]+|!)|(["'])/gy;
  for (let found = pattern.exec(text); found; found = pattern.exec(text)) {
    const [, double, single, operator, word, stray] = found;
    const position = found.index;
    if (stray !== undefined) return refuse(searchReasons.search_unfinished_quote({ position }));
    if (double !== undefined || single !== undefined) tokens.push({ kind: 'quoted', text: double ?? single ?? '', position });
    else if (operator !== undefined) tokens.push({ kind: 'operator', text: operator, position });
    else if (word !== undefined) tokens.push({ kind: 'word', text: word, position });
  }
  return tokens;
}

/** `Vms: name=x`: clients of the portal's search bar put the objects in front; the collection says it already. */
function withoutObjectPrefix(tokens: Token[]): Token[] {
  const [first, second] = tokens;
  if (first?.kind === 'word' && /^\w+:$/.test(first.text)) return tokens.slice(1);
  const glued = first?.kind === 'word' ? /^(\w+):(.+)$/.exec(first.text) : null;
  if (first && glued?.[2] !== undefined && second?.kind === 'operator') return [{ ...first, text: glued[2] }, ...tokens.slice(1)];
  return tokens;
}

class Reader {
  readonly #tokens: readonly Token[];
  #at = 0;
  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  #peek(ahead = 0): Token | undefined {
    return this.#tokens[this.#at + ahead];
  }
  #isKeyword(word: string): boolean {
    const token = this.#peek();
    // `sortby=...` or `page=...` would be fields of these names.
    return token?.kind === 'word' && token.text.toLowerCase() === word && this.#peek(1)?.kind !== 'operator';
  }

  search(): Search | Refusal {
    const groups: Criterion[][] = [[]];
    while (this.#peek() && !this.#isKeyword('sortby') && !this.#isKeyword('page')) {
      if (this.#isKeyword('and')) this.#at++;
      else if (this.#isKeyword('or')) {
        this.#at++;
        groups.push([]);
      } else {
        const criterion = this.#criterion();
        if ('refused' in criterion) return criterion;
        groups.at(-1)?.push(criterion);
      }
    }
    const sort = this.#sort();
    if (sort && 'refused' in sort) return sort;
    const page = this.#page();
    if (page !== undefined && typeof page !== 'number') return page;
    const left = this.#peek();
    if (left) return refuse(searchReasons.search_word_unexpected({ word: left.text, position: left.position }));
    return { anyOf: groups.filter((group) => group.length > 0), ...(sort && { sort }), ...(page !== undefined && { page }) };
  }

  #criterion(): Criterion | Refusal {
    const token = this.#peek();
    const operator = this.#peek(1);
    if (!token || token.kind === 'operator')
      return refuse(searchReasons.search_word_unexpected({ word: token?.text ?? '', position: token?.position ?? 0 }));
    if (token.kind === 'quoted' || operator?.kind !== 'operator') {
      this.#at++;
      return { kind: 'text', value: token.text, position: token.position };
    }
    const value = this.#peek(2);
    if (!value || value.kind === 'operator')
      return refuse(searchReasons.search_value_missing({ field: token.text, operator: operator.text }));
    this.#at += 3;
    return { kind: 'field', ...splitField(token.text), operator: operator.text as Operator, value: value.text, position: token.position };
  }

  #sort(): Search['sort'] | Refusal {
    if (!this.#isKeyword('sortby')) return undefined;
    this.#at++;
    const field = this.#peek();
    if (field?.kind !== 'word') return refuse(searchReasons.search_sort_field_missing());
    this.#at++;
    const descending = this.#isKeyword('desc');
    if (descending || this.#isKeyword('asc')) this.#at++;
    return { ...splitField(field.text), descending };
  }

  #page(): number | undefined | Refusal {
    if (!this.#isKeyword('page')) return undefined;
    this.#at++;
    const number = this.#peek();
    if (!number || !/^[1-9]\d{0,8}$/.test(number.text))
      return refuse(searchReasons.search_page_number({ found: number?.text ?? 'nothing' }));
    this.#at++;
    return Number(number.text);
  }
}

function splitField(text: string): { object: string | undefined; field: string } {
  const dot = text.indexOf('.');
  return dot < 0
    ? { object: undefined, field: text.toLowerCase() }
    : { object: text.slice(0, dot).toLowerCase(), field: text.slice(dot + 1).toLowerCase() };
}

/** The search as text again: what is parsed from it is the same. */
export function printSearch(search: Search): string {
  const group = (criteria: readonly Criterion[]) => criteria.map(printCriterion).join(' and ');
  const parts = [search.anyOf.map(group).join(' or ')];
  if (search.sort) parts.push(`sortby ${printField(search.sort)} ${search.sort.descending ? 'desc' : 'asc'}`);
  if (search.page !== undefined) parts.push(`page ${search.page}`);
  return parts.filter((part) => part !== '').join(' ');
}

const printField = ({ object, field }: { object: string | undefined; field: string }) =>
  object === undefined ? field : `${object}.${field}`;
const printCriterion = (criterion: Criterion) =>
  criterion.kind === 'text' ? quoted(criterion.value) : `${printField(criterion)} ${criterion.operator} ${quoted(criterion.value)}`;
const quoted = (value: string) => (value.includes('"') ? `'${value}'` : `"${value}"`);
