import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { logIn, portalWorld, type PortalWorld } from './portal-world.test-support.ts';

let portal: PortalWorld;
beforeAll(async () => {
  portal = await portalWorld();
  await portal.world.addDomain('data');
}, 120_000);
afterAll(() => portal?.stop());

async function vmsPage(at = '/vms'): Promise<Page> {
  const page = await portal.open();
  await logIn(page, portal.origin, at);
  return page;
}

const newVm = async (name: string): Promise<string> =>
  (await portal.world.did('POST', 'vms', { name, cluster: { name: 'Default' }, template: { name: 'Blank' } })).body.id;

test('what the manager refuses stands at its field, in its tab, and nothing that was typed is lost', async () => {
  await newVm('taken');
  const page = await vmsPage();
  await page.getByRole('link', { name: 'taken' }).waitFor();
  await page.getByRole('button', { name: 'New', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'New Virtual Machine' });
  await dialog.getByRole('textbox', { name: 'Name' }).fill('taken');
  await dialog.getByRole('textbox', { name: 'Comment' }).fill('kept');
  await dialog.getByRole('tab', { name: 'System' }).click();
  await dialog.getByRole('button', { name: 'What would happen' }).click();
  await dialog.getByText('Not possible').waitFor();
  await dialog.getByRole('button', { name: 'OK' }).click();
  // The tab of the field is opened, the field is marked and has the focus.
  const name = dialog.getByRole('textbox', { name: 'Name' });
  await name.waitFor();
  expect(await name.getAttribute('aria-invalid')).toBe('true');
  expect(await dialog.getByRole('textbox', { name: 'Comment' }).inputValue()).toBe('kept');
  await dialog.getByRole('tab', { name: 'System' }).click();
  await dialog.getByRole('textbox', { name: 'Memory Size (MiB)' }).fill('a lot');
  await dialog.getByRole('button', { name: 'OK' }).click();
  await dialog.getByText('A whole number is needed here.').waitFor();
  // Leaving is asked about, once.
  await page.keyboard.press('Escape');
  await dialog.getByText('Leave without saving?').waitFor();
  await dialog.getByRole('button', { name: 'Leave', exact: true }).click();
  await dialog.waitFor({ state: 'hidden' });
});

test('a search is completed by the keyboard, kept in the address, and shared by it', async () => {
  for (const name of ['web-1', 'web-2', 'mail']) await newVm(name);
  const page = await vmsPage();
  await page.getByRole('link', { name: 'mail' }).waitFor();
  const search = page.getByRole('combobox', { name: 'Search' });
  await search.click();
  await page.keyboard.type('na');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  expect(await search.inputValue()).toBe('name ');
  await page.keyboard.type('= web*');
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: 'mail' }).waitFor({ state: 'hidden' });
  await page.getByText('2 rows').waitFor();
  await page.getByRole('columnheader', { name: 'Name' }).getByRole('button').click();
  await page.getByRole('columnheader', { name: 'Name' }).getByRole('button').click();
  await page.waitForURL(/sort=name\.desc/);
  const names = () => page.getByRole('link', { name: /^web-/ }).allTextContents();
  await expect.poll(names).toEqual(['web-2', 'web-1']);
  const other = await page.context().newPage();
  await other.goto(page.url());
  await other.getByText('2 rows').waitFor();
  await search.fill('name = ');
  await page.keyboard.press('Escape');
  await page.getByText('name = lacks a value').waitFor();
});
