import { expect, test } from 'vitest';
import { withoutNames } from './visible.ts';

test('a hidden name is replaced, also where a reason repeats it, and nowhere inside other words', () => {
  const told = withoutNames({ vm: 'web', host: 'a', reason: 'a problem: host a does not answer (a-team)' }, ['host']);
  expect(told).toEqual({ vm: 'web', host: '(not shown)', reason: '(not shown) problem: host (not shown) does not answer (a-team)' });
  expect(withoutNames({ vm: 'web', host: 'h1' }, [])).toEqual({ vm: 'web', host: 'h1' });
});

test('names are taken literally, whatever characters they have', () => {
  expect(withoutNames({ host: 'h.1+', reason: 'h.1+ is gone, hx1+ is not' }, ['host'])['reason']).toBe('(not shown) is gone, hx1+ is not');
});
