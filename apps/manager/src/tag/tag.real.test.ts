import { randomUUID } from 'node:crypto';
import { fixedIds } from '@ostler/domain/fixed-ids';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { proves } from '@ostler/contract/coverage';
import { testManager, type Login, type TestManager } from '../testing/manager.ts';

let manager: TestManager;
let ann: Login & { id: string };
beforeAll(async () => {
  manager = await testManager();
  const login = { name: 'ann@internal', password: 'a-good-long-password' };
  const added = await manager.ask('POST', 'users', { user_name: 'ann', domain: { name: 'internal' }, password: login.password });
  ann = { ...login, id: added.body.id };
});
afterAll(() => manager?.stop());

const fresh = (kind: string) => `${kind}-${randomUUID().slice(0, 8)}`;
const added = async (path: string, body: object) => {
  const answer = await manager.ask('POST', path, body);
  expect([path, answer.status, answer.body.detail]).toEqual([path, 201, undefined]);
  return answer.body;
};
const refused = async (method: string, path: string, body?: object) => {
  const { status, body: told } = await manager.ask(method, path, body);
  return { status, code: told.code, field: told.field };
};
const vm = async () => (await added('vms', { name: fresh('vm'), cluster: { name: 'Default' }, template: { name: 'Blank' } })).id as string;

test('tags make a tree under the root, which stays', async () => {
  const country = await added('tags', { name: fresh('country'), description: 'where' });
  expect(country.parent).toMatchObject({ id: fixedIds.rootTag });
  const town = await added('tags', { name: fresh('town'), parent: { name: country.name } });
  expect(town.parent).toMatchObject({ id: country.id });
  expect(await refused('POST', 'tags', { name: country.name.toUpperCase() })).toMatchObject({ status: 409, field: 'tag.name' });
  expect(await refused('POST', 'tags', { name: 'not a tag' })).toMatchObject({ status: 400, field: 'tag.name' });
  expect(await refused('POST', 'tags', { name: fresh('t'), parent: { id: randomUUID() } })).toMatchObject({
    status: 400,
    field: 'tag.parent',
  });
  expect(await refused('PUT', `tags/${country.id}`, { parent: { id: town.id } })).toMatchObject({ status: 409, code: 'tag_parent_below' });
  expect(await refused('DELETE', `tags/${fixedIds.rootTag}`)).toMatchObject({ status: 409, code: 'tag_is_root' });
  expect(await refused('PUT', `tags/${fixedIds.rootTag}`, { name: 'trunk' })).toMatchObject({ code: 'tag_is_root' });
  expect((await manager.ask('PUT', `tags/${town.id}`, { parent: { id: fixedIds.rootTag } })).body.parent.id).toBe(fixedIds.rootTag);
  expect((await manager.ask('GET', 'events?search=type%3D555&max=1')).body.event[0].description).toContain('was moved under root');
  await manager.ask('PUT', `tags/${town.id}`, { parent: { id: country.id } });
  const plan = await manager.ask('DELETE', `tags/${country.id}?dry_run=true`);
  expect(plan.body.effects.effect).toEqual([`Tag ${town.name}, which hangs below it, goes too`]);
  await manager.ask('DELETE', `tags/${country.id}`);
  expect((await manager.ask('GET', `tags/${town.id}`)).status).toBe(404);
  proves('tags.add', 'tags.list', 'tag.get', 'tag.update', 'tag.remove');
});

test('VMs, templates, users and groups bear tags, and lose them when they go', async () => {
  const tag = await added('tags', { name: fresh('tag') });
  const id = await vm();
  for (const owner of [`vms/${id}`, `templates/${fixedIds.blankTemplate}`, `users/${ann.id}`, `groups/${fixedIds.everyone}`]) {
    const hung = await added(`${owner}/tags`, { name: tag.name });
    expect(hung).toMatchObject({ id: tag.id, href: `/ovirt-engine/api/${owner}/tags/${tag.id}` });
    await added(`${owner}/tags`, { id: tag.id });
    expect((await manager.ask('GET', `${owner}/tags`)).body.tag).toHaveLength(1);
    expect((await manager.ask('GET', `${owner}/tags/${tag.id}`)).body.name).toBe(tag.name);
  }
  expect((await manager.ask('GET', `events?search=type%3D440`)).body.event).toHaveLength(1);
  expect(await refused('POST', `vms/${id}/tags`, { name: 'none' })).toMatchObject({ status: 400, code: 'tag_unknown' });
  expect(await refused('POST', `vms/${id}/tags`, { id: fixedIds.rootTag })).toMatchObject({ status: 409, code: 'tag_is_root' });
  expect((await manager.ask('DELETE', `users/${ann.id}/tags/${tag.id}`)).status).toBe(200);
  expect((await manager.ask('DELETE', `users/${ann.id}/tags/${tag.id}`)).status).toBe(404);
  await manager.database.pool.query('delete from vms where id = $1', [id]);
  const left = await manager.database.pool.query('select kind from tagged where tag_id = $1 order by 1', [tag.id]);
  expect(left.rows.map((one) => one.kind)).toEqual(['group', 'template']);
  proves('assigned_tags.add', 'assigned_tags.list', 'assigned_tag.get', 'assigned_tag.remove');
});

test('bookmarks are searches under a name, for administrators', async () => {
  const name = fresh('b');
  const bookmark = await added('bookmarks', { name, value: 'Vms: status = up' });
  expect((await manager.ask('GET', 'bookmarks')).body.bookmark).toContainEqual(
    expect.objectContaining({ name, value: 'Vms: status = up' }),
  );
  expect((await manager.ask('GET', 'bookmarks', undefined, ann)).body.bookmark).toEqual([]);
  expect((await manager.ask('GET', `bookmarks/${bookmark.id}`, undefined, ann)).status).toBe(404);
  expect(await refused('POST', 'bookmarks', { name, value: 'x' })).toMatchObject({ status: 409, field: 'bookmark.name' });
  expect(await refused('POST', 'bookmarks', { name: fresh('b'), value: 'x'.repeat(5000) })).toMatchObject({ field: 'bookmark.value' });
  expect((await manager.ask('PUT', `bookmarks/${bookmark.id}`, { value: 'Vms:' })).body).toMatchObject({ name, value: 'Vms:' });
  expect((await manager.ask('DELETE', `bookmarks/${bookmark.id}`)).status).toBe(200);
  expect((await manager.ask('GET', `bookmarks/${bookmark.id}`)).status).toBe(404);
  proves('bookmarks.add', 'bookmarks.list', 'bookmark.get', 'bookmark.update', 'bookmark.remove');
});
