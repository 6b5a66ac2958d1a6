import { expect, test } from 'vitest';
import { fieldFor } from './field-for.ts';

const fields = { 'vm.cpu': 'sockets', 'vm.cpu.topology.cores': 'cores', 'vm.name': 'name' };

test('the nearest field that is named takes the blame', () => {
  expect(['vm.cpu.topology.cores', 'vm.cpu.topology.threads', 'vm.name', 'vm.memory'].map((one) => fieldFor(fields, one))).toEqual([
    'cores',
    'sockets',
    'name',
    undefined,
  ]);
});
