import { expect, test } from 'vitest';
import { allMethods, basePath, match, type Match } from './tree.ts';

function found(verb: string, url: string): Match {
  const result = match(verb, basePath + url);
  if ('miss' in result) throw new Error(`${verb} ${url}: ${JSON.stringify(result)}`);
  return result;
}

test('every declared method is found at each of its paths', () => {
  for (const route of allMethods()) {
    const path = route.template.replace(/\{(\w+)\}/g, 'x-$1');
    const action = ['list', 'get', 'add', 'update', 'remove'].includes(route.method) ? '' : `/${route.method}`;
    expect(found(route.verb, `/${path}${action}`)).toMatchObject({
      service: route.service,
      method: route.method,
      template: route.template,
    });
  }
});

test.each(['', '/', '/v4', '/v4/', '?follow='])('the entry point answers at %j', (url) => {
  expect(found('GET', url)).toMatchObject({ service: 'system', method: 'get', parameters: {} });
});

test('fence_rhevm asks with a slash before the question mark', () => {
  expect(found('GET', '/vms/?search=name%3DX')).toMatchObject({ service: 'vms', parameters: { search: 'name=X' } });
});

test('matrix parameters are parameters, and the query wins', () => {
  expect(found('GET', '/v4/vms;max=100;search=name%3Dweb').parameters).toEqual({ max: 100, search: 'name=web' });
  expect(found('DELETE', '/vms/1;detach_only=true')).toMatchObject({ ids: { vm: '1' }, parameters: { detach_only: true } });
  expect(found('GET', '/vms;max=1?max=2').parameters).toEqual({ max: 2 });
});

test('a boolean without a value is true, other empty values are no values', () => {
  expect(found('GET', '/vms/1/graphicsconsoles?current').parameters).toEqual({ current: true });
  expect(found('GET', '/vms?search=&follow=&max=').parameters).toEqual({});
});

test.each(['true', 'T', 'yes', 'Y', '1'])('%s is true', (text) =>
  expect(found('DELETE', `/vms/1?force=${text}`).parameters).toEqual({ force: true }),
);
test.each(['false', 'f', 'NO', 'n', '0'])('%s is false', (text) =>
  expect(found('DELETE', `/vms/1?force=${text}`).parameters).toEqual({ force: false }),
);

test('a negative maximum is none', () => expect(found('GET', '/vms?max=-1').parameters).toEqual({}));

test('parameters that a method does not have are passed over', () => {
  expect(found('GET', '/vms?wait=true&__proto__=x&constructor=y').parameters).toEqual({});
});

test('what cannot be read names the parameter', () => {
  expect(match('GET', '/vms?max=many')).toMatchObject({ miss: 'parameter', status: 400, parameter: 'max' });
  expect(match('GET', '/vms?case_sensitive=perhaps')).toMatchObject({ miss: 'parameter', parameter: 'case_sensitive' });
  expect(match('GET', '/vms/%E0%A4%A')).toEqual({ miss: 'encoding', status: 400 });
});

test('misses: an unknown path, a method that is not there, another version', () => {
  expect(match('GET', '/nonsense')).toEqual({ miss: 'path', status: 404 });
  expect(match('GET', '/vms/1/2')).toEqual({ miss: 'path', status: 404 });
  expect(match('PATCH', '/vms')).toEqual({ miss: 'method', status: 405, allowed: ['GET', 'POST'] });
  expect(match('GET', '/vms/1/start')).toMatchObject({ miss: 'method', allowed: ['POST'] });
  expect(match('GET', '/v3/vms')).toMatchObject({ miss: 'version', status: 400 });
});

test('HEAD is found as GET, dry_run only where something changes', () => {
  expect(found('HEAD', '/vms').method).toBe('list');
  expect(found('POST', '/vms/1/start?dry_run=true&async').parameters).toEqual({ dry_run: true, async: true });
  expect(found('GET', '/vms?dry_run=true').parameters).toEqual({});
});

test('a cluster under its data center leads to what is under the cluster', () => {
  expect(found('GET', '/datacenters/d/clusters/c/networks')).toMatchObject({
    service: 'cluster_networks',
    ids: { data_center: 'd', cluster: 'c' },
  });
  expect(found('GET', '/datacenters/d/clusters')).toMatchObject({ service: 'clusters', ids: { data_center: 'd' } });
});

test('ids are decoded', () => expect(found('GET', '/vms/a%2Fb').ids).toEqual({ vm: 'a/b' }));
