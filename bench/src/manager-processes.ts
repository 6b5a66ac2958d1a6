/** The manager as it runs: its processes beside a PostgreSQL with fsync, reached over the api's unix socket. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestDatabase, testDatabase } from '@ostler/manager/db/test-database';
import { createAuthority, issue } from '@ostler/pki/authority';
import { newTicketKeys } from '@ostler/pki/tickets';

const program = join(import.meta.dirname, '../../apps/manager/src/main.ts');
const startDeadline = 60_000;

export interface Manager {
  readonly database: TestDatabase;
  readonly directory: string;
  readonly socket: string;
  readonly api: ManagerProcess;
  /** A bearer token of the administrator. */
  readonly token: string;
  start(command: 'api' | 'controller'): Promise<ManagerProcess>;
  stop(): Promise<void>;
}

export interface ManagerProcess {
  readonly pid: number;
  /** From spawn to its first word that it serves. */
  readonly startMs: number;
  /** Resident now, and the most so far, in MiB. */
  memory(): Promise<{ now: number; most: number }>;
  cpuSeconds(): Promise<number>;
  stop(): Promise<void>;
}

/** `fill` gets the bootstrapped database before the api starts. */
export async function startManager(fill: (database: TestDatabase) => Promise<void>): Promise<Manager> {
  const directory = await mkdtemp(join(tmpdir(), 'ostler-bench-'));
  const database = await testDatabase({ durable: true });
  const processes: ManagerProcess[] = [];
  const stop = async () => {
    for (const one of processes) await one.stop();
    await database.stop();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const socket = join(directory, 'api.sock');
    const password = randomBytes(12).toString('base64url');
    const config = await writeConfig(directory, { databaseUrl: database.url, socket, password });
    await (
      await run('bootstrap', config)
    ).ended;
    await fill(database);
    const start = async (command: 'api' | 'controller') => {
      const { ended: _, ...started } = await run(command, config);
      processes.push(started);
      return started;
    };
    const api = await start('api');
    return { database, directory, socket, api, token: await logIn(socket, password), start, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function writeConfig(directory: string, wish: { databaseUrl: string; socket: string; password: string }): Promise<string> {
  const at = (name: string) => join(directory, name);
  const now = new Date();
  const authority = await createAuthority('Bench CA', now);
  const manager = await issue(authority, { commonName: 'manager', role: 'manager' }, now);
  const files: Record<string, string | Buffer> = {
    'ca.pem': authority.cert,
    'ca.key': authority.key,
    'manager.pem': manager.cert,
    'manager.key': manager.key,
    'ticket.key': newTicketKeys().privateKey,
    'secrets.key': randomBytes(32),
    password: wish.password,
  };
  for (const [name, content] of Object.entries(files)) await writeFile(at(name), content, { mode: 0o600 });
  const config = {
    databaseUrl: wish.databaseUrl,
    secretsKeyFile: at('secrets.key'),
    pki: {
      caCert: at('ca.pem'),
      caKey: at('ca.key'),
      managerCert: at('manager.pem'),
      managerKey: at('manager.key'),
      ticketKey: at('ticket.key'),
    },
    api: { socket: wish.socket },
    origin: 'https://manager.bench:8443',
    adminPasswordFile: at('password'),
    instance: 'bench',
  };
  await writeFile(at('manager.json'), JSON.stringify(config));
  return at('manager.json');
}

async function run(command: string, config: string): Promise<ManagerProcess & { ended: Promise<unknown> }> {
  const began = performance.now();
  const child = spawn(process.execPath, [program, command, '--config', config], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  await ready(child, ended, command);
  const startMs = performance.now() - began;
  const pid = child.pid ?? 0;
  return {
    pid,
    startMs,
    ended,
    memory: async () => {
      const status = await readFile(`/proc/${pid}/status`, 'utf8');
      const mebibytes = (name: string) => Number(new RegExp(`^${name}:\\s*(\\d+) kB`, 'm').exec(status)?.[1] ?? Number.NaN) / 1024;
      return { now: mebibytes('VmRSS'), most: mebibytes('VmHWM') };
    },
    cpuSeconds: async () => {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
      // After the command's name in parentheses: state, …, and user and system time in ticks of 10 ms.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return (Number(fields[11]) + Number(fields[12])) / 100;
    },
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await ended;
      clearTimeout(late);
    },
  };
}

async function ready(child: ChildProcess, ended: Promise<unknown>, command: string): Promise<void> {
  if (!child.stdout) throw new Error('A process without stdout says nothing');
  const lines = createInterface({ input: child.stdout });
  const said: string[] = [];
  const isReady = new Promise<void>((resolve) => {
    lines.on('line', (line) => {
      if (line.includes('"ready":true')) resolve();
      else if (said.push(line) > 20) said.shift();
    });
  });
  const late = setTimeout(() => child.kill('SIGKILL'), startDeadline);
  const over = ended.then(() => Promise.reject(new Error(`manager ${command} ended before it was ready: ${said.join('\n')}`)));
  await Promise.race([isReady, over]).finally(() => clearTimeout(late));
  // Whether it ends later is its owner's business.
  over.catch(() => undefined);
}

async function logIn(socket: string, password: string): Promise<string> {
  const form = new URLSearchParams({ grant_type: 'password', scope: 'ovirt-app-api', username: 'admin@internal', password });
  const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' };
  const answer = await ask(new Agent(), socket, '/ovirt-engine/sso/oauth/token', { method: 'POST', headers, body: form.toString() });
  const document: unknown = JSON.parse(answer.text);
  const token = typeof document === 'object' && document !== null && 'access_token' in document ? document.access_token : undefined;
  if (typeof token !== 'string') throw new Error(`No token came from the login: ${answer.status}`);
  return token;
}

export interface Question {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** One exchange over the api's socket, read to its end. */
export function ask(agent: Agent, socketPath: string, path: string, question: Question = {}): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers, body } = question;
    const asking = request({ agent, socketPath, path, method, headers, timeout: 60_000 }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
    });
    asking.on('timeout', () => asking.destroy(new Error(`${path} was not answered within a minute`)));
    asking.on('error', reject);
    asking.end(body);
  });
}
