import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isRefusal, sentence } from '../reason.ts';
import { resolveSearch, searchables, type SearchNoun } from './fields.ts';
import { parseSearch, printSearch, type Search } from './parse.ts';

const now = Date.parse('2026-11-23T15:30:00Z'); // a Monday
const vms = (text: string) => resolveSearch('vms', text, now);
const why = (text: string, noun: SearchNoun = 'vms') => {
  const found = resolveSearch(noun, text, now);
  return isRefusal(found) ? found.refused.map(sentence).join(' ') : 'accepted';
};

test('a criterion names a field, an operator and a value; names are of any case', () => {
  expect(vms('Name=web')).toEqual({ anyOf: [[{ field: 'name', kind: 'text', operator: '=', value: 'web' }]] });
});

test('criteria side by side must all hold; or makes alternatives, and binds weaker', () => {
  expect(vms('name=a status=up or name = b and memory > 1024')).toMatchObject({
    anyOf: [
      [{ field: 'name' }, { field: 'status' }],
      [{ field: 'name' }, { field: 'memory', operator: '>', value: 1024 }],
    ],
  });
});

test('quotes hold blanks together, as Ansible sends them', () => {
  expect(vms('name="my vm" and Storage.name="data 1"')).toMatchObject({
    anyOf: [[{ value: 'my vm' }, { field: 'storage', value: 'data 1' }]],
  });
});

test('fields of other objects are named with a dot', () => {
  expect(vms('Clusters.name=Default')).toMatchObject({ anyOf: [[{ field: 'cluster', value: 'Default' }]] });
});

test('a bare value is looked for in all texts', () => {
  expect(vms('web*')).toEqual({ anyOf: [[{ fields: searchables.vms.texts, kind: 'anywhere', value: 'web*' }]] });
});

test('sorting and paging come last', () => {
  expect(vms('status=up sortby name desc page 3')).toMatchObject({ sort: { field: 'name', descending: true }, page: 3 });
  expect(vms('sortby memory')).toMatchObject({ anyOf: [], sort: { field: 'memory', descending: false } });
  expect(vms('page 2')).toEqual({ anyOf: [], page: 2 });
  expect(vms('')).toEqual({ anyOf: [] });
});

test('the object of the search bar may stand in front', () => {
  expect(vms('Vms: name=x')).toEqual(vms('name=x'));
  expect(vms('vms:name=x')).toEqual(vms('name=x'));
});

test('times are dates, days and weekdays', () => {
  const value = (text: string) => {
    const found = vms(`creationdate > ${text}`);
    return isRefusal(found)
      ? sentence(found.refused[0])
      : found.anyOf[0]?.[0] && 'value' in found.anyOf[0][0]
        ? new Date(Number(found.anyOf[0][0].value)).toISOString()
        : '';
  };
  expect(value('today')).toBe('2026-11-23T00:00:00.000Z');
  expect(value('Yesterday')).toBe('2026-11-22T00:00:00.000Z');
  expect(value('friday')).toBe('2026-11-20T00:00:00.000Z');
  expect(value('monday')).toBe('2026-11-23T00:00:00.000Z');
  expect(value('2026-01-02')).toBe('2026-01-02T00:00:00.000Z');
  expect(value('"2026-01-02 10:30"')).toBe('2026-01-02T10:30:00.000Z');
  expect(value('soon')).toContain('a date such as');
});

test('what is wrong is said, with what there is', () => {
  expect(why('colour=red')).toContain('A search for VMs knows no field colour. It knows: name,');
  expect(why('name < a')).toContain('name cannot be compared by <');
  expect(why('memory=much')).toContain('memory must be a number; much is not');
  expect(why('name="x')).toContain('a quote at position 5 that is never closed');
  expect(why('name=')).toContain('name = lacks a value');
  expect(why('name=x page zero')).toContain('page needs a number from 1 on; zero is none');
  expect(why('sortby')).toContain('sortby lacks the field');
  expect(why('shareable=perhaps', 'disks')).toContain('must be true or false');
});

test('nothing that anybody types makes the parser fail', () => {
  fc.assert(fc.property(fc.string({ maxLength: 200 }), (text) => void vms(text)));
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('name', '=', '!=', '"', "'", 'and', 'or', 'sortby', 'page', '1', 'x y', '.', ':', '<='), { maxLength: 20 }),
      (words) => void vms(words.join(' ')),
    ),
  );
});

test('a printed search is parsed as the same search', () => {
  const word = fc.stringMatching(/^[a-z_]{1,8}$/).filter((text) => !['and', 'or', 'sortby', 'page', 'asc', 'desc'].includes(text));
  const value = fc.stringMatching(/^[^"']{0,12}$/);
  const object = fc.option(word, { nil: undefined });
  const criterion = fc.oneof(
    fc.record({
      kind: fc.constant('field' as const),
      object,
      field: word,
      operator: fc.constantFrom('=' as const, '!=' as const, '<' as const, '>=' as const),
      value,
      position: fc.constant(0),
    }),
    fc.record({ kind: fc.constant('text' as const), value, position: fc.constant(0) }),
  );
  const search = fc.record(
    {
      anyOf: fc.array(fc.array(criterion, { minLength: 1, maxLength: 4 }), { maxLength: 4 }),
      sort: fc.record({ object, field: word, descending: fc.boolean() }),
      page: fc.integer({ min: 1, max: 1000 }),
    },
    { requiredKeys: ['anyOf'] },
  );
  const without = (parsed: Search) => ({ ...parsed, anyOf: parsed.anyOf.map((group) => group.map((one) => ({ ...one, position: 0 }))) });
  fc.assert(
    fc.property(search, (wanted) => {
      const parsed = parseSearch(printSearch(wanted));
      expect(isRefusal(parsed) ? parsed : without(parsed)).toEqual(wanted);
    }),
  );
});
