import { afterAll, beforeAll, expect, test } from 'vitest';
import { logIn, portalWorld, type PortalWorld } from './portal-world.test-support.ts';

let portal: PortalWorld;
beforeAll(async () => {
  portal = await portalWorld();
}, 120_000);
afterAll(() => portal?.stop());

test('a wrong password is refused in the manager’s words, and what was typed stays', async () => {
  const page = await portal.open();
  await logIn(page, portal.origin, '/', { name: 'admin@internal', password: 'wrong' });
  await page.getByText('the user name or the password is wrong').waitFor();
  expect(await page.getByRole('textbox', { name: 'User name' }).inputValue()).toBe('admin@internal');
});

test('a login leads to the page that was asked for, survives a reload, and ends with the logout', async () => {
  const page = await portal.open();
  await logIn(page, portal.origin, '/events');
  await page.getByRole('heading', { name: 'Events', level: 1 }).waitFor();
  await page.reload();
  await page.getByRole('heading', { name: 'Events', level: 1 }).waitFor();
  expect(await page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])')).not.toMatch(/[\w-]{40}/);
  await page.getByRole('button', { name: 'Account of admin' }).click();
  await page.getByRole('menuitem', { name: 'Log out' }).click();
  await page.getByRole('button', { name: 'Log in', exact: true }).waitFor();
  await page.reload();
  await page.getByRole('button', { name: 'Log in', exact: true }).waitFor();
});

test('a session that ends leaves the page where it is, and goes on after another login', async () => {
  const page = await portal.open();
  await logIn(page, portal.origin, '/vms');
  await page.getByRole('button', { name: 'New', exact: true }).first().click();
  await page.getByRole('textbox', { name: 'Name' }).fill('kept');
  await portal.world.database.pool.query('delete from sessions');
  await page.getByRole('button', { name: 'OK' }).click();
  const again = page.getByRole('dialog', { name: 'Your session has ended' });
  await again.getByRole('textbox', { name: 'Password' }).fill('test-admin-password');
  await again.getByRole('button', { name: 'Log in', exact: true }).click();
  await again.waitFor({ state: 'hidden' });
  expect(await page.getByRole('textbox', { name: 'Name' }).inputValue()).toBe('kept');
  await page.getByRole('button', { name: 'OK' }).click();
  await page.getByRole('link', { name: 'kept' }).waitFor();
});

test('what happens elsewhere shows by itself; a line that is cut is told, and heals', async () => {
  const page = await portal.open();
  await logIn(page, portal.origin, '/vms');
  await page.getByRole('link', { name: 'kept' }).waitFor();
  await portal.world.did('POST', 'vms', { name: 'live', cluster: { name: 'Default' }, template: { name: 'Blank' } });
  await page.getByRole('link', { name: 'live' }).waitFor();
  await portal.cut();
  await page.getByText('The connection to the manager is lost').waitFor();
  await portal.world.did('POST', 'vms', { name: 'meanwhile', cluster: { name: 'Default' }, template: { name: 'Blank' } });
  await portal.mend();
  await page.getByRole('link', { name: 'meanwhile' }).waitFor();
  await page.getByText('The connection to the manager is lost').waitFor({ state: 'hidden' });
  expect(await page.getByRole('link', { name: /^(kept|live|meanwhile)$/ }).count()).toBe(3);
});
