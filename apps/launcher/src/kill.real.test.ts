import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { output } from './command.ts';
import { inRoot } from './root.ts';
import { bash, testInstance, type TestInstance } from './test/instance.test-support.ts';

const patience = { timeout: 60_000, interval: 200 };
const victims = ['controller', 'api', 'gateway', 'agent', 'libvirtd', 'postgresql', 'image server'] as const;
type Victim = (typeof victims)[number];

let ostler: TestInstance;
let directory: string;
beforeAll(async () => {
  ostler = await testInstance();
  directory = await mkdtemp(join(tmpdir(), 'ostler-kill-'));
  const { status, stdout, stderr } = await ostler.up();
  if (status !== 0) throw new Error(`${stdout}\n${stderr}`);
  await output(inRoot('ostler'), ['lab', 'guest', join(directory, 'guest.qcow2')], { deadline: 120_000 });
}, 300_000);
afterAll(async () => {
  await ostler.remove();
  await rm(directory, { recursive: true });
});

/** What the scripts below speak with; every request is repeated, as a patient client does, while something is being started again. */
const words = `
api=$(jq -r .api_url $OSTLER_STATE_DIR/instance.json); ca=$OSTLER_STATE_DIR/pki/ca.pem; login=admin@internal:$(cat $OSTLER_STATE_DIR/admin-password)
once() { curl -sS --fail-with-body --max-time 20 --cacert $ca -u "$login" -H 'Accept: application/json' -H 'Content-Type: application/json' "$@"; }
call() { for n in $(seq 60); do once "$@" 2>/dev/null && return 0; sleep 0.5; done; once "$@"; }
until_is() { for n in $(seq 180); do [ "$(call $api/$1 | jq -r .$2)" = $3 ] && return 0; sleep 0.5; done; echo "$1 is not $3"; call $api/$1; return 1; }
upload() { for n in $(seq 40); do curl -sS --fail-with-body --cacert $ca "$@" "$(call $api/imagetransfers/$transfer | jq -r .proxy_url)" >/dev/null 2>&1 && return 0; sleep 0.5; done; return 1; }
`;
const run = (script: string) => bash(`${words}\n${script}`, directory, ostler.paths.state);

/** kill -9 by pid. The image server's pid is in the agent's memory of it. Who has just gone with another victim is as wanted. */
async function kill(victim: Victim): Promise<void> {
  if (victim === 'image server') {
    const { pid }: { pid: number } = JSON.parse(await readFile(join(ostler.paths.agent.state, 'image-server.json'), 'utf8'));
    return killNow(pid);
  }
  const found = (await ostler.status()).processes.find(({ name }) => name === victim);
  if (typeof found?.pid !== 'number') throw new Error(`${victim} does not run`);
  killNow(found.pid);
}

function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

const newDisk = (name: string) =>
  `disk=$(call $api/disks -d '{"name":"${name}","format":"cow","provisioned_size":"67108864","storage_domains":{"storage_domain":[{"name":"data"}]}}' | jq -r .id); until_is disks/$disk status ok`;
const newTransfer = `transfer=$(call $api/imagetransfers -d "{\\"direction\\":\\"upload\\",\\"format\\":\\"cow\\",\\"disk\\":{\\"id\\":\\"$disk\\"}}" | jq -r .id); until_is imagetransfers/$transfer phase transferring`;
const finalize = `call $api/imagetransfers/$transfer/finalize -d '{}' >/dev/null; until_is disks/$disk status ok`;

async function everythingIsBack(): Promise<void> {
  await vi.waitFor(async () => {
    const { processes } = await ostler.status();
    expect(processes.map(({ health }) => health)).toEqual(processes.map(() => 'ok'));
    expect((await (await ostler.api()).hosts.list({}))[0]?.status).toBe('up');
  }, patience);
}

test.each(victims)('kill -9 of the %s during an upload: the client sends again, and the disk is what was sent', async (victim) => {
  const name = `upload-${victim.replace(' ', '-')}`;
  const begun = await run(`${newDisk(name)}; ${newTransfer}; echo "$disk $transfer"`);
  const [disk = '', transfer = ''] = begun.trim().split(/\s+/).slice(-2);
  const sending = run(`disk=${disk}; transfer=${transfer}; upload --limit-rate 8M -T guest.qcow2; ${finalize}`);
  await vi.waitFor(async () => {
    expect(Number(await run(`call $api/imagetransfers/${transfer} | jq -r .transferred`))).toBeGreaterThan(0);
  }, patience);
  await kill(victim);
  await sending;
  await everythingIsBack();
  const [domain = ''] = (await readdir(ostler.paths.dataDomain)).filter((one) => one.length === 36);
  const images = join(ostler.paths.dataDomain, domain, 'images', disk);
  const volume = (await readdir(images)).find((one) => one.length === 36);
  await output('qemu-img', ['compare', '-F', 'qcow2', '-f', 'qcow2', join(directory, 'guest.qcow2'), join(images, volume ?? '')]);
  await run(`call -X DELETE $api/disks/${disk} >/dev/null`);
  await vi.waitFor(async () => expect(await readdir(join(ostler.paths.dataDomain, domain, 'images'))).toEqual([]), patience);
}, 180_000);

test('kill -9 of each process while a VM starts, runs and is removed: it runs once, never notices, and leaves nothing', async () => {
  const vm = (
    await run(
      `${newDisk('guest')}; ${newTransfer}; upload -T guest.qcow2; ${finalize}
       vm=$(call $api/vms -d '{"name":"guest","memory":"134217728","cluster":{"name":"Default"},"template":{"name":"Blank"}}' | jq -r .id); until_is vms/$vm status down
       call $api/vms/$vm/diskattachments -d "{\\"interface\\":\\"virtio\\",\\"bootable\\":\\"true\\",\\"active\\":\\"true\\",\\"disk\\":{\\"id\\":\\"$disk\\"}}" >/dev/null; echo $vm`,
    )
  )
    .trim()
    .split(/\s+/)
    .at(-1);
  for (const victim of victims) {
    const starting = run(`call $api/vms/${vm}/start -d '{}' >/dev/null || true`);
    await kill(victim);
    await starting;
    await run(`until_is vms/${vm} status up`);
    const running = await ostler.virsh('list', '--uuid');
    expect(`${victim}: ${running.trim()}`).toBe(`${victim}: ${vm}`);
    await everythingIsBack();
    await run(`call $api/vms/${vm}/shutdown -d '{}' >/dev/null; until_is vms/${vm} status down`);
    expect(`${victim}: ${(await ostler.virsh('list', '--all', '--name')).trim()}`).toBe(`${victim}: `);
  }
  await run(`call $api/vms/${vm}/start -d '{}' >/dev/null; until_is vms/${vm} status up`);
  const before = await ostler.virsh('domid', 'guest');
  for (const victim of victims) await kill(victim);
  await everythingIsBack();
  expect(await ostler.virsh('domid', 'guest')).toBe(before);
  await run(`until_is vms/${vm} status up; call $api/vms/${vm}/shutdown -d '{}' >/dev/null; until_is vms/${vm} status down`);

  const removing = run(`call -X DELETE $api/vms/${vm} >/dev/null || true`);
  await Promise.all([kill('controller'), kill('agent')]);
  await removing;
  await vi.waitFor(async () => expect(await (await ostler.api()).vms.list({})).toEqual([]), patience);
  const [domain = ''] = (await readdir(ostler.paths.dataDomain)).filter((one) => one.length === 36);
  await vi.waitFor(async () => expect(await readdir(join(ostler.paths.dataDomain, domain, 'images'))).toEqual([]), patience);
}, 420_000);
