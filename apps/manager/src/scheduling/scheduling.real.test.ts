import { afterAll, beforeAll, expect, test } from 'vitest';
import { proves } from '@ostler/contract/coverage';
import { testManager, type TestManager } from '../testing/manager.ts';

let manager: TestManager;
beforeAll(async () => {
  manager = await testManager();
});
afterAll(() => manager?.stop());

test('RHV’s scheduling policies are there under its ids, with their units, and every unit that they name is one', async () => {
  const policies = (await manager.ask('GET', 'schedulingpolicies')).body.scheduling_policy;
  expect(policies.map((one: { name: string }) => one.name)).toEqual([
    'none',
    'cluster_maintenance',
    'evenly_distributed',
    'power_saving',
    'vm_evenly_distributed',
  ]);
  const units = new Set(
    (await manager.ask('GET', 'schedulingpolicyunits')).body.scheduling_policy_unit.map((one: { id: string }) => one.id),
  );
  expect(units.size).toBeGreaterThan(35);
  for (const { id } of policies) {
    for (const [part, one] of [
      ['filters', 'filter'],
      ['weights', 'weight'],
      ['balances', 'balance'],
    ] as const) {
      const held = (await manager.ask('GET', `schedulingpolicies/${id}/${part}`)).body[one];
      expect(held.length).toBeGreaterThan(0);
      for (const { scheduling_policy_unit: unit } of held) expect([unit.id, units.has(unit.id)]).toEqual([unit.id, true]);
      expect((await manager.ask('GET', `schedulingpolicies/${id}/${part}/${held[0].id}`)).body.name).toBe(held[0].name);
    }
  }
  const even = '20d25257-b4bd-4589-92a6-c4c5c5d3fd1a';
  expect((await manager.ask('GET', `schedulingpolicies/${even}`)).body).toMatchObject({ name: 'evenly_distributed', locked: 'true' });
  expect((await manager.ask('GET', 'schedulingpolicies/none-such')).status).toBe(404);
  expect((await manager.ask('GET', 'schedulingpolicies/none-such/filters')).status).toBe(404);
  expect((await manager.ask('GET', 'schedulingpolicyunits/c9ddbb34-0e1d-4061-a8d7-b0893fa80932')).body).toMatchObject({
    name: 'Memory',
    type: 'filter',
  });
  proves(
    'scheduling_policies.list',
    'scheduling_policy.get',
    'filters.list',
    'filter.get',
    'weights.list',
    'weight.get',
    'balances.list',
    'balance.get',
    'scheduling_policy_units.list',
    'scheduling_policy_unit.get',
  );
});
