import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { packages, provide } from './debian.ts';
import { checked } from './instance/document.ts';
import { originOf, writeConfigs } from './instance/configs.ts';
import { connect, enroll, makeDataDomain, waitForHost } from './instance/first-host.ts';
import { chooseLibvirt } from './instance/hypervisor.ts';
import { makeIdentity } from './instance/identity.ts';
import { placePortal } from './instance/portal.ts';
import { pathsIn, type Paths } from './instance/paths.ts';
import { Problem } from './instance/problem.ts';
import { changeWanted, demandFreePort, gatewayNames, readSettings, settle, writeSettings, type Settings, type Wish } from './instance/settings.ts';
import { root } from './root.ts';
import { copyProgram, othersReach } from './program.ts';
import { steps, type lines, type Steps } from './steps.ts';
import { readStatus, type SupervisorStatus } from './supervisor/status.ts';
import { stopSupervisor } from './down.ts';

type Lines = ReturnType<typeof lines>;

export interface UpWish extends Wish {
  readonly stateDir: string;
  readonly detach: boolean;
}

/** From whatever there is to an Ostler that serves. Every step looks first whether it is done already. */
export async function up(wish: UpWish, { write, passing }: Lines, now: () => number): Promise<void> {
  demandRoot();
  const paths = pathsIn(wish.stateDir);
  demandShortPath(paths);
  const before = await readSettings(paths);
  const running = await runningNow(paths);
  const change = running && before && changeWanted(wish, before);
  if (change) throw new Problem(`Ostler runs over ${paths.state} and would have to be stopped first for ${change}: ./ostler down.`);
  const { step } = steps(write, now, passing);

  write(`Ostler in ${paths.state}`);
  const ownDatabase = (wish.databaseUrl ?? before?.databaseUrl) === undefined;
  const wanted = [...packages.host, ...(ownDatabase ? packages.database : [])];
  await step('Packages', (progress) => provide(wanted, 'ostler up', write, progress));
  const settings = running && before ? before : await prepare(paths, wish, before, step);
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupted.abort());
  const mine = running === undefined;
  try {
    if (mine) {
      const from = (await othersReach(root)) ? root : paths.program;
      if (from !== root)
        await step('Program', async () => {
          await copyProgram(from);
          return `copied to ${from}, for ${root} is closed to the user who handles storage`;
        });
      await start(from, paths, write, interrupted.signal);
    }
    else write('  Processes: already running');
    await Promise.race([settleIn(paths, settings, step), untilAborted(interrupted.signal)]);
  } catch (error) {
    if (mine && (interrupted.signal.aborted || !wish.detach)) await stopSupervisor(paths);
    throw interrupted.signal.aborted ? new Problem(mine ? 'Interrupted; Ostler is stopped.' : 'Interrupted; Ostler goes on running.') : error;
  }
  write(welcome(paths, settings));
  if (mine && !wish.detach) await stay(paths, interrupted.signal, write);
}

/** One that is ending is waited for, and then is none. */
async function runningNow(paths: Paths): Promise<SupervisorStatus | undefined> {
  for (;;) {
    const found = await checked(await readStatus(paths.supervisor));
    if (found?.phase !== 'failed' && found?.phase !== 'stopping') return found;
    await sleep(100);
  }
}

/** This machine as a host, and a place for disks. */
async function settleIn(paths: Paths, settings: Settings, step: Steps['step']): Promise<void> {
  await step('Host', () => enroll(paths, settings));
  const api = await connect(paths, settings);
  await step('Host up', () => waitForHost(api, settings));
  await step('Data domain', () => makeDataDomain(api, paths, settings));
}

const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Problem('Interrupted')), { once: true }));

function demandRoot(): void {
  if (process.getuid?.() !== 0)
    throw new Problem(
      'ostler up needs root: it installs packages, and runs libvirt and virtual machines. Run it as root, for instance with sudo ./ostler up.',
    );
}

/** A Unix socket's path may have 107 bytes, and libvirt's lie deepest. */
function demandShortPath({ state }: Paths): void {
  if (Buffer.byteLength(state) > 60) throw new Problem(`The path ${state} is too long: sockets below it would not fit. Use at most 60 bytes.`);
}

async function prepare(paths: Paths, wish: Wish, before: Settings | undefined, step: Steps['step']): Promise<Settings> {
  const settings = await settle(paths, wish, before, chooseLibvirt);
  await demandFreePort(settings.port);
  for (const directory of [paths.state, paths.logs, paths.run, join(paths.state, 'pki'), paths.agent.state])
    await mkdir(directory, { recursive: true, mode: directory === paths.state || directory === paths.agent.state ? 0o755 : 0o700 });
  await writeSettings(paths, settings);
  await step('Keys and certificates', () => makeIdentity(paths, gatewayNames(settings.hostName), new Date()));
  await step('Portal', () => placePortal(paths));
  await writeConfigs(paths, settings);
  return settings;
}

/** Starts the supervisor in a session of its own, and shows what it does until it serves. */
async function start(from: string, paths: Paths, write: (line: string) => void, interrupted: AbortSignal): Promise<void> {
  const log = openSync(paths.log('supervisor'), 'a', 0o600);
  const main = join(from, 'apps/launcher/src/supervisor/main.ts');
  const supervisor = spawn(join(from, 'node_modules/.bin/node'), [main, '--state-dir', paths.state], { detached: true, stdio: ['ignore', log, log], cwd: '/' });
  closeSync(log);
  await once(supervisor, 'spawn');
  supervisor.unref();
  let shown = 0;
  for (;;) {
    interrupted.throwIfAborted();
    const status = await readStatus(paths.supervisor);
    const its = status?.supervisor.pid === supervisor.pid ? status : undefined;
    for (const { title, seconds } of its?.steps.slice(shown) ?? []) write(`  ${title}: done (${seconds.toFixed(1)} s)`);
    shown = its?.steps.length ?? shown;
    if (its?.phase === 'serving') return;
    if (its?.phase === 'failed') throw new Error(its.error ?? 'The processes did not start');
    if (supervisor.exitCode !== null || supervisor.signalCode !== null)
      throw new Error(`The supervisor ended before anything served; its log is ${paths.log('supervisor')}`);
    await sleep(50);
  }
}

function welcome(paths: Paths, settings: Settings): string {
  const origin = originOf(settings);
  return `
Ostler serves at ${origin}
  portal     ${origin}/portal/
  user       admin@internal
  password   in ${paths.adminPassword}
  authority  ${paths.pki.caCert} (for browsers and SDKs: ${origin}/ovirt-engine/services/pki-resource)
  API        ${origin}/ovirt-engine/api

Next: ./ostler login, then ./ostler vm list. The README has the tour.`;
}

/** In the foreground: until Ctrl-C, or until the supervisor is gone. VMs stay in either case. */
async function stay(paths: Paths, interrupted: AbortSignal, write: (line: string) => void): Promise<void> {
  write('\nCtrl-C stops Ostler; virtual machines keep running.');
  let status: SupervisorStatus | undefined;
  do {
    await sleep(1_000, undefined, { signal: interrupted }).catch(() => undefined);
    status = await checked(await readStatus(paths.supervisor));
  } while (!interrupted.aborted && status);
  if (!status) {
    write('Ostler was stopped.');
    return;
  }
  write('Stopping');
  await stopSupervisor(paths);
  write('Ostler is stopped. Virtual machines keep running.');
}
