import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { builtPortal } from '../../build/build.ts';
import { logIn, portalWorld, type PortalWorld } from './portal-world.test-support.ts';

let portal: PortalWorld;
let vm: string;
beforeAll(async () => {
  portal = await portalWorld();
  const { world } = portal;
  await world.addDomain('data');
  vm = (await world.did('POST', 'vms', { name: 'web', cluster: { name: 'Default' }, template: { name: 'Blank' } })).body.id;
  await world.did('POST', `vms/${vm}/nics`, { name: 'nic1' });
  await world.did('POST', `vms/${vm}/diskattachments`, {
    interface: 'virtio_scsi',
    bootable: true,
    disk: { alias: 'web_root', provisioned_size: 2 ** 30, format: 'cow', storage_domains: { storage_domain: [{ name: 'data' }] } },
  });
}, 120_000);
afterAll(() => portal?.stop());

test('the palette finds objects by a part of their name, and the keyboard alone goes there', async () => {
  const page = await portal.open();
  await logIn(page, portal.origin);
  await page.getByRole('heading', { name: 'Dashboard', level: 1 }).waitFor();
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: 'Name of an object, page or action' }).waitFor();
  await page.keyboard.type('we');
  await page.getByRole('option', { name: 'web Virtual Machines' }).waitFor();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'web', level: 1 }).waitFor();
  expect(new URL(page.url()).pathname).toBe(`/portal/vms/${vm}`);
  // The page is told to whoever cannot see it, and the keyboard begins at its heading.
  await page.locator('[aria-live]', { hasText: 'web · Ostler' }).waitFor();
  expect(await page.title()).toBe('web · Ostler');
});

test('everything is said in German too, and that is remembered', async () => {
  const page = await portal.open({ locale: 'de-DE' });
  await page.goto(`${portal.origin}/portal/vms`);
  await page.getByRole('button', { name: 'Anmelden' }).waitFor();
  await page.getByRole('textbox', { name: 'Benutzername' }).fill('admin@internal');
  await page.getByRole('textbox', { name: 'Passwort' }).fill('test-admin-password');
  await page.getByRole('button', { name: 'Anmelden' }).click();
  await page.getByRole('heading', { name: 'Virtuelle Maschinen', level: 1 }).waitFor();
  await page.getByRole('button', { name: 'Aussehen und Sprache' }).click();
  await page.getByRole('menuitem', { name: 'English' }).click();
  await page.getByRole('heading', { name: 'Virtual Machines', level: 1 }).waitFor();
  await page.reload();
  await page.getByRole('heading', { name: 'Virtual Machines', level: 1 }).waitFor();
  expect(await page.evaluate('document.documentElement.lang')).toBe('en');
});

test('a task is there with its steps, also after a reload', async () => {
  const page = await portal.open();
  await logIn(page, portal.origin);
  for (const _look of ['before', 'after']) {
    await page.getByRole('button', { name: 'Tasks', exact: true }).click();
    const task = page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: 'Adding disk web_root' }) });
    await task.getByRole('button', { name: 'Steps' }).click();
    await task.getByRole('list', { name: 'Steps' }).getByRole('listitem').first().waitFor();
    expect(await task.getByText('Finished', { exact: false }).count()).toBeGreaterThan(0);
    await page.reload();
  }
});

test('what the list of VMs needs weighs at most 350 kB, compressed', async () => {
  const { directory } = await builtPortal();
  const manifest: Record<string, { file: string; imports?: string[]; css?: string[] }> = JSON.parse(
    await readFile(join(directory, '.vite/manifest.json'), 'utf8'),
  );
  const files = new Set<string>();
  const collect = (key: string): void => {
    const chunk = manifest[key];
    if (!chunk || files.has(chunk.file)) return;
    for (const file of [chunk.file, ...(chunk.css ?? [])]) files.add(file);
    chunk.imports?.forEach(collect);
  };
  collect('index.html');
  collect('src/vm/vm-list-page.tsx');
  let total = 0;
  for (const file of files) total += gzipSync(await readFile(join(directory, file)), { level: 9 }).length;
  expect(await readdir(join(directory, 'assets'))).toEqual(expect.arrayContaining([...files].map((file) => file.replace('assets/', ''))));
  expect(total).toBeLessThan(350_000);
});
