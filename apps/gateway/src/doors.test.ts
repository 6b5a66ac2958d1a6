import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TLSSocket } from 'node:tls';
import { issue } from '@ostler/pki/authority';
import { bench, type Bench } from './gateway.test-support.ts';

let door: Bench;
beforeAll(async () => {
  door = await bench();
});
afterAll(() => door.stop());

describe("the authority's certificate", () => {
  const address = '/ovirt-engine/services/pki-resource?resource=ca-certificate&format=X509-PEM-CA';

  test('is where RHV has it, for everybody', async () => {
    expect(await door.ask(address)).toMatchObject({
      status: 200,
      text: door.ca,
      headers: { 'content-type': expect.stringContaining('application/x-x509-ca-cert') },
    });
    expect((await door.ask('/ovirt-engine/services/pki-resource?resource=ca-certificate')).text).toBe(door.ca);
    expect(await door.ask(address, { method: 'HEAD' })).toMatchObject({ status: 200, text: '' });
  });

  test('is the only thing there, and only to be read', async () => {
    expect((await door.ask('/ovirt-engine/services/pki-resource?resource=engine-certificate')).status).toBe(404);
    expect((await door.ask(address.replace('X509-PEM-CA', 'OPENSSH-PUBKEY'))).status).toBe(404);
    expect((await door.ask(address, { method: 'POST', body: '' })).status).toBe(405);
  });
});

test.each([
  '/',
  '/ovirt-engine',
  '/ovirt-engine/',
  '/nowhere',
  '/ovirt-engine/services/pki-resource?resource=ca-certificate',
  '/images/x',
  '/ovirt-engine/api',
])('the answer at %s tells browsers to be careful', async (path) => {
  door.api = (_request, response) => void response.end('{}');
  const { headers } = await door.ask(path);
  expect(headers).toMatchObject({
    'strict-transport-security': expect.stringContaining('max-age='),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'x-frame-options': 'DENY',
  });
});

test('another certificate is shown to whoever comes from now on, and nobody who is there is sent away', async () => {
  const alone = await bench();
  try {
    alone.api = (_request, response) => void response.end('{}');
    const early = await alone.dial();
    const before = early.getPeerCertificate().fingerprint256;
    const [next, forHosts] = await Promise.all(
      [
        { commonName: 'gateway', role: 'gateway', names: ['localhost'] } as const,
        { commonName: 'manager', role: 'manager' } as const,
      ].map((subject) => issue(alone.authority, subject, new Date())),
    );
    if (!next || !forHosts) throw new Error('Two were issued');
    alone.gateway.renew(next, { ca: alone.ca, ...forHosts });
    const late = await alone.dial();
    expect(late.getPeerCertificate().fingerprint256).not.toBe(before);
    late.destroy();
    early.write('GET /ovirt-engine/api HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n');
    const [answer] = await once(early, 'data');
    expect(String(answer)).toContain('200 OK');
    early.destroy();
    alone.host = (request, response) => void response.end((request.socket as TLSSocket).getPeerCertificate().subject.CN);
    expect((await alone.ask(`/images/${await alone.ticket()}`)).text).toBe('manager');
  } finally {
    await alone.stop();
  }
});

test('pages and answers of the api load nothing and are framed by nobody; the api may say more', async () => {
  door.api = (_request, response) => void response.end('{}');
  expect((await door.ask('/ovirt-engine/api')).headers['content-security-policy']).toContain("frame-ancestors 'none'");
  expect((await door.ask('/')).headers['content-security-policy']).toContain("default-src 'none'");
  door.api = (_request, response) => void response.setHeader('content-security-policy', 'sandbox').end('{}');
  expect((await door.ask('/ovirt-engine/api')).headers['content-security-policy']).toBe('sandbox');
});

test.each([
  '/../etc/passwd',
  '/ovirt-engine/../api',
  '/ovirt-engine/apis',
  '/ovirt-engine/%61pi',
  '//ovirt-engine/api',
  '/ovirt-engine//api',
  '/OVIRT-ENGINE/api',
  '/images',
  '/images/',
  '/consoles//x',
  '/metrics',
  'http://elsewhere.example/ovirt-engine/api',
  '*',
])('%s leads nowhere', async (target) => {
  const reached: string[] = [];
  door.api = (request, response) => {
    reached.push(request.url ?? '');
    response.end();
  };
  const answer = await door.raw(`GET ${target} HTTP/1.1\r\nHost: m\r\nConnection: close\r\n\r\n`);
  expect(answer).toMatch(/^HTTP\/1.1 40[04] /);
  expect(reached).toEqual([]);
});

test('a path that climbs below the api reaches it as it stands, and nothing else', async () => {
  const reached: string[] = [];
  door.api = (request, response) => {
    reached.push(request.url ?? '');
    response.writeHead(404).end();
  };
  await door.raw('GET /ovirt-engine/api/../../images/x HTTP/1.1\r\nHost: m\r\nConnection: close\r\n\r\n');
  expect(reached).toEqual(['/ovirt-engine/api/../../images/x']);
});

test('a request whose head is longer than any is not passed on', async () => {
  let reached = false;
  door.api = (_request, response) => {
    reached = true;
    response.end();
  };
  const answer = await door.raw(`GET /ovirt-engine/api HTTP/1.1\r\nHost: m\r\nX-Long: ${'x'.repeat(64 * 1024)}\r\n\r\n`);
  // The answer may be lost in the reset that follows it.
  expect(answer).toMatch(/^(HTTP\/1.1 431 .*)?$/s);
  expect(reached).toBe(false);
});

test('CONNECT and upgrades to anything but a console are not carried out', async () => {
  expect(await door.raw('CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: m\r\n\r\n')).not.toMatch(/^HTTP\/1.1 2/);
  door.api = (_request, response) => void response.end('plain');
  const answer = await door.raw(
    'GET /ovirt-engine/api HTTP/1.1\r\nHost: m\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\n\r\n',
  );
  expect(answer).toMatch(/^HTTP\/1.1 200 .*plain/s);
});

describe('closing', () => {
  test('lets what is going on come to its end, and takes nobody in any more', async () => {
    const closing = await bench();
    let finish: (() => void) | undefined;
    const begun = new Promise<void>((resolve) => {
      closing.api = (_request, response) => {
        finish = () => void response.end('done');
        resolve();
      };
    });
    const asked = closing.ask('/ovirt-engine/api');
    await begun;
    const closed = closing.gateway.close(10_000);
    await expect(closing.dial()).rejects.toThrow();
    finish?.();
    expect((await asked).text).toBe('done');
    await closed;
    await closing.stop().catch(() => undefined);
  });

  test('does not wait longer than its patience', async () => {
    const closing = await bench();
    const begun = new Promise<void>((resolve) => {
      closing.api = () => resolve();
    });
    const asked = closing.ask('/ovirt-engine/api').catch((error: Error) => error);
    await begun;
    await closing.gateway.close(50);
    expect(await asked).toBeInstanceOf(Error);
    await closing.stop().catch(() => undefined);
  });

  test('ends connections that are idle, and those that never said a word', async () => {
    const closing = await bench();
    const silent = await closing.dial();
    const ended = once(silent, 'close');
    silent.resume().on('error', () => undefined);
    await closing.gateway.close(50);
    await ended;
    expect(silent.destroyed).toBe(true);
    await closing.stop().catch(() => undefined);
  });
});
