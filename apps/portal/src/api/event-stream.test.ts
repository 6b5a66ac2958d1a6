import { expect, test } from 'vitest';
import { eventReader } from './event-stream.ts';

test('events are read across the borders of pieces', () => {
  const read = eventReader();
  expect(read('id: 1-1\nevent: hel')).toEqual([]);
  expect(read('lo\ndata: {}\n\nid: 2-1\nevent: change\ndata: {"noun":"vm"}\n')).toEqual([{ id: '1-1', event: 'hello', data: '{}' }]);
  expect(read('\n')).toEqual([{ id: '2-1', event: 'change', data: '{"noun":"vm"}' }]);
});

test('a sign of life only moves the place to resume from', () => {
  expect(eventReader()(': alive\nid: 7-3\n\n')).toEqual([{ id: '7-3', event: '', data: '' }]);
});
