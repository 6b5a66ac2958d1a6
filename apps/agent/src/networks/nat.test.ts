import { expect, test } from 'vitest';
import { freeSubnets, natXml } from './nat.ts';

test('a subnet that the host is in is not offered', () => {
  const free = freeSubnets(['192.168.130.7', '10.0.0.1', '192.168.132.1']);
  expect(free.slice(0, 2)).toEqual(['192.168.131', '192.168.133']);
});

test('network and bridge bear the same name, and the host is the gateway of the leases', () => {
  const xml = natXml('ost1', '192.168.131');
  expect(xml).toContain('<name>ost1</name>');
  expect(xml).toContain("<bridge name='ost1'");
  expect(xml).toContain("<ip address='192.168.131.1' netmask='255.255.255.0'>");
  expect(xml).toContain("<range start='192.168.131.2' end='192.168.131.254'/>");
});
