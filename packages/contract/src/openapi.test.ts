import { expect, test } from 'vitest';
import { typeNames } from './names.ts';
import { openapi, type Json } from './openapi.ts';
import { enums } from './schema.ts';
import { allMethods } from './tree.ts';

const document = openapi('1.2.3');
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null;

/** Every object in the document with its path. */
function* objects(value: unknown, path = '#'): Generator<[string, Json]> {
  if (!isObject(value)) return;
  yield [path, value];
  for (const [key, inner] of Object.entries(value)) yield* objects(inner, `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`);
}
const all = new Map(objects(document));
const operations = [...all].filter(([path]) => /^#\/paths\/[^/]+\/(get|post|put|delete)$/.test(path));

test('it is OpenAPI 3.1 and plain JSON', () => {
  expect(document).toMatchObject({
    openapi: '3.1.0',
    info: { title: 'Ostler', version: '1.2.3' },
    servers: [{ url: '/ovirt-engine/api' }],
  });
  expect(JSON.parse(JSON.stringify(document))).toEqual(document);
});

test('every reference leads somewhere', () => {
  const dangling = [...all].filter(([, { $ref }]) => typeof $ref === 'string' && !all.has($ref));
  expect(dangling).toEqual([]);
});

test('every type, enum and method is in it', () => {
  const schemas = all.get('#/components/schemas') ?? {};
  expect(Object.keys(schemas).toSorted()).toEqual([...typeNames, ...Object.keys(enums), 'link'].toSorted());
  expect(operations).toHaveLength([...allMethods()].length);
});

test('operations have ids of their own, responses, and the ids of their path as parameters', () => {
  expect(new Set(operations.map(([, { operationId }]) => operationId)).size).toBe(operations.length);
  for (const [path, { parameters, responses }] of operations) {
    const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const given = Array.isArray(parameters) ? parameters.filter(isObject).filter((one) => one['in'] === 'path') : [];
    expect(given.map(({ name }) => name)).toEqual(names);
    expect(Object.keys(responses ?? {}).length).toBeGreaterThan(0);
  }
});

test('what is not built, and what is ours, is marked', () => {
  const at = (path: string, verb: string) => all.get(`#/paths/${path.replaceAll('/', '~1')}/${verb}`);
  expect(at('/vms/{vm}/screenshot', 'post')).toMatchObject({ 'x-ostler-not-built': true, responses: { 501: {} } });
  expect(at('/vms/{vm}/start', 'post')).not.toHaveProperty('x-ostler-not-built');
  expect(at('/vms/{vm}/serialconsoleticket', 'post')).toHaveProperty('x-ostler-addition', true);
  expect(at('/changes', 'get')).toHaveProperty('x-ostler-addition', true);
  expect(at('/vms/{vm}/start', 'post')?.['x-ostler-access']).toEqual([{ permit: 'run_vm', on: 'vm' }]);
  expect(all.get('#/components/schemas/vm/allOf/1/properties/action_states')).toMatchObject({ 'x-ostler-addition': true, readOnly: true });
});

test('secrets can be written and not read', () => {
  expect(all.get('#/components/schemas/host/allOf/1/properties/root_password')).toEqual({ type: 'string', writeOnly: true });
});
