import { expect, expectTypeOf, test } from 'vitest';
import { needs, path, permit } from './access.ts';
import type { Call } from './handlers.ts';
import { serve, serving, unserved } from './handlers.ts';
import type { TypeDeclarations } from './names.ts';
import type { Api } from './schema.ts';
import type { ServiceDeclarations } from './service-language.ts';

test('a service is served by exactly one handler for each built method', () => {
  const served = serve('networks', { list: () => [], add: ({ input }) => input });
  expect(Object.keys(served.handlers)).toEqual(['list', 'add']);

  // @ts-expect-error `add` has no handler
  serve('networks', { list: () => [] });
  // @ts-expect-error screenshot is not built
  serve('vm_cdroms', { list: () => [], add: () => ({}) });
  // @ts-expect-error the rows are not networks
  serve('networks', { list: () => [{ mtu: 'large' }], add: ({ input }) => input });
});

test('a call is typed by the declarations', () => {
  expectTypeOf<Call<'vms', 'list'>['parameters']['max']>().toEqualTypeOf<number | undefined>();
  expectTypeOf<Call<'vms', 'add'>['input']>().toEqualTypeOf<Api['vm']>();
  expectTypeOf<Call<'vm_nic', 'update'>['ids']>().toEqualTypeOf<{ vm: string; nic: string }>();
  expectTypeOf<Call<'vm', 'start'>['input']['pause']>().toEqualTypeOf<boolean | undefined>();
  expectTypeOf<Call<'clusters', 'list'>['ids']['data_center']>().toEqualTypeOf<string | undefined>();
  expectTypeOf<Call<'vm', 'remove'>['parameters']['dry_run']>().toEqualTypeOf<boolean | undefined>();
  expectTypeOf<Api['snapshot']['status']>().toEqualTypeOf<Api['vm']['status']>();
});

test('the server may add a context to every call', () => {
  const served = serving<{ reader: string }>()('system_option', {
    get: ({ reader, ids }) => ({ id: ids.system_option, description: reader }),
  });
  expect(served.service).toBe('system_option');
});

test('a method without access, an unknown permit and a misspelt reference do not compile', () => {
  // @ts-expect-error neither built nor not built
  const silent = { a: { paths: ['a'], methods: { get: {} } } } as const satisfies ServiceDeclarations;
  // @ts-expect-error no such permit
  const unknown = needs(permit('fly', path('vm')));
  const misspelt = {
    // @ts-expect-error there is no type hots
    vm: { links: { host: 'hots' } },
  } as const satisfies TypeDeclarations;
  expect([silent, unknown, misspelt]).toHaveLength(3);
});

test('what nobody serves is named', () => {
  const missing = unserved([serve('networks', { list: () => [], add: ({ input }) => input })]);
  expect(missing).not.toContain('networks.list');
  expect(missing).toContain('vms.add');
  expect(missing).not.toContain('vm.screenshot');
  expect(missing).not.toContain('changes.get');
});
