import { afterAll, beforeAll, expect, test } from 'vitest';
import { fixedIds } from '@ostler/domain/fixed-ids';
import { testManager, type TestManager } from '../testing/manager.ts';

let manager: TestManager;
beforeAll(async () => {
  manager = await testManager();
  for (const name of shuffled) await manager.ask('POST', 'vms', { name, cluster: { id: fixedIds.defaultCluster }, template: { id: fixedIds.blankTemplate } });
});
afterAll(() => manager?.stop());

const inOrder = ['alpha', 'Beta', 'beta-2', 'Gamma', 'zeta'];
const shuffled = ['zeta', 'Beta', 'alpha', 'Gamma', 'beta-2'];

async function namesOf(path: string): Promise<string[]> {
  const { status, body } = await manager.ask('GET', path);
  expect(status).toBe(200);
  return (body.vm ?? []).map((vm: { name: string }) => vm.name);
}

test('a page, all pages and the whole list have the same order, which is by name without regard to case', async () => {
  expect(await namesOf('vms')).toEqual(inOrder);
  expect(await namesOf('vms?max=100')).toEqual(inOrder);
  const pages = await Promise.all([1, 2, 3].map((page) => namesOf(`vms?max=2&search=${encodeURIComponent(`page ${page}`)}`)));
  expect(pages).toEqual([inOrder.slice(0, 2), inOrder.slice(2, 4), inOrder.slice(4)]);
});

test('a page of a search has what is wanted, in the order that is wanted', async () => {
  expect(await namesOf(`vms?max=2&search=${encodeURIComponent('name=*a* sortby name desc')}`)).toEqual(['zeta', 'beta-2']);
  expect(await namesOf(`vms?search=${encodeURIComponent('name=*eta* and status=down')}`)).toEqual(['Beta', 'beta-2', 'zeta']);
});
