import { access } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { output } from '../command.ts';
import { answers, makeCluster, makeDatabase, serverArguments } from '../instance/database.ts';
import { startOwnLibvirtd } from '../instance/hypervisor.ts';
import { pathsIn } from '../instance/paths.ts';
import { gatewayNames, readSettings } from '../instance/settings.ts';
import { instanceDocument, writeInstance } from '../instance/document.ts';
import { appMain, tool } from '../root.ts';
import { keepRunning, type Child, type ChildSpec } from './child.ts';
import { keepCertificates } from './certificates.ts';
import { identityOf, startedAt, type ProcessIdentity } from './process.ts';
import { writeStatus, type ProcessStatus, type SupervisorStatus } from './status.ts';

/**
 * Starts what an instance consists of, in order, and starts again what ends. It lives as long as the instance does, tells how
 * things stand in a file, and ends everything but VMs and their libvirtd when it gets SIGTERM.
 */
const { values } = parseArgs({ options: { 'state-dir': { type: 'string' } } });
const state = values['state-dir'];
if (state === undefined) throw new Error('Use: main.ts --state-dir DIRECTORY');
const paths = pathsIn(state);
const now = () => Date.now();
const stop = new AbortController();
for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(name, () => stop.abort());

const settings = await readSettings(paths).then((found) => found ?? fail(`${state} has no settings: ostler up makes them`));
const me = await identityOf(process.pid).then((found) => found ?? fail('/proc is not mounted'));

function fail(why: string): never {
  throw new Error(why);
}

const children: Child[] = [];
const steps: { title: string; seconds: number }[] = [];
let phase: SupervisorStatus['phase'] = 'starting';
let failure: string | undefined;
let libvirtd: ProcessStatus | undefined;

const statusNow = (): SupervisorStatus => ({
  supervisor: me,
  phase,
  ...(failure !== undefined && { error: failure }),
  steps,
  processes: [...children.map((child) => child.status()), ...(libvirtd ? [libvirtd] : [])],
});

/** One write at a time, and always one after the newest change. */
let writing: Promise<void> | undefined;
let again = false;
function tell(): Promise<void> {
  if (writing) {
    again = true;
    return writing;
  }
  writing = (async () => {
    do {
      again = false;
      await writeStatus(paths.supervisor, statusNow());
      await writeInstance(paths, instanceDocument(paths, settings, statusNow(), now()));
    } while (again);
  })().finally(() => (writing = undefined));
  return writing;
}

async function step<T>(title: string, work: () => Promise<T>): Promise<T> {
  const start = now();
  stop.signal.throwIfAborted();
  const result = await work();
  steps.push({ title, seconds: (now() - start) / 1000 });
  await tell();
  return result;
}

async function serve(spec: Omit<ChildSpec, 'log'>): Promise<void> {
  const child = keepRunning({ ...spec, log: paths.log(spec.name) }, () => void tell(), now);
  children.push(child);
  const patience = AbortSignal.any([stop.signal, AbortSignal.timeout(60_000)]);
  await Promise.race([
    child.serving,
    new Promise((_resolve, reject) =>
      patience.addEventListener('abort', () => reject(new Error(`${spec.name} does not serve; its log is ${paths.log(spec.name)}`)), { once: true }),
    ),
  ]);
}

const node = (app: 'manager' | 'gateway' | 'agent', ...args: string[]): [string, ...string[]] => [
  tool('node'),
  appMain(app),
  ...args,
  '--config',
  paths.config(app),
];

async function startAll(own: boolean): Promise<void> {
  if (settings.databaseUrl === undefined) {
    await step('PostgreSQL', async () => {
      const cluster = await makeCluster(paths);
      await serve({
        name: 'postgresql',
        command: [`${cluster.binaries}/postgres`, ...serverArguments(paths)],
        identity: { uid: cluster.uid, gid: cluster.gid },
        ready: () => answers(paths, cluster),
        stopSignal: 'SIGINT', // without waiting for clients to leave by themselves
        grace: 60_000,
      });
      await makeDatabase(paths, cluster);
    });
  }
  await step('Database schema', () => {
    const [program, ...args] = node('manager', 'bootstrap');
    return output(program, args, { deadline: 300_000 });
  });
  if (own) await step('libvirtd', watchLibvirtd);
  await step('Controller', () => serve({ name: 'controller', command: node('manager', 'controller') }));
  await step('API', () => serve({ name: 'api', command: node('manager', 'api') }));
  await step('Gateway', () => serve({ name: 'gateway', command: node('gateway') }));
}

/** libvirtd is no child: it and its VMs stay when we go. It is looked after all the same. */
async function watchLibvirtd(): Promise<void> {
  const started = await startOwnLibvirtd(paths);
  const look = async (restarts: number): Promise<number> => {
    const pid = await started.pid();
    const found = pid === undefined ? undefined : await identityOf(pid);
    if (found) await noteLibvirtd(found, restarts);
    return found ? restarts : started.restart().then(() => restarts + 1);
  };
  let restarts = await look(0);
  const watch = async () => {
    while (!stop.signal.aborted) {
      await sleep(1_000, undefined, { signal: stop.signal }).catch(() => undefined);
      if (!stop.signal.aborted) restarts = await look(restarts).catch(() => restarts);
    }
  };
  void watch();
}

async function noteLibvirtd(found: ProcessIdentity, restarts: number): Promise<void> {
  if (libvirtd?.process?.pid === found.pid) return;
  libvirtd = { name: 'libvirtd', process: found, health: 'ok', since: await startedAt(found, now()), restarts };
  await tell();
}

/** Hosts' certificates are the controller's affair; those of this machine's own servers are ours. */
const reloading = new Set(['controller', 'api', 'gateway']);
const renewing = keepCertificates({
  paths,
  names: () => gatewayNames(settings.hostName),
  now,
  signal: stop.signal,
  renewed(what) {
    process.stdout.write(`${what}\n`);
    for (const child of children) if (reloading.has(child.status().name)) child.reload();
  },
  failed: (error) => process.stderr.write(`The certificates could not be renewed: ${String(error)}\n`),
});

/** The agent begins when this machine has been enrolled, which needs the others to serve. */
async function startAgent(): Promise<void> {
  const enrolled = () =>
    access(paths.agent.cert).then(
      () => true,
      () => false,
    );
  while (!stop.signal.aborted && !(await enrolled())) await sleep(200, undefined, { signal: stop.signal }).catch(() => undefined);
  if (!stop.signal.aborted) await serve({ name: 'agent', command: node('agent', 'serve'), grace: 20_000 });
}

await tell();
try {
  await startAll(settings.libvirt === 'own');
  phase = 'serving';
  await tell();
  await Promise.all([
    startAgent().catch((error: unknown) => process.stderr.write(`${String(error)}\n`)),
    new Promise<void>((resolve) => (stop.signal.aborted ? resolve() : stop.signal.addEventListener('abort', () => resolve(), { once: true }))),
  ]);
} catch (error) {
  if (!stop.signal.aborted) {
    phase = 'failed';
    failure = error instanceof Error ? error.message : String(error);
    process.exitCode = 1;
  }
}
if (phase !== 'failed') phase = 'stopping';
stop.abort();
await tell();
// The database last: the others still write to it.
for (const child of children.toReversed()) await child.stop();
libvirtd = undefined;
await tell();
await renewing;
process.exit();
