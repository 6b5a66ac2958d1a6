import { readFile, readdir, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { freshMachine, type FreshMachine } from '@ostler/lab/fresh-machine';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { output } from './command.ts';
import { inRoot, root } from './root.ts';
import { freePort, tourIn } from './test/instance.test-support.ts';

/** What the README promises to somebody who has just installed Debian 12, git, Node.js and npm, and has cloned Ostler where root lives. */

const state = '/var/lib/ostler-fresh';
const minutes = (count: number) => count * 60_000;
let machine: FreshMachine;
let port: number;
beforeAll(async () => {
  machine = await freshMachine('fresh');
  port = await freePort();
  await output('git', ['-c', `safe.directory=${await realpath(root)}`, 'clone', '--quiet', root, join(machine.root, 'root/ostler')], { deadline: minutes(2) });
}, minutes(15));
afterAll(async () => {
  await machine?.remove();
}, minutes(2));

const shell = (commands: string, timeoutMs: number, env: Readonly<Record<string, string>> = {}) =>
  machine.inside('bash', ['-e', '-o', 'pipefail', '-c', `cd /root/ostler; ${commands}`], { timeoutMs, env: { OSTLER_STATE_DIR: state, ...env } });

test('up installs what is missing, tells how far it is, and ends with a host that is up', async () => {
  const said = await shell(`./ostler up --detach --port ${port}`, minutes(25));
  expect(said).toMatch(/Installing .*libvirt-daemon.*Packages: installed.*Program: copied to .*Host up: fresh is up.*Ostler serves at/s);
  expect(await shell('./ostler status', minutes(1))).toMatch(/agent +ok/);
}, minutes(26));

test.each(['cli', 'json', 'xml'])('the tour works as the README has it, by %s', async (name) => {
  const readme = await readFile(inRoot('README.md'), 'utf8');
  await shell(`${tourIn(readme, 'parts').replace('apt-get install', 'apt-get install --yes')}`, minutes(20), { DEBIAN_FRONTEND: 'noninteractive' });
  await shell(`PATH=.:$PATH; ${tourIn(readme, name)}`, minutes(5));
  await rm(join(machine.root, 'root/ostler/guest.qcow2'));
  expect(await shell('virsh --quiet --connect "$(./ostler status --output json | jq -r .libvirt_uri)" list --all', minutes(1))).toBe('\n');
}, minutes(25));

test('a second up finds everything, and down --vms leaves no process behind', async () => {
  expect(await shell(`./ostler up --detach`, minutes(3))).toMatch(/Packages: already there.*already running/s);
  expect(await shell('./ostler down --vms', minutes(3))).toContain('Ostler is stopped.');
  // The first process, its cat, and this very look.
  const left = await shell('for p in /proc/[0-9]*; do tr "\\0" " " <$p/cmdline 2>/dev/null; echo; done', minutes(1));
  expect(left.split('\n').filter((line) => /ostler|libvirt|qemu|postgres|dnsmasq/.test(line) && !line.includes('/proc/'))).toEqual([]);
  expect((await readdir('/sys/class/net')).filter((name) => name === 'ostler-fresh')).toEqual([]);
}, minutes(8));

test('tests that need the user of the storage run in a project that is closed to him', async () => {
  const said = await shell('./ostler test io-process supervisor/child', minutes(25));
  expect(said.trim().split('\n').at(-1)).toMatch(/^[1-9]\d* passed, 0 failed$/);
}, minutes(26));

test('an ordinary user is told what Ostler needs', async () => {
  await shell('useradd --create-home joe; cp --archive . /home/joe/ostler; chown -R joe: /home/joe/ostler', minutes(2));
  const asJoe = (command: string) => machine.inside('runuser', ['-u', 'joe', '--', 'sh', '-c', `cd /home/joe/ostler && ./ostler ${command} 2>&1; echo "ended with $?"`]);
  expect(await asJoe('up')).toMatch(/needs root.*sudo \.\/ostler up\.\nended with 1/s);
  expect(await asJoe(`status --state-dir ${state}`)).toMatch(/root.*ended with 1/s);
  expect(await asJoe(`down --state-dir ${state}`)).toMatch(/needs root.*ended with 1/s);
}, minutes(4));
