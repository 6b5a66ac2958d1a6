import { randomUUID } from 'node:crypto';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { createAuthority, issue, type Identity } from '@ostler/pki/authority';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startRelay, type Relay } from './relay.ts';
import { consoleTickets, type ConsoleTickets } from './tickets.ts';

let ca: Identity;
let relay: Relay;
let tickets: ConsoleTickets;
const consoleSide: Socket[] = [];
const echo = createServer((socket) => {
  consoleSide.push(socket);
  socket.on('error', () => socket.destroy());
});
const grant = { vm: 'vm', run: 'run', console: 'serial' } as const;

beforeAll(async () => {
  ca = await createAuthority('Test authority', new Date());
  const tls = await issue(ca, { commonName: 'host', role: 'host', names: ['localhost', '127.0.0.1'] }, new Date());
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
  tickets = consoleTickets(() => Date.now());
  const open = async ({ vm }: { vm: string }) => {
    if (vm === 'broken') throw new Error('no such console');
    return connect((echo.address() as AddressInfo).port, '127.0.0.1');
  };
  relay = await startRelay({ address: '127.0.0.1', port: 0, tls, tickets, open, log: () => undefined });
});
afterAll(async () => {
  await relay.stop();
  consoleSide.forEach((socket) => socket.destroy());
  echo.close();
});

function dial(path: string): Promise<{ client?: WebSocket; status?: number }> {
  const client = new WebSocket(`wss://127.0.0.1:${relay.port}${path}`, ['binary'], { ca: ca.cert });
  return new Promise((resolve) => {
    client.on('open', () => resolve({ client }));
    client.on('unexpected-response', (request, response) => {
      resolve({ status: response.statusCode ?? 0 });
      request.destroy();
    });
    client.on('error', () => resolve({ status: 0 }));
  });
}
const pushed = (vm = 'vm') => {
  const ticket = randomUUID();
  tickets.push(ticket, { ...grant, vm }, 60_000);
  return ticket;
};

test('without a ticket there is no way in, and with one there is one way in', async () => {
  expect(await dial(`/consoles/${randomUUID()}`)).toEqual({ status: 403 });
  expect(await dial('/elsewhere')).toEqual({ status: 403 });
  const ticket = pushed();
  const { client } = await dial(`/consoles/${ticket}`);
  expect(client?.protocol).toBe('binary');
  expect(await dial(`/consoles/${ticket}`)).toEqual({ status: 403 });
  client?.terminate();
});

test('a console that cannot be opened is a bad gateway', async () => {
  expect(await dial(`/consoles/${pushed('broken')}`)).toEqual({ status: 502 });
});

test('bytes go both ways, and the end of the console is the end of the socket', async () => {
  const { client } = await dial(`/consoles/${pushed()}`);
  await expect.poll(() => consoleSide.length).toBeGreaterThan(0);
  const far = consoleSide.at(-1);
  const heard: Buffer[] = [];
  far?.on('data', (chunk: Buffer) => heard.push(chunk));
  client?.send(Buffer.from('to the guest'));
  await expect.poll(() => Buffer.concat(heard).toString()).toBe('to the guest');
  const message = new Promise((resolve) => client?.once('message', resolve));
  far?.write('from the guest');
  expect(String(await message)).toBe('from the guest');
  const closed = new Promise((resolve) => client?.once('close', resolve));
  far?.end();
  expect(await closed).toBe(1000);
});

test('a client that does not read holds the console up, and gets everything when it reads again', async () => {
  const { client } = await dial(`/consoles/${pushed()}`);
  await expect.poll(() => consoleSide.at(-1)?.readyState).toBe('open');
  const far = consoleSide.at(-1);
  client?.pause();
  const megabyte = Buffer.alloc(1024 * 1024, 'x');
  for (let n = 0; n < 64; n += 1) far?.write(megabyte);
  const samples: (number | undefined)[] = [];
  const still = () => {
    samples.push(far?.writableLength);
    return samples.length > 3 && new Set(samples.slice(-3)).size === 1;
  };
  await expect.poll(still, { interval: 100, timeout: 5_000 }).toBe(true);
  expect(samples.at(-1)).toBeGreaterThan(40 * megabyte.length);

  let got = 0;
  client?.on('message', (data: Buffer) => (got += data.length));
  client?.resume();
  await expect.poll(() => got, { timeout: 10_000 }).toBe(64 * megabyte.length);
  client?.terminate();
});
