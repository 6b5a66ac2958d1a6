import { accessReasons } from '@ostler/domain/access/reasons';
import { reasons, refuse } from '@ostler/domain/reason';
import { expect, test } from 'vitest';
import { actionDocument, actionOutput, failedAction } from './action.ts';
import { actionState, faultOf, incompleteFault, inputFault, missFault, notBuiltFault, planDocument } from './faults.ts';
import { readFollow } from './follow.ts';
import { InputError } from './input-error.ts';
import { missingInput } from './input.ts';
import { closeJson, openJson, rowJson, shapeToJson, toJson } from './json.ts';
import { actionLinks, apiLinks, href, linked, subcollectionLinks } from './links.ts';
import { readInput } from './request.ts';
import { services } from './services.ts';
import { match, type Match } from './tree.ts';
import { readXml } from './xml-reader.ts';
import { closeXml, openXml, rowXml, shapeToXml, toXml, xmlHeader } from './xml-writer.ts';

/** The traps of RHV's wire format, one by one: what its clients were seen to send and to insist on. */

const testReasons = reasons({
  test_bad: { class: 'bad_input', text: 'The name {name} is bad.' },
  test_locked: { class: 'conflict', text: 'It is locked.' },
  test_gone: { class: 'unavailable', text: 'Storage is gone.' },
});

function route(verb: string, url: string): Match {
  const found = match(verb, url);
  if ('miss' in found) throw new Error(found.miss);
  return found;
}

test('fence_rhevm finds id behind a space in double quotes, and the first status is the VM’s own', () => {
  const xml = rowXml('vm', {
    id: '1',
    href: '/h',
    host: { id: '2', status: 'up' },
    cluster: { id: '3' },
    status: 'down',
    name: 'X',
    comment: '',
  });
  expect(xml).toMatch(/^<vm( .*)? id="1"/);
  expect(xml).toMatch(/^<vm href="\/h" id="1">/);
  expect(/<status>(.*?)<\/status>/.exec(xml)?.[1]).toBe('down');
  expect(xml.indexOf('<name>')).toBeLessThan(xml.indexOf('<status>'));
});

test('fields that go-ovirt-client insists on are there even when they are empty', () => {
  expect(rowXml('vm', { name: 'a', comment: '', description: '' })).toBe('<vm><name>a</name><description/><comment/></vm>');
  expect(toJson('vm', { comment: '' })).toEqual({ comment: '' });
});

test('lists stream: a root, rows, and its end', () => {
  const rows = [{ id: '1' }, { id: '2' }];
  expect(openXml('vms') + rows.map((row) => rowXml('vm', row)).join('') + closeXml('vms')).toBe(
    `${xmlHeader}<vms><vm id="1"/><vm id="2"/></vms>`,
  );
  expect(JSON.parse(openJson('vm') + rows.map((row) => rowJson('vm', row)).join(',') + closeJson)).toEqual({ vm: rows });
});

test('JSON for the portal: booleans and integers are strings, lists have singular keys, doubles are bare, dates are milliseconds', () => {
  expect(
    toJson('vm', {
      memory: 1_073_741_824,
      stateless: true,
      creation_time: new Date(5),
      nics: [{ linked: false }],
      os: { boot: { devices: ['hd', 'network'] } },
      statistics: [{ values: [{ datum: 0.5 }] }],
      fqdn: undefined,
      link: [{ rel: 'nics', href: '/n' }],
      actions: [{ rel: 'start', href: '/s' }],
    }),
  ).toEqual({
    memory: '1073741824',
    stateless: 'true',
    creation_time: 5,
    nics: { nic: [{ linked: 'false' }] },
    os: { boot: { devices: { device: ['hd', 'network'] } } },
    statistics: { statistic: [{ values: { value: [{ datum: 0.5 }] } }] },
    link: [{ rel: 'nics', href: '/n' }],
    actions: { link: [{ rel: 'start', href: '/s' }] },
  });
});

test('names on the wire that are not the model’s', () => {
  expect(rowXml('host', { transparent_huge_pages: { enabled: true }, numa_nodes: [{ index: 0 }] })).toBe(
    '<host><transparent_hugepages><enabled>true</enabled></transparent_hugepages><host_numa_nodes><host_numa_node><index>0</index></host_numa_node></host_numa_nodes></host>',
  );
  expect(rowXml('host', { nics: [{ id: '1' }], devices: [{ id: '2' }], storages: [{ id: '3' }] })).toBe(
    '<host><devices><host_device id="2"/></devices><nics><host_nic id="1"/></nics><storages><host_storage id="3"/></storages></host>',
  );
  expect(readXml('host', '<host><transparent_huge_pages><enabled>1</enabled></transparent_huge_pages></host>')).toEqual({
    transparent_huge_pages: { enabled: true },
  });
  expect(rowXml('dns_resolver_configuration', { name_servers: ['1.1.1.1'] })).toContain(
    '<name_servers><name_server>1.1.1.1</name_server></name_servers>',
  );
});

test('characters: markup is escaped, what XML cannot hold is dropped, the rest stays', () => {
  expect(rowXml('vm', { id: '"<&>\t', name: '<a & "b">\u0000\u001b\r\n🐎\ud800' })).toBe(
    '<vm id="&quot;&lt;&amp;&gt;&#9;">\n<name>&lt;a &amp; "b"&gt;&#13;\n🐎</name></vm>',
  );
});

test('an SDK sends whole objects back: status, links and hrefs are no obstacle', () => {
  const { input } = readInput(
    route('PUT', '/disks/1'),
    '<disk href="/ovirt-engine/api/disks/1" id="1"><link href="/x" rel="permissions"/><status>ok</status><alias>new</alias></disk>',
  );
  expect(input).toMatchObject({ id: '1', alias: 'new', status: 'ok' });
});

test('an action is read from <action>, {} or nothing, and async in it is a parameter', () => {
  const start = route('POST', '/vms/1/start');
  expect(readInput(start, '<action><async>true</async><pause>true</pause><vm><stateless>1</stateless></vm></action>')).toEqual({
    input: { pause: true, vm: { stateless: true } },
    parameters: { async: true },
  });
  expect(readInput(start, '{"async":false}')).toEqual({ input: {}, parameters: { async: false } });
  for (const nothing of ['', ' \n', '<action />', '<?xml version="1.0"?>\n<action></action>', '{}'])
    expect(readInput(start, nothing).input).toEqual({});
  expect(() => readInput(start, '<vm/>')).toThrow('The document is <vm>, but <action> is expected here.');
});

test('libgovirt’s body on a GET is no input', () => {
  expect(readInput(route('GET', '/vms'), '<action></action>')).toEqual({ input: undefined, parameters: {} });
  expect(readInput(route('DELETE', '/vms/1'), '<action><force>true</force></action>').input).toBeUndefined();
});

test('an answered action has its status, job and results', () => {
  const shape = actionOutput(services.vm.methods.ticket);
  const document = actionDocument('complete', { ticket: { value: 'pw', expiry: 120 } }, 'j');
  expect(shapeToXml(shape, document)).toBe(
    '<action><status>complete</status><job href="/ovirt-engine/api/jobs/j" id="j"/><ticket><value>pw</value><expiry>120</expiry></ticket></action>',
  );
  expect(shapeToJson(shape, document)).toEqual({
    status: 'complete',
    job: { id: 'j', href: '/ovirt-engine/api/jobs/j' },
    ticket: { value: 'pw', expiry: '120' },
  });
});

test('a fault says Operation Failed with the sentences in brackets, and our code and field', () => {
  const { status, fault } = faultOf(refuse(testReasons.test_locked(), testReasons.test_bad({ name: 'x' }, 'vm.name')));
  expect(status).toBe(400);
  expect(toXml('fault', fault)).toBe(
    `${xmlHeader}<fault><reason>Operation Failed</reason><detail>[It is locked., The name x is bad. [vm.name]]</detail><code>test_locked</code></fault>`,
  );
  const failed = failedAction(faultOf(refuse(testReasons.test_locked())).fault);
  expect(shapeToXml(actionOutput({ notBuilt: true }), failed)).toMatch(
    /^<action><status>failed<\/status><fault><reason>Operation Failed<\/reason>/,
  );
});

test('the class of the reason decides the status', () => {
  expect(faultOf(refuse(testReasons.test_locked())).status).toBe(409);
  expect(faultOf(refuse(testReasons.test_gone())).status).toBe(503);
  expect(faultOf(refuse(accessReasons.permit_missing({ permit: 'run_vm', object: 'web' }))).status).toBe(403);
  expect(faultOf(refuse(accessReasons.permit_missing({ permit: 'run_vm', object: 'web' }), testReasons.test_locked())).status).toBe(409);
});

test('missing mandatory input is said in RHV’s words', () => {
  const add = route('POST', '/vms');
  expect(incompleteFault(add, missingInput(add.declaration, { cluster: { id: '1' }, template: { id: '0' } }))).toEqual({
    status: 400,
    fault: { reason: 'Incomplete parameters', detail: 'Vm [name] required for add', code: 'input_incomplete', field: 'vm.name' },
  });
  const clone = route('POST', '/vms/1/clone');
  expect(incompleteFault(clone, missingInput(clone.declaration, {})).fault.detail).toBe('Action [vm.name] required for clone');
});

test('what is not built says so with 501; misses have their status', () => {
  expect(notBuiltFault(route('POST', '/vms/1/screenshot'))).toMatchObject({
    status: 501,
    fault: { code: 'method_not_built', detail: '[Ostler does not have POST /ovirt-engine/api/vms/{vm}/screenshot yet.]' },
  });
  const missed = (verb: string, url: string) => {
    const found = match(verb, url);
    return 'miss' in found ? missFault(found) : undefined;
  };
  expect(missed('GET', '/nonsense')).toMatchObject({ status: 404 });
  expect(missed('PATCH', '/vms')).toMatchObject({ status: 405, fault: { detail: '[This path answers GET, POST only.]' } });
  expect(missed('GET', '/vms?max=x')).toMatchObject({ status: 400, fault: { code: 'parameter_wrong', field: 'max' } });
  expect(missed('GET', '/v3/vms')).toMatchObject({ status: 400 });
});

test('an unreadable document is a fault that names the field', () => {
  let fault;
  try {
    readInput(route('POST', '/vms'), '<vm><memory>much</memory></vm>');
  } catch (error) {
    fault = error instanceof InputError ? inputFault(error) : undefined;
  }
  expect(fault).toMatchObject({
    status: 400,
    fault: { code: 'input_wrong_value', field: 'vm.memory', detail: '[Expected a whole number, but found much. [vm.memory]]' },
  });
});

test('hrefs are absolute paths, with ids encoded', () => {
  expect(href('vm_nic', { vm: 'v', nic: 'a/b' })).toBe('/ovirt-engine/api/vms/v/nics/a%2Fb');
  expect(href('clusters', {})).toBe('/ovirt-engine/api/clusters');
});

test('sub-collections are links whose rel is the step of the URL; what is not built is not linked', () => {
  const links = subcollectionLinks('vms/{vm}', { vm: 'v' });
  expect(links).toContainEqual({ rel: 'diskattachments', href: '/ovirt-engine/api/vms/v/diskattachments' });
  expect(links.map(({ rel }) => rel)).not.toContain('watchdogs');
  expect(subcollectionLinks('datacenters/{data_center}', { data_center: 'd' }).map(({ rel }) => rel)).toEqual(
    expect.arrayContaining(['storagedomains', 'clusters', 'networks']),
  );
  expect(actionLinks('vms/{vm}', { vm: 'v' })).toContainEqual({ rel: 'start', href: '/ovirt-engine/api/vms/v/start' });
  expect(actionLinks('vms/{vm}', { vm: 'v' }).map(({ rel }) => rel)).not.toContain('screenshot');
  expect(rowXml('vm', linked({ id: 'v' }, 'vms/{vm}', { vm: 'v' }))).toMatch(
    /^<vm href="\/ovirt-engine\/api\/vms\/v" id="v">\n<actions><link href="[^"]*" rel="\w+"\/>/,
  );
});

test('the entry point links its collections, and how they are searched', () => {
  const links = apiLinks();
  expect(links).toContainEqual({ rel: 'vms', href: '/ovirt-engine/api/vms' });
  expect(links).toContainEqual({ rel: 'vms/search', href: '/ovirt-engine/api/vms?search={query}' });
  expect(links).toContainEqual({ rel: 'events/search', href: '/ovirt-engine/api/events;from={event_id}?search={query}' });
});

test('follow is read into a tree; empty parts are passed over, unknown ones are named', () => {
  const follow = readFollow('vm', 'disk_attachments.disk, nics,,disk_attachments.template,cluster.data_center');
  if ('refused' in follow) throw new Error('refused');
  expect([...follow.keys()]).toEqual(['disk_attachments', 'nics', 'cluster']);
  expect([...(follow.get('disk_attachments')?.follow.keys() ?? [])]).toEqual(['disk', 'template']);
  expect(follow.get('nics')?.type).toBe('nic');
  expect(readFollow('vm', '')).toEqual(new Map());
  expect(readFollow('vm', 'diskattachments')).toHaveProperty('size', 1);
  expect(readFollow('vm', 'placement_policy.hosts')).toHaveProperty('size', 1);
});

test.each([
  ['wings', 'follow_unknown'],
  ['name', 'follow_unknown'],
  ['cpu', 'follow_unknown'],
  ['nics.wings', 'follow_unknown'],
  ['constructor', 'follow_unknown'],
  ['cluster.data_center.clusters.data_center.clusters', 'follow_too_deep'],
  [Array.from({ length: 31 }, () => 'nics').join(','), 'follow_too_wide'],
])('follow=%s is refused', (text, code) => {
  expect(readFollow('vm', text)).toMatchObject({ refused: [{ code, class: 'bad_input' }] });
});

test('why not: an action that is refused shows its reasons, and so does a plan', () => {
  const refusal = refuse(testReasons.test_locked());
  expect(actionState('start', refusal)).toEqual({
    name: 'start',
    allowed: false,
    reasons: [{ code: 'test_locked', text: 'It is locked.' }],
  });
  expect(actionState('start', undefined)).toEqual({ name: 'start', allowed: true, reasons: [] });
  expect(planDocument(refusal)).toMatchObject({ allowed: false, reasons: [{ code: 'test_locked' }] });
  const plan = {
    title: { code: 'a.b', parameters: {} },
    checks: [],
    effects: [{ code: 'c', parameters: {} }],
    uses: [],
    locks: [],
    data: {},
  };
  expect(planDocument(plan, [{ name: 'one' }])).toEqual({
    allowed: true,
    title: 'a.b',
    checks: [],
    effects: ['c'],
    uses: [],
    steps: [{ name: 'one' }],
  });
});
