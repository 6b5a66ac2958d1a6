import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { inputTypesOf, ownerIn, requirementsOf, typeAt, type Permit } from './access.ts';
import { elementOf, isTypeName, shapeOf } from './fields.ts';
import { missingInput } from './input.ts';
import { types } from './schema.ts';
import { services } from './services.ts';
import { allMethods, isAction, match, type Route } from './tree.ts';

const routes = [...allMethods()];
const permitsOf = ({ access }: Route): readonly Permit[] => (access && 'needs' in access ? access.needs : []);
const idsIn = (template: string): string[] => [...template.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);

/** The routes of which the rule does not hold, by name. */
const breaking = (rule: (route: Route) => boolean): string[] =>
  routes.filter((route) => !rule(route)).map(({ service, method, template }) => `${service}.${method} at ${template}`);

test('every method is built with its access, or not built', () => {
  expect(breaking(({ declaration }) => (declaration.access === undefined) === (declaration.notBuilt === true))).toEqual([]);
});

test('what a permit is asked on is in the path or in the input', () => {
  const isThere = (route: Route, { on }: Permit): boolean => {
    if (on.of === 'path') return idsIn(route.template).includes(on.id);
    if (on.of === 'owner') return isTypeName(ownerIn(route.template));
    return on.of === 'system' || isTypeName(typeAt(on.at, inputTypesOf(route)));
  };
  expect(breaking((route) => permitsOf(route).every((asked) => isThere(route, asked)))).toEqual([]);
});

test('ids in paths bear the names of types, so that a permit can be looked up on them', () => {
  expect(breaking(({ template }) => idsIn(template).every(isTypeName))).toEqual([]);
});

test('mandatory places are in the model', () => {
  const inModel = (route: Route, place: string): boolean => {
    const inputs = inputTypesOf(route);
    const prefix = isAction(route.method) ? '' : `${Object.keys(inputs)[0]}.`;
    const [first = '', ...rest] = `${prefix}${place.replace(/\|.*/, '')}`.split('.');
    const held = rest.length > 1 ? typeAt([first, ...rest.slice(0, -1)].join('.'), inputs) : undefined;
    return first in inputs && (held === undefined || shapeOf(held).byName.has(rest.at(-1) ?? ''));
  };
  expect(
    breaking((route) => {
      const { mandatory = [], variants = [] } = route.declaration;
      return [...mandatory, ...variants.flat()].every((place) => inModel(route, place));
    }),
  ).toEqual([]);
});

test('a list has a type and a root', () => {
  expect(breaking(({ method, declared }) => method !== 'list' || (declared.type !== undefined && declared.root !== undefined))).toEqual([]);
});

test('lists come under the roots that the SDKs know', () => {
  const roots = Object.fromEntries(
    routes.filter(({ method }) => method === 'list').map(({ template, declared }) => [template, declared.root]),
  );
  expect(roots).toMatchObject({
    'hosts/{host}/fenceagents': 'agents',
    'hosts/{host}/nics': 'host_nics',
    'vms/{vm}/numanodes': 'vm_numa_nodes',
    'hosts/{host}/numanodes': 'host_numa_nodes',
    'hosts/{host}/devices': 'host_devices',
    'hosts/{host}/storage': 'host_storages',
    'clusters/{cluster}/enabledfeatures': 'cluster_features',
    operatingsystems: 'operation_systems',
    'openstacknetworkproviders/{open_stack_network_provider}/networks': 'openstack_networks',
    'users/{user}/options': 'user_options',
  });
  expect(elementOf('operating_system_info')).toBe('operating_system');
  expect(elementOf('virtual_numa_node')).toBe('vm_numa_node');
});

test('no service or type is declared in two files', async () => {
  for (const [folder, merged] of [['services', services] as const, ['types', types] as const]) {
    const names: string[] = [];
    for (const file of readdirSync(new URL(folder, import.meta.url))) {
      const declared: Record<string, object> = await import(/* @vite-ignore */ `./${folder}/${file}`);
      names.push(...Object.values(declared).flatMap((part) => Object.keys(part)));
    }
    expect(names.toSorted()).toEqual(Object.keys(merged).toSorted());
  }
});

test('creating a VM asks for the permit on the cluster and on the template that it names', () => {
  const add = match('POST', '/vms');
  if ('miss' in add) throw new Error(add.miss);
  const ask = (vm: object) => requirementsOf(permitsOf(add), { ...add, input: { vm }, inputTypes: inputTypesOf(add) });
  expect(ask({ cluster: { name: 'Default' }, template: { id: '0' } })).toEqual({
    requirements: [
      { permit: 'create_vm', object: { type: 'cluster', name: 'Default' } },
      { permit: 'create_vm', object: { type: 'template', id: '0' } },
    ],
  });
  expect(ask({})).toEqual({ requirements: [{ permit: 'create_vm', object: { type: 'system' } }] });
});

test('attaching a disk asks for it on that disk, a new disk on its storage domains', () => {
  const add = match('POST', '/vms/v/diskattachments');
  if ('miss' in add) throw new Error(add.miss);
  const ask = (disk: object) =>
    requirementsOf(permitsOf(add), { ...add, input: { disk_attachment: { disk } }, inputTypes: inputTypesOf(add) });
  const onVm = { permit: 'configure_vm_storage', object: { type: 'vm', id: 'v' } };
  expect(ask({ id: 'd' })).toEqual({ requirements: [onVm, { permit: 'attach_disk', object: { type: 'disk', id: 'd' } }] });
  expect(ask({ name: 'new', storage_domains: [{ name: 'a' }, { id: 'b' }] })).toEqual({
    requirements: [
      onVm,
      { permit: 'create_disk', object: { type: 'storage_domain', name: 'a' } },
      { permit: 'create_disk', object: { type: 'storage_domain', id: 'b' } },
    ],
  });
  expect(ask({ name: 'new' })).toEqual({ requirements: [onVm, { permit: 'create_disk', object: { type: 'system' } }] });
});

test('a reference that access hangs on and that is not there makes the input incomplete', () => {
  const add = match('POST', '/networks');
  if ('miss' in add) throw new Error(add.miss);
  expect(requirementsOf(permitsOf(add), { ...add, input: { network: {} }, inputTypes: inputTypesOf(add) })).toEqual({
    missing: 'network.data_center',
  });
});

test('a transfer asks for the permit on everything that it names', () => {
  const add = match('POST', '/imagetransfers');
  if ('miss' in add) throw new Error(add.miss);
  const input = { image_transfer: { disk: { id: 'mine' }, snapshot: { id: 'theirs' } } };
  expect(requirementsOf(permitsOf(add), { ...add, input, inputTypes: inputTypesOf(add) })).toEqual({
    requirements: [
      { permit: 'edit_disk_properties', object: { type: 'disk', id: 'mine' } },
      { permit: 'edit_disk_properties', object: { type: 'disk_snapshot', id: 'theirs' } },
    ],
  });
});

test('permissions under an object are asked on that object', () => {
  const add = match('POST', '/disks/d/permissions');
  if ('miss' in add) throw new Error(add.miss);
  expect(requirementsOf(permitsOf(add), { ...add, input: {}, inputTypes: {} })).toEqual({
    requirements: [{ permit: 'manipulate_permissions', object: { type: 'disk', id: 'd' } }],
  });
});

test('mandatory input: alternatives by bar, variants by what lacks least', () => {
  const { vms, clusters } = services;
  expect(missingInput(clusters.methods.add, { name: 'c' })).toEqual(['data_center.id|name']);
  expect(missingInput(clusters.methods.add, { name: 'c', data_center: { name: 'Default' } })).toEqual([]);
  expect(missingInput(vms.methods.add, { cluster: { id: '1' }, template: { name: 'Blank' } })).toEqual(['name']);
  expect(missingInput(vms.methods.add, { initialization: { configuration: { type: 'ova', data: '<ovf/>' } } })).toEqual([]);
});
