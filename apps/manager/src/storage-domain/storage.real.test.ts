import { randomUUID } from 'node:crypto';
import { proves } from '@ostler/contract/coverage';
import { fixedIds } from '@ostler/domain/fixed-ids';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { row, rows, sql } from '../db/database.ts';
import { digestOfRows, hostsUp, simulatedWorld, type World } from '../testing/world.test-support.ts';

let world: World;
let domain: string;
const dataCenter = `datacenters/${fixedIds.defaultDataCenter}`;
const gibibyte = 2 ** 30;

beforeAll(async () => {
  world = await simulatedWorld({ hosts: 2 });
  world.control();
  await hostsUp(world);
  domain = await world.addDomain('data1');
});
afterAll(() => world?.stop());

const posixfs = (name: string, more: object = {}) => ({
  name,
  type: 'data',
  storage: { type: 'posixfs', path: `/export/${name}`, vfs_type: 'none', mount_options: 'bind' },
  host: { name: 'host1' },
  ...more,
});
const newDisk = (alias: string, more: object = {}) => ({
  alias,
  format: 'cow',
  provisioned_size: gibibyte,
  storage_domains: { storage_domain: [{ id: domain }] },
  ...more,
});
const addDisk = async (alias: string, more: object = {}) => (await world.did('POST', 'disks', newDisk(alias, more))).body.id as string;
const statusOf = async (name: string) =>
  (await world.ask('GET', `${dataCenter}/storagedomains`)).body.storage_domain?.find((one: { name: string }) => one.name === name)
    ?.status as string;

// ---- storage domains --------------------------------------------------------------------------------------------

test('the first data domain of a data center becomes its master, is active on every host, and brings the data center up', async () => {
  const { body } = await world.ask('GET', `${dataCenter}/storagedomains/${domain}`);
  expect(body).toMatchObject({
    name: 'data1',
    status: 'active',
    master: 'true',
    type: 'data',
    storage: { type: 'posixfs', path: '/export/data1', vfs_type: 'none' },
  });
  expect(Number(body.available)).toBeGreaterThan(0);
  expect((await world.ask('GET', dataCenter)).body.status).toBe('up');
  for (const host of world.hosts) expect(host.world.connections()).toContain(domain);
  expect((await world.ask('GET', `storagedomains/${domain}`)).body.name).toBe('data1');
  expect((await world.ask('GET', 'storageconnections')).body.storage_connection).toMatchObject([
    { type: 'posixfs', path: '/export/data1' },
  ]);
  proves(
    'storage_domains.add',
    'storage_domain.get',
    'attached_storage_domains.add',
    'attached_storage_domains.list',
    'attached_storage_domain.get',
    'storage_server_connections.list',
  );
});

test('a domain goes through its life: unattached, active, maintenance, active, detached, formatted away, and hosts keep nothing of it', async () => {
  const before = await world.slate();
  const added = await world.did('POST', 'storagedomains', posixfs('life'));
  const id = added.body.id as string;
  expect((await world.ask('GET', `storagedomains/${id}`)).body).toMatchObject({ status: 'unattached', master: 'false' });
  await world.did('POST', `${dataCenter}/storagedomains`, { name: 'life' });
  expect(await statusOf('life')).toBe('active');
  await world.did('POST', `${dataCenter}/storagedomains/${id}/deactivate`, {});
  expect(await statusOf('life')).toBe('maintenance');
  for (const host of world.hosts) expect(host.world.connections()).not.toContain(id);
  await world.did('POST', `${dataCenter}/storagedomains/${id}/activate`, {});
  expect(await statusOf('life')).toBe('active');
  await world.did('PUT', `storagedomains/${id}`, { name: 'renamed', description: 'for the test', warning_low_space_indicator: 20 });
  expect((await world.ask('GET', `storagedomains/${id}`)).body).toMatchObject({
    name: 'renamed',
    description: 'for the test',
    warning_low_space_indicator: '20',
  });
  await world.did('POST', `${dataCenter}/storagedomains/${id}/deactivate`, {});
  await world.did('DELETE', `${dataCenter}/storagedomains/${id}`);
  expect((await world.ask('GET', `storagedomains/${id}`)).body.status).toBe('unattached');
  await world.did('DELETE', `storagedomains/${id}?format=true&host=host1`);
  expect((await world.ask('GET', `storagedomains/${id}`)).status).toBe(404);
  expect(await world.slate()).toEqual(before);
  proves(
    'attached_storage_domain.deactivate',
    'attached_storage_domain.activate',
    'attached_storage_domain.remove',
    'storage_domain.update',
    'storage_domain.remove',
  );
});

test('local storage belongs to a local data center, and shared storage to a shared one', async () => {
  const local = (await world.did('POST', 'datacenters', { name: 'local', local: true })).body.id as string;
  const added = await world.did('POST', 'storagedomains', {
    name: 'local1',
    type: 'data',
    storage: { type: 'localfs', path: '/data/local' },
    host: { name: 'host2' },
  });
  expect(await world.ask('POST', `${dataCenter}/storagedomains`, { id: added.body.id })).toMatchObject({
    status: 400,
    body: { code: 'domain_locality' },
  });
  // Its data center has no host, so nobody could use it.
  expect(await world.ask('POST', `datacenters/${local}/storagedomains`, { id: added.body.id })).toMatchObject({
    status: 409,
    body: { code: 'domain_no_host' },
  });
  await world.did('DELETE', `storagedomains/${added.body.id}?format=true&host=host2`);
  await world.did('DELETE', `datacenters/${local}`);
});

test('storage that holds a domain already is left as it is, and the attempt leaves nothing', async () => {
  const other = await world.did('POST', 'storagedomains', posixfs('theirs'));
  await world.did('DELETE', `storagedomains/${other.body.id}`);
  expect(world.storage.contents().map((one) => one.facts.name)).toContain('theirs');
  const before = await world.slate();
  await world.did('POST', 'storagedomains', { ...posixfs('mine'), storage: posixfs('theirs').storage }, 'failed');
  expect(await world.slate()).toEqual(before);
});

test('a domain that is used, or is the master of others, keeps its place and says by whom', async () => {
  const second = await world.addDomain('data2');
  await world.did('POST', `${dataCenter}/storagedomains/${second}/deactivate`, {});
  await world.did('POST', `${dataCenter}/storagedomains/${second}/activate`, {});
  const disk = (await world.did('POST', 'disks', newDisk('on-data2', { storage_domains: { storage_domain: [{ name: 'data2' }] } }))).body
    .id as string;
  expect(await world.ask('DELETE', `${dataCenter}/storagedomains/${second}`)).toMatchObject({
    status: 409,
    body: { code: 'domain_wrong_status' },
  });
  await world.did('POST', `${dataCenter}/storagedomains/${second}/deactivate`, {});
  const refused = await world.ask('DELETE', `${dataCenter}/storagedomains/${second}`);
  expect(refused).toMatchObject({ status: 409, body: { code: 'domain_in_use' } });
  expect(refused.body.detail).toContain('on-data2');
  expect(await world.ask('DELETE', `disks/${disk}`)).toMatchObject({ status: 409, body: { code: 'disk_domain_not_active' } });
  await world.did('POST', `${dataCenter}/storagedomains/${second}/activate`, {});
  await world.did('DELETE', `disks/${disk}`);
  await world.did('POST', `${dataCenter}/storagedomains/${second}/deactivate`, {});
  await world.did('DELETE', `${dataCenter}/storagedomains/${second}`);
  await world.did('DELETE', `storagedomains/${second}?format=true&host=host1`);
});

test('a domain whose storage fails on a host is told by its health, and comes back with it', async () => {
  for (const host of world.hosts) host.world.setStorage(domain, 'failing');
  await world.until(
    () => statusOf('data1'),
    (status) => status === 'inactive',
  );
  expect(await world.ask('POST', 'disks', newDisk('nowhere'))).toMatchObject({
    status: 409,
    body: { code: 'disk_domain_not_active', field: 'disk.storage_domains' },
  });
  for (const host of world.hosts) host.world.setStorage(domain, 'ok');
  await world.until(
    () => statusOf('data1'),
    (status) => status === 'active',
  );
});

test('a host that was away while a domain went to maintenance leaves it when it is back', async () => {
  const id = await world.addDomain('left');
  const away = world.hosts[1] ?? world.hosts[0];
  expect(away.world.connections()).toContain(id);
  away.faults.disconnect();
  await world.did('POST', `${dataCenter}/storagedomains/${id}/deactivate`, {});
  expect(away.world.connections()).toContain(id);
  away.faults.reconnect();
  await world.until(
    () => away.world.connections(),
    (held) => !held.includes(id) && !held.some((place) => place.endsWith('/left')),
  );
  await hostsUp(world);
  await world.did('DELETE', `${dataCenter}/storagedomains/${id}`);
  await world.did('DELETE', `storagedomains/${id}?format=true&host=host1`);
});

// ---- disks --------------------------------------------------------------------------------------------------------

test('a disk is made on its domain, read back, changed, and removed with its bytes', async () => {
  const before = await world.slate();
  const answer = await world.did(
    'POST',
    'disks',
    newDisk('web-data', { description: 'of the web', wipe_after_delete: true, provisioned_size: 1_000_000 }),
  );
  expect(answer.status).toBe(202);
  expect(answer.body).toMatchObject({ alias: 'web-data', name: 'web-data', provisioned_size: String(2 ** 20) });
  const id = answer.body.id as string;
  const { body } = await world.ask('GET', `disks/${id}`);
  expect(body).toMatchObject({
    status: 'ok',
    format: 'cow',
    qcow_version: 'qcow2_v3',
    sparse: 'true',
    description: 'of the web',
    wipe_after_delete: 'true',
    content_type: 'data',
    storage_type: 'image',
  });
  expect(body.storage_domains.storage_domain[0].id).toBe(domain);
  const profiles = (await world.ask('GET', 'diskprofiles')).body.disk_profile as { id: string; name: string }[];
  expect(profiles.map((one) => one.name)).toContain('data1');
  expect((await world.ask('GET', `diskprofiles/${body.disk_profile.id}`)).body).toMatchObject({
    name: 'data1',
    storage_domain: { id: domain },
  });
  expect((await world.ask('GET', `storagedomains/${domain}/disks`)).body.disk.map((one: { id: string }) => one.id)).toEqual([id]);
  expect((await world.did('PUT', `disks/${id}`, { alias: 'renamed', description: 'changed' })).body).toMatchObject({
    alias: 'renamed',
    description: 'changed',
  });
  await world.did('DELETE', `disks/${id}`);
  expect((await world.ask('GET', `disks/${id}`)).status).toBe(404);
  expect(await world.slate()).toEqual(before);
  proves(
    'disks.add',
    'disk.get',
    'disk.update',
    'disk.remove',
    'storage_domain_disks.list',
    'disks.list',
    'disk_profiles.list',
    'disk_profile.get',
  );
});

test('a full storage fails the disk, which leaves nothing but an event that says why', async () => {
  const before = await world.slate();
  for (const host of world.hosts) host.faults.add('createVolume', { kind: 'refused', code: 'no_space', message: 'The storage is full' }, 1);
  const answer = await world.did('POST', 'disks', newDisk('too-much', { format: 'raw', sparse: false }), 'failed');
  for (const host of world.hosts) host.faults.clear();
  expect((await world.ask('GET', `disks/${answer.body.id}`)).status).toBe(404);
  expect(await world.slate()).toEqual(before);
  const told = await row<{ parameters: object }>(
    world.db,
    sql`select parameters from events where parameters ->> 'disk' = 'too-much' and parameters ? 'reason'`,
  );
  expect(JSON.stringify(told)).toContain('full');
});

test('an id that its client chose is the disk’s; the same once more is a conflict', async () => {
  const id = randomUUID();
  const made = await addDisk('chosen', { id });
  expect(made).toBe(id);
  expect(await world.ask('POST', 'disks', newDisk('chosen-again', { id }))).toMatchObject({
    status: 409,
    body: { code: 'disk_id_taken', field: 'disk.id' },
  });
  await world.did('DELETE', `disks/${id}`);
});

test('a volume that is on the storage already is not ours to erase when a disk of its id cannot be made', async () => {
  const [id, volume] = [randomUUID(), randomUUID()];
  const theirs = {
    domain,
    image: id,
    volume,
    format: 'raw',
    sparse: true,
    capacity: 2 ** 20,
    content: 'data',
    description: 'theirs',
    legal: true,
  } as const;
  const host = world.agents.of(world.hosts[0].hostId);
  const epoch = (await row<{ epoch: number }>(world.db, sql`select epoch from manager_epoch`))?.epoch ?? 0;
  await host.call('createVolume', theirs, { mandate: { epoch, operation: randomUUID() } });
  await world.did('POST', 'disks', newDisk('ours', { id, image_id: volume }), 'failed');
  expect(await host.call('volumeFacts', { domain, image: id, volume })).toMatchObject({ description: 'theirs' });
  expect((await world.ask('GET', `disks/${id}`)).status).toBe(404);
  const { task } = await host.call('removeImage', { domain, image: id, wipe: false }, { mandate: { epoch, operation: randomUUID() } });
  await world.until(
    () => host.call('taskState', { task }),
    ({ state }) => state.kind === 'done',
  );
});

// ---- transfers ----------------------------------------------------------------------------------------------------

const phaseOf = async (id: string) => (await world.ask('GET', `imagetransfers/${id}`)).body?.phase as string | undefined;
const hostOf = (transfer: { host: { id: string } }) => world.hosts.find((host) => host.hostId === transfer.host.id) ?? world.hosts[0];
async function openTransfer(disk: string, more: object = {}) {
  const answer = await world.ask('POST', 'imagetransfers', { disk: { id: disk }, direction: 'upload', ...more });
  expect(answer).toMatchObject({ status: 202 });
  const id = answer.body.id as string;
  await world.until(
    () => phaseOf(id),
    (phase) => phase === 'transferring',
  );
  return { id, body: (await world.ask('GET', `imagetransfers/${id}`)).body, host: hostOf(answer.body) };
}
const jobOf = (transfer: string) =>
  row<{ state: string; error: { code: string; message: string } | null }>(
    world.db,
    sql`select j.state, j.error from image_transfers t join jobs j on j.id = t.job_id where t.id = ${transfer}`,
  );
const over = (transfer: string) =>
  world.until(
    () => jobOf(transfer),
    (job) => !['running', 'unwinding'].includes(job?.state ?? ''),
  );

test('an upload locks its disk, counts its bytes, and makes the disk legal when it has been verified', async () => {
  const disk = await addDisk('uploaded');
  const { id, body, host } = await openTransfer(disk, { format: 'cow' });
  expect(body).toMatchObject({ direction: 'upload', format: 'cow', active: 'false', inactivity_timeout: '60', timeout_policy: 'legacy' });
  expect(body.transfer_url).toMatch(/^https:\/\/host\d\.test:54322\/images\/\S+$/);
  expect(body.proxy_url).toMatch(/^https:\/\/manager\.test:8443\/images\/\S+$/);
  expect((await world.ask('GET', `disks/${disk}`)).body.status).toBe('locked');
  expect(await world.ask('DELETE', `disks/${disk}`)).toMatchObject({ status: 409, body: { code: 'related_operation_in_progress' } });
  host.world.moveTransfer(id, 4096);
  await world.until(
    async () => (await world.ask('GET', `imagetransfers/${id}`)).body.transferred as string,
    (moved) => moved === '4096',
  );
  expect((await world.ask('POST', `imagetransfers/${id}/finalize`, {})).status).toBe(200);
  expect(await over(id)).toMatchObject({ state: 'finished' });
  expect(await phaseOf(id)).toBe('finished_success');
  expect((await world.ask('GET', `imagetransfers/${id}`)).body).not.toHaveProperty('transfer_url');
  expect((await world.ask('GET', `disks/${disk}`)).body.status).toBe('ok');
  expect(host.world.uses()).toEqual([]);
  expect(await row(world.db, sql`select 1 from secrets where object_id = ${id}`)).toBeUndefined();
  await world.did('DELETE', `disks/${disk}`);
  proves('image_transfers.add', 'image_transfer.get', 'image_transfer.finalize', 'image_transfers.list');
});

test('an image that lies is refused with the reason, and its disk goes before a VM can see it', async () => {
  const before = await world.slate();
  const disk = await addDisk('liar');
  const { id, host } = await openTransfer(disk);
  const volume = (await world.ask('GET', `disks/${disk}`)).body.image_id as string;
  host.world.corruptVolume({ domain, image: disk, volume }, 'it has a backing file');
  await world.ask('POST', `imagetransfers/${id}/finalize`, {});
  const job = await over(id);
  expect(job).toMatchObject({ state: 'failed', error: { code: 'image_lies' } });
  expect(job?.error?.message).toContain('backing file');
  expect((await phaseOf(id)) ?? 'finished_failure').toBe('finished_failure');
  expect((await world.ask('GET', `disks/${disk}`)).status).toBe(404);
  expect(await world.slate()).toEqual(before);
  const told = await rows(
    world.db,
    sql`select 1 from events where parameters ->> 'disk' = 'liar' and parameters ->> 'reason' like '%backing file%'`,
  );
  expect(told).toHaveLength(1);
});

test('a cancelled upload leaves no disk, no ticket and no use of the volume', async () => {
  const before = await world.slate();
  const disk = await addDisk('cancelled');
  const { id, host } = await openTransfer(disk);
  expect((await world.ask('POST', `imagetransfers/${id}/cancel`, {})).status).toBe(200);
  expect(await over(id)).toMatchObject({ state: 'aborted' });
  expect(host.world.uses()).toEqual([]);
  expect((await world.ask('GET', `disks/${disk}`)).status).toBe(404);
  expect(await world.slate()).toEqual(before);
  expect(await world.ask('POST', `imagetransfers/${id}/finalize`, {})).toMatchObject({
    status: 409,
    body: { code: 'transfer_wrong_phase' },
  });
  proves('image_transfer.cancel');
});

test('a paused upload lets nobody in, and goes on with the same ticket when it is resumed', async () => {
  const disk = await addDisk('paused');
  const { id, host } = await openTransfer(disk);
  const ticket = host.world.transferTicket(id);
  await world.ask('POST', `imagetransfers/${id}/pause`, {});
  await world.until(
    () => host.world.transferTicket(id),
    (open) => open === undefined,
  );
  expect(await phaseOf(id)).toBe('paused_user');
  expect(await world.ask('POST', `imagetransfers/${id}/extend`, {})).toMatchObject({ status: 409, body: { code: 'transfer_wrong_phase' } });
  await world.ask('POST', `imagetransfers/${id}/resume`, {});
  await world.until(
    () => phaseOf(id),
    (phase) => phase === 'transferring',
  );
  expect(host.world.transferTicket(id)).toBe(ticket);
  expect((await world.ask('POST', `imagetransfers/${id}/extend`, {})).status).toBe(200);
  await world.ask('POST', `imagetransfers/${id}/cancel`, {});
  await over(id);
  proves('image_transfer.pause', 'image_transfer.resume', 'image_transfer.extend');
});

test('a download leaves the disk as it is; it cannot be paused, and ends when it is finalized', async () => {
  const disk = await addDisk('downloaded');
  const { id, host } = await openTransfer(disk, { direction: 'download' });
  expect(await world.ask('POST', `imagetransfers/${id}/pause`, {})).toMatchObject({
    status: 409,
    body: { code: 'transfer_download_not_paused' },
  });
  await world.ask('POST', `imagetransfers/${id}/finalize`, {});
  expect(await over(id)).toMatchObject({ state: 'finished' });
  expect((await world.ask('GET', `disks/${disk}`)).body.status).toBe('ok');
  const second = await openTransfer(disk, { direction: 'download' });
  await world.ask('POST', `imagetransfers/${second.id}/cancel`, {});
  expect(await over(second.id)).toMatchObject({ state: 'aborted' });
  expect((await world.ask('GET', `disks/${disk}`)).body.status).toBe('ok');
  expect(host.world.uses()).toEqual([]);
  await world.did('DELETE', `disks/${disk}`);
});

/** A minute without a byte, which is what `inactivity_timeout` is when nobody says. */
const silence = () => world.passTime(61_000);

test.each([
  ['upload', 'legacy', 'paused_system'],
  ['upload', 'pause', 'paused_system'],
  ['upload', 'cancel', 'cancelled'],
  ['download', 'legacy', 'cancelled'],
  ['download', 'pause', 'paused_system'],
  ['download', 'cancel', 'cancelled'],
] as const)('silence during an %s of policy %s: it is %s, and nothing of it is left in the end', async (direction, policy, outcome) => {
  const before = await world.slate();
  const disk = await addDisk('silent');
  const { id, host } = await openTransfer(disk, { direction, timeout_policy: policy });
  silence();
  if (outcome === 'paused_system') {
    await world.until(
      () => phaseOf(id),
      (phase) => phase === 'paused_system',
    );
    await world.until(
      () => host.world.transferTicket(id),
      (open) => open === undefined,
    );
    expect((await world.ask('GET', `disks/${disk}`)).body.status).toBe('locked');
    await world.ask('POST', `imagetransfers/${id}/cancel`, {});
  }
  expect(await over(id)).toMatchObject(
    outcome === 'cancelled' ? { state: 'failed', error: { code: 'transfer_timed_out' } } : { state: 'aborted' },
  );
  expect(host.world.uses()).toEqual([]);
  if (direction === 'download') await world.did('DELETE', `disks/${disk}`);
  expect(await world.slate()).toEqual(before);
});

test('a byte, or an extension, begins the silence anew; what never times out may be silent for ever', async () => {
  const disk = await addDisk('lively');
  const { id, host } = await openTransfer(disk);
  world.passTime(40_000);
  host.world.moveTransfer(id, 4096);
  await world.until(
    async () => (await world.ask('GET', `imagetransfers/${id}`)).body.transferred as string,
    (moved) => moved === '4096',
  );
  world.passTime(40_000);
  expect((await world.ask('POST', `imagetransfers/${id}/extend`, {})).status).toBe(200);
  const patient = await openTransfer(await addDisk('patient'), { inactivity_timeout: 0, timeout_policy: 'cancel' });
  expect(await phaseOf(id)).toBe('transferring');
  silence();
  // When the one has been seen to be silent, the other has been looked at as well.
  await world.until(
    () => phaseOf(id),
    (phase) => phase === 'paused_system',
  );
  expect(await phaseOf(patient.id)).toBe('transferring');
  await world.ask('POST', `imagetransfers/${id}/resume`, {});
  await world.until(
    () => phaseOf(id),
    (phase) => phase === 'transferring',
  );
  for (const one of [id, patient.id]) {
    await world.ask('POST', `imagetransfers/${one}/cancel`, {});
    await over(one);
  }
});

// ---- dry runs and bad input ---------------------------------------------------------------------------------------

test('a dry run of every mutation of storage changes nothing, and says the plan with its steps', async () => {
  const disk = await addDisk('dry');
  const { id: transfer } = await openTransfer(disk, { direction: 'download', inactivity_timeout: 0 });
  const unattached = (await world.did('POST', 'storagedomains', posixfs('dry-domain'))).body.id as string;
  const idle = await addDisk('dry-idle');
  const before = await digestOfRows(world);
  const steps = async (method: string, path: string, body?: object) => {
    const { status, body: plan } = await world.ask(method, `${path}${path.includes('?') ? '&' : '?'}dry_run=true`, body);
    expect(status, `${method} ${path} ${JSON.stringify(plan)}`).toBe(200);
    expect(plan.title, `${method} ${path}`).toMatch(/\S/);
    return {
      allowed: plan.allowed as string,
      steps: (plan.steps?.plan_step ?? plan.steps?.step ?? []).map((one: { name: string }) => one.name) as string[],
      plan,
    };
  };
  expect((await steps('POST', 'storagedomains', posixfs('dry-new'))).steps).toEqual([
    'connect-storage',
    'create-domain',
    'disconnect-storage',
    'record',
  ]);
  expect((await steps('PUT', `storagedomains/${domain}`, { name: 'other' })).steps).toEqual([]);
  expect((await steps('DELETE', `storagedomains/${unattached}?format=true&host=host1`)).steps).toContain('format');
  expect((await steps('POST', `${dataCenter}/storagedomains`, { id: unattached })).steps).toEqual([
    'connect-storage',
    'attach',
    'activate',
    'record',
  ]);
  expect((await steps('POST', 'disks', newDisk('dry-new'))).steps).toEqual(['create-volume', 'record']);
  expect((await steps('PUT', `disks/${idle}`, { alias: 'other' })).allowed).toBe('true');
  expect((await steps('DELETE', `disks/${idle}`)).steps).toEqual(['remove-image']);
  expect((await steps('POST', 'imagetransfers', { disk: { id: idle } })).steps).toEqual([
    'target',
    'open',
    'serve',
    'close',
    'verify',
    'record',
  ]);
  for (const action of ['extend', 'cancel', 'finalize'])
    expect((await steps('POST', `imagetransfers/${transfer}/${action}`, {})).allowed).toBe('true');
  const refused = await world.ask('POST', `${dataCenter}/storagedomains/${domain}/deactivate?dry_run=true`, {});
  expect(refused).toMatchObject({ status: 200, body: { allowed: 'false' } });
  expect(JSON.stringify(refused.body.reasons)).toContain('domain_in_use');
  expect(await digestOfRows(world)).toBe(before);
  await world.ask('POST', `imagetransfers/${transfer}/cancel`, {});
  await over(transfer);
  for (const one of [disk, idle]) await world.did('DELETE', `disks/${one}`);
  await world.did('DELETE', `storagedomains/${unattached}?format=true&host=host1`);
});

test('bad input about storage is told by code and field, and leaves nothing behind', async () => {
  const disk = await addDisk('plain');
  const before = await digestOfRows(world);
  const nobody = randomUUID();
  const refusals: [number, string, string | undefined, string, string, object?][] = [
    [409, 'domain_name_taken', 'storage_domain.name', 'POST', 'storagedomains', { ...posixfs('DATA1'), storage: posixfs('else').storage }],
    [
      409,
      'domain_storage_taken',
      'storage_domain.storage.path',
      'POST',
      'storagedomains',
      { ...posixfs('else'), storage: posixfs('data1').storage },
    ],
    [400, 'name_characters', 'storage_domain.name', 'POST', 'storagedomains', posixfs('has space')],
    [400, 'name_too_long', 'storage_domain.name', 'POST', 'storagedomains', posixfs('x'.repeat(51))],
    [
      400,
      'storage_path_missing',
      'storage_domain.storage.path',
      'POST',
      'storagedomains',
      posixfs('else', { storage: { type: 'posixfs' } }),
    ],
    [
      400,
      'storage_path_relative',
      'storage_domain.storage.path',
      'POST',
      'storagedomains',
      posixfs('else', { storage: { type: 'localfs', path: 'data' } }),
    ],
    [
      400,
      'storage_address_missing',
      'storage_domain.storage.address',
      'POST',
      'storagedomains',
      posixfs('else', { storage: { type: 'nfs', path: '/data' } }),
    ],
    [
      400,
      'storage_type_unfit',
      'storage_domain.storage.type',
      'POST',
      'storagedomains',
      posixfs('else', { storage: { type: 'iscsi', path: '/data' } }),
    ],
    [400, 'storage_host_unknown', 'storage_domain.host', 'POST', 'storagedomains', posixfs('else', { host: { name: 'nobody' } })],
    [400, 'storage_host_unknown', 'storage_domain.host', 'POST', 'storagedomains', posixfs('else', { host: { id: 'no-id' } })],
    [400, 'input_incomplete', 'storage_domain.host.id|name', 'POST', 'storagedomains', posixfs('else', { host: undefined })],
    [400, 'storage_domain_type_unfit', 'storage_domain.type', 'POST', 'storagedomains', posixfs('else', { type: 'image' })],
    [
      400,
      'storage_warning_range',
      'storage_domain.warning_low_space_indicator',
      'PUT',
      `storagedomains/${domain}`,
      { warning_low_space_indicator: 101 },
    ],
    [409, 'domain_attached_already', undefined, 'POST', `${dataCenter}/storagedomains`, { id: domain }],
    [409, 'domain_wrong_status', undefined, 'POST', `${dataCenter}/storagedomains/${domain}/activate`, {}],
    [409, 'domain_not_unattached', undefined, 'DELETE', `storagedomains/${domain}?format=true&host=host1`],
    [409, 'domain_wrong_status', undefined, 'DELETE', `storagedomains/${domain}?destroy=true`],
    [400, 'input_incomplete', 'disk.provisioned_size', 'POST', 'disks', newDisk('x', { provisioned_size: undefined })],
    [400, 'disk_size_zero', 'disk.provisioned_size', 'POST', 'disks', newDisk('x', { provisioned_size: 0 })],
    [400, 'disk_size_limit', 'disk.provisioned_size', 'POST', 'disks', newDisk('x', { provisioned_size: 2 ** 50 })],
    [400, 'disk_configuration_not_supported', 'disk.sparse', 'POST', 'disks', newDisk('x', { sparse: false })],
    [400, 'disk_shareable_raw_only', 'disk.shareable', 'POST', 'disks', newDisk('x', { shareable: true })],
    [400, 'disk_incremental_needs_cow', 'disk.backup', 'POST', 'disks', newDisk('x', { format: 'raw', backup: 'incremental' })],
    [400, 'disk_domain_missing', 'disk.storage_domains', 'POST', 'disks', newDisk('x', { storage_domains: undefined })],
    [
      409,
      'disk_no_space',
      'disk.storage_domains',
      'POST',
      'disks',
      newDisk('x', { format: 'raw', sparse: false, provisioned_size: 2 ** 41 }),
    ],
    [400, 'name_too_long', 'disk.alias', 'PUT', `disks/${disk}`, { alias: 'x'.repeat(256) }],
    [400, 'disk_shareable_raw_only', 'disk.shareable', 'PUT', `disks/${disk}`, { shareable: true }],
    [501, 'disk_resize_not_built', 'disk.provisioned_size', 'PUT', `disks/${disk}`, { provisioned_size: 2 * gibibyte }],
    [409, 'transfer_host_unfit', 'image_transfer.host', 'POST', 'imagetransfers', { disk: { id: disk }, host: { id: nobody } }],
  ];
  for (const [status, code, field, method, path, body] of refusals) {
    const answer = await world.ask(method, path, body);
    expect(
      { status: answer.status, code: answer.body.code, field: answer.body.field },
      `${method} ${path} ${JSON.stringify(body)}`,
    ).toEqual({ status, code, field });
  }
  for (const [method, path, body] of [
    ['GET', `disks/${nobody}`],
    ['DELETE', `disks/${nobody}`],
    ['PUT', `disks/${nobody}`, { alias: 'x' }],
    ['GET', `storagedomains/${nobody}`],
    ['DELETE', `storagedomains/${nobody}`],
    ['POST', `imagetransfers/${nobody}/cancel`, {}],
    ['POST', `${dataCenter}/storagedomains/${nobody}/activate`, {}],
  ] as [string, string, object?][])
    expect((await world.ask(method, path, body)).status, `${method} ${path}`).toBe(404);
  expect(await digestOfRows(world)).toBe(before);
  await world.did('DELETE', `disks/${disk}`);
});

// ---- search ---------------------------------------------------------------------------------------------------------

test('disks and storage domains are found by every field that can be searched, and only where it matches', async () => {
  const small = await addDisk('search-small', { description: 'one', format: 'raw', shareable: true });
  const large = await addDisk('search-large', {
    description: 'two',
    provisioned_size: 8 * gibibyte,
    wipe_after_delete: true,
    content_type: 'iso',
  });
  const found = async (collection: string, search: string) => {
    const { status, body } = await world.ask('GET', `${collection}?search=${encodeURIComponent(search)}`);
    expect(status, `${search} ${JSON.stringify(body)}`).toBe(200);
    return ((body.disk ?? body.storage_domain ?? []) as { id: string }[]).map((one) => one.id).toSorted();
  };
  const only: [string, string[]][] = [
    ['alias=search-small', [small]],
    ['name=search-l*', [large]],
    ['description=two', [large]],
    [`id=${small}`, [small]],
    ['provisioned_size>4', [large]],
    ['size<4 and alias=search*', [small]],
    ['actual_size<1 and alias=search-large', [large]],
    ['shareable=true', [small]],
    ['wipe_after_delete=true', [large]],
    ['disk_content_type=iso', [large]],
    ['disk_type=image and alias=search-small', [small]],
    ['number_of_vms=0 and alias=search*', [small, large].toSorted()],
    ['status=ok and alias=search-small', [small]],
    ['status=locked', []],
    ['creation_date>=today and alias=search-small', [small]],
    ['creation_date<yesterday', []],
    ['storage=data1 and alias=search-small', [small]],
    ['storage.name=nowhere', []],
    ['datacenter=Default and alias=search-small', [small]],
    ['vm_names=web', []],
    ['search-large', [large]],
  ];
  for (const [search, ids] of only) expect(await found('disks', search), `${search}`).toEqual(ids);
  await world.did('PUT', `storagedomains/${domain}`, { comment: 'fast', description: 'first', backup: true });
  const yes = [
    'name=data1',
    'status=active',
    'datacenter=Default',
    'type=posixfs',
    'free_size>0',
    'used_size>=0',
    'total_size>0',
    'comment=fast',
    'description=first',
    'wipe_after_delete=false',
    'discard_after_delete=false',
    'low_space_threshold=10',
    'critical_space_threshold=5',
    'backup=true',
    'fast',
    `id=${domain}`,
    'committed>0',
  ];
  const no = [
    'name=data9',
    'status=unattached',
    'datacenter=Other',
    'type=nfs',
    'free_size<0',
    'used_size<0',
    'total_size=1',
    'comment=slow',
    'description=second',
    'wipe_after_delete=true',
    'discard_after_delete=true',
    'low_space_threshold>10',
    'critical_space_threshold<5',
    'backup=false',
    'slow',
    `id=${small}`,
    'committed=0',
  ];
  for (const search of yes) expect(await found('storagedomains', `${search} and name=data1`), `${search}`).toEqual([domain]);
  for (const search of no) expect(await found('storagedomains', `${search} and name=data*`), `${search}`).toEqual([]);
  for (const collection of ['disks', 'storagedomains'])
    expect(await world.ask('GET', `${collection}?search=${encodeURIComponent('colour=red')}`)).toMatchObject({
      status: 400,
      body: { code: 'search_field_unknown', field: 'search' },
    });
  for (const one of [small, large]) await world.did('DELETE', `disks/${one}`);
});
