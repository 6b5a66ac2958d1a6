import { expect, test } from 'vitest';
import { shared } from './shared.ts';

test('what says the same is the same, dates included', () => {
  const before = [{ id: 'a', at: new Date(5), tags: ['x'] }, { id: 'b' }];
  expect(shared(before, [{ id: 'a', at: new Date(5), tags: ['x'] }, { id: 'b' }])).toBe(before);
});

test('rows keep their identity when others come, go or change', () => {
  const [a, b] = [
    { id: 'a', name: 'one' },
    { id: 'b', name: 'two' },
  ];
  const after = shared([a, b], [{ id: 'c' }, { id: 'b', name: 'two' }, { id: 'a', name: 'new' }]);
  expect(after).toEqual([{ id: 'c' }, b, { id: 'a', name: 'new' }]);
  expect(Array.isArray(after) && after[1]).toBe(b);
});

test('a field that is gone is gone', () => {
  expect(shared({ id: 'a', host: 1 }, { id: 'a' })).toEqual({ id: 'a' });
});
