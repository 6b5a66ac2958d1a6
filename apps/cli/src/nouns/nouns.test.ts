import { PassThrough } from 'node:stream';
import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { allMethods } from '@ostler/contract/tree';
import { noStyle, styleOf } from '../show/style.ts';
import { table } from '../show/table.ts';
import { merged } from './body.ts';
import { addFlags, bodyFlags, keyOf, queryFlags, type Flag } from './flags.ts';
import { readSort, searchSorted, sortedBy } from './list.ts';
import { linesOf, shownAt } from './row.ts';
import { everyNoun, nounOf, nouns, placeOf } from './tree.ts';
import { chosenColumns, viewOf } from './views.ts';
import { verbFor } from './words.ts';

const route = (word: string, method: string) => {
  const noun = nounOf(word);
  const found = noun.ofAll.get(method) ?? noun.ofOne.get(method);
  if (!found) throw new Error(`There is no ${word} ${method}`);
  return found;
};
const flag = (word: string, method: string, name: string): Flag | undefined =>
  bodyFlags(route(word, method)).find((one) => one.name === name);

describe('nouns', () => {
  test('every built method of the contract is a verb of a noun, whoever builds it', () => {
    const reached = new Set(everyNoun().flatMap(({ ofAll, ofOne }) => [...ofAll.values(), ...ofOne.values()]));
    const built = [...allMethods()].filter(
      ({ access, declaration, template }) => access !== undefined && declaration.raw === undefined && template !== '',
    );
    const keyed = new Set([...reached].map(({ template, method }) => `${template} ${method}`));
    expect(built.map(({ template, method }) => `${template} ${method}`).filter((one) => !keyed.has(one))).toEqual([]);
  });

  test('no two nouns of one place, and no two verbs of one noun, are called the same', () => {
    for (const place of [nouns, ...everyNoun().map(({ below }) => below)]) {
      const words = place.map(({ word }) => word);
      expect(words).toEqual([...new Set(words)]);
    }
    for (const { ofAll, ofOne, template } of everyNoun()) {
      const verbs = [...ofAll.values(), ...ofOne.values()].map((one) => verbFor(one.method, one.template));
      expect([template, ...verbs]).toEqual([template, ...new Set(verbs)]);
    }
  });

  test('what the API spells in one word is typed in several', () => {
    expect(verbFor('freezefilesystems', 'vms/{vm}')).toBe('freeze-file-systems');
    expect(verbFor('issueenrollmenttoken', 'clusters/{cluster}')).toBe('issue-enrollment-token');
    expect(verbFor('reordermacaddresses', 'vms/{vm}')).toBe('reorder-mac-addresses');
    expect(verbFor('start', 'vms/{vm}')).toBe('start');
    expect(verbFor('add', 'datacenters/{data_center}/storagedomains')).toBe('attach');
    expect(verbFor('remove', 'datacenters/{data_center}/storagedomains/{storage_domain}')).toBe('detach');
  });
});

describe('flags', () => {
  test('parts of an object are dotted, and bytes may be written with their unit', () => {
    expect(flag('vm', 'add', 'memory-policy.max')?.read('4GiB')).toBe(4 * 1024 ** 3);
    expect(flag('vm', 'add', 'high-availability.priority')?.read('-1')).toBe(-1);
    expect(() => flag('vm', 'add', 'memory-policy.max')?.read('lots')).toThrow('whole number');
  });

  test('what Ostler sets itself, and what has a place of its own, is no flag', () => {
    for (const name of ['status', 'id', 'nics', 'permissions', 'disk-attachments']) expect(flag('vm', 'add', name)).toBeUndefined();
    expect(flag('disk', 'update', 'actual-size')).toBeUndefined();
  });

  test('other objects are referred to, secrets come from files, and enums have their choices', () => {
    expect(flag('vm', 'add', 'cluster')).toMatchObject({ kind: 'reference', refersTo: 'cluster' });
    expect(flag('disk', 'add', 'storage-domains')).toMatchObject({ kind: 'reference', list: true });
    expect(flag('user', 'add', 'password')).toBeUndefined();
    expect(flag('user', 'add', 'password-file')).toMatchObject({ kind: 'secret' });
    expect(flag('vm', 'add', 'bios.type')?.read('Q35-OVMF')).toBe('q35_ovmf');
    expect(() => flag('vm', 'add', 'bios.type')?.read('floppy')).toThrow('one of');
  });

  test('lists of small things are written as pairs or in JSON', () => {
    const properties = flag('vm', 'add', 'custom-properties');
    expect(properties?.read('name=sap_agent,value=true')).toEqual({ name: 'sap_agent', value: 'true' });
    expect(properties?.read('{"name":"a","value":"b,c=d"}')).toEqual({ name: 'a', value: 'b,c=d' });
    expect(() => properties?.read('nonsense')).toThrow('key=value');
  });

  test('actions have the elements that they take, and queries theirs', () => {
    expect(flag('vm', 'start', 'volatile')).toMatchObject({ kind: 'switch' });
    expect(flag('vm', 'start', 'vm.os.boot.devices')).toBeDefined();
    expect(queryFlags(route('vm', 'remove')).map(({ name }) => name)).toContain('detach-only');
    expect(queryFlags(route('vm', 'list')).map(({ name }) => name)).not.toContain('search');
  });

  test('every flag of every verb can be given, and none is given twice', () => {
    for (const noun of everyNoun())
      for (const one of [...noun.ofAll.values(), ...noun.ofOne.values()]) {
        const command = new Command(one.method);
        const added = addFlags(command, [...bodyFlags(one), ...queryFlags(one)]);
        expect([one.template, new Set(added.map(keyOf)).size]).toEqual([one.template, added.length]);
      }
  });

  test('a switch can be said both ways, and is not said when it is not', async () => {
    const parsed = async (...args: string[]) => {
      const command = new Command('x').exitOverride();
      addFlags(command, bodyFlags(route('vm', 'add')));
      await command.parseAsync(args, { from: 'user' });
      return command.opts()['highAvailability.enabled'];
    };
    expect(await parsed()).toBeUndefined();
    expect(await parsed('--high-availability.enabled')).toBe(true);
    expect(await parsed('--no-high-availability.enabled')).toBe(false);
  });

  test('documents and flags are one input, in which flags count', () => {
    expect(merged({ cpu: { mode: 'custom', topology: { cores: 1 } }, name: 'a' }, { cpu: { topology: { cores: 2 } } })).toEqual({
      cpu: { mode: 'custom', topology: { cores: 2 } },
      name: 'a',
    });
  });
});

describe('what people see', () => {
  const vm = {
    id: '7',
    name: 'web',
    status: 'powering_up',
    memory: 1024 ** 3,
    cluster: { id: '1', name: 'Default' },
    nics: [{ name: 'nic1' }, { name: 'nic2' }],
  };

  test('columns are paths: sizes in their unit, references by name, several after one another', () => {
    expect(shownAt(vm, 'memory')).toBe('1 GiB');
    expect(shownAt(vm, 'cluster')).toBe('Default');
    expect(shownAt(vm, 'nics.name')).toBe('nic1, nic2');
    expect(table(chosenColumns('name,status,cluster.name'), [vm])).toBe('NAME  STATUS       NAME\nweb   powering up  Default\n');
  });

  test('one object is told in full, without what leads through the API', () => {
    expect(linesOf({ ...vm, href: '/x', link: [] })).toEqual([
      ['id', '7'],
      ['name', 'web'],
      ['status', 'powering up'],
      ['memory', '1 GiB'],
      ['cluster', 'Default'],
      ['nics', 'nic1'],
      ['nics', 'nic2'],
    ]);
  });

  test('every type that is listed has columns by which its objects are told apart', () => {
    const listed = everyNoun().filter(({ ofAll }) => ofAll.has('list'));
    expect(listed.filter(({ type }) => viewOf(type).columns.length === 0)).toEqual([]);
  });

  test('lists are sorted by the API where it searches, and here by number or word where it does not', () => {
    expect(searchSorted('name=web*', 'memory:desc')).toBe('name=web* sortby memory desc');
    expect(searchSorted(undefined, 'name')).toBe('sortby name asc');
    expect(readSort('cpu.speed')).toEqual({ field: 'cpu.speed', descending: false });
    expect(sortedBy([{ name: 'nic10' }, { name: 'nic9' }, {}], 'name')).toEqual([{}, { name: 'nic9' }, { name: 'nic10' }]);
    expect(sortedBy([{ a: { b: 1 } }, { a: { b: 10 } }], 'a.b:desc')).toEqual([{ a: { b: 10 } }, { a: { b: 1 } }]);
  });

  test('colours are for terminals, and for those who have not refused them', () => {
    const out = (isTTY: boolean, environment: Record<string, string> = {}) =>
      styleOf({ out: Object.assign(new PassThrough(), { isTTY }), environment });
    expect(out(false)).toBe(noStyle);
    expect(out(true, { NO_COLOR: '1' })).toBe(noStyle);
    expect(out(true, { TERM: 'dumb' })).toBe(noStyle);
    const colourful = table(viewOf('vm').columns, [{ name: 'web', status: 'up' }], out(true));
    expect(colourful).toContain('\u001b[32mup\u001b[0m');
    // oxlint-disable-next-line no-control-regex -- the colours are taken out again
    expect(colourful.replaceAll(/\u001b\[\d+m/g, '')).toBe(table(viewOf('vm').columns, [{ name: 'web', status: 'up' }]));
  });
});

test('objects are looked for at the outermost place that lists them', () => {
  expect(placeOf('network')?.template).toBe('networks');
  expect(placeOf('cluster')?.template).toBe('clusters');
  expect(placeOf('version')).toBeUndefined();
});
