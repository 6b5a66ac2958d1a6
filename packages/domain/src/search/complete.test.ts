import { expect, test } from 'vitest';
import { completions } from './complete.ts';

const values = { status: ['up', 'down', 'powering_up'], cluster: ['Default', 'Second floor'] };
const after = (text: string) => completions('vms', text, values);

test('a search begins with a field, and what is begun is completed where it stands', () => {
  expect(after('').options).toContain('name');
  expect(after('sta')).toEqual({ from: 0, options: ['status'] });
  expect(after('name=web and clu')).toEqual({ from: 13, options: ['cluster'] });
});

test('operators are those that the field can be compared by', () => {
  expect(after('status ').options).toEqual(['=', '!=']);
  expect(after('memory ').options).toContain('>=');
  expect(after('clusters.name ').options).toEqual(['=', '!=']);
});

test('values are the known ones, quoted where they have blanks', () => {
  expect(after('status = ').options).toEqual(['up', 'down', 'powering_up']);
  expect(after('status=d')).toEqual({ from: 7, options: ['down'] });
  expect(after('cluster = Sec').options).toEqual(['"Second floor"']);
  expect(after('cluster = "Sec')).toEqual({ from: 10, options: ['"Second floor"'] });
  expect(after('next_run_config_exists = ').options).toEqual(['true', 'false']);
});

test('after a criterion come the words that join, and after sortby a field and its direction', () => {
  expect(after('status=up ').options).toEqual(['and', 'or', 'sortby']);
  expect(after('web* ').options).toEqual(['and', 'or', 'sortby']);
  expect(after('sortby na')).toEqual({ from: 7, options: ['name'] });
  expect(after('sortby name ').options).toEqual(['asc', 'desc']);
  expect(after('sortby name asc ').options).toEqual([]);
});
