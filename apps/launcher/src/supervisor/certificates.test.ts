import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { makeIdentity } from '../instance/identity.ts';
import { pathsIn, type Paths } from '../instance/paths.ts';
import { keepCertificates } from './certificates.ts';

let paths: Paths;
beforeEach(async () => {
  paths = pathsIn(await mkdtemp(join(tmpdir(), 'ostler-certificates-')));
  await mkdir(join(paths.state, 'pki'));
});
afterEach(() => rm(paths.state, { recursive: true }));

test('certificates are made anew at two thirds of their life, while everything runs, and once', async () => {
  const began = Date.parse('2030-01-01T00:00:00Z');
  await makeIdentity(paths, ['a.example'], new Date(began));
  const before = await readFile(paths.pki.gatewayCert, 'utf8');
  let [now, looks] = [began, 0];
  const stop = new AbortController();
  const renewed = vi.fn<(what: string) => void>();
  const clock = () => {
    looks += 1;
    return now;
  };
  const kept = keepCertificates({ paths, names: () => ['a.example'], now: clock, signal: stop.signal, renewed, failed: (error) => expect.fail(String(error)), lookEvery: 1 });
  const lookedAgain = async () => {
    const seen = looks;
    await vi.waitFor(() => expect(looks).toBeGreaterThan(seen + 1));
  };
  await lookedAgain();
  expect(renewed).not.toHaveBeenCalled();
  now += 270 * 86_400_000;
  await vi.waitFor(() => expect(renewed).toHaveBeenCalled());
  await lookedAgain();
  expect(renewed.mock.calls).toEqual([['made certificate of the gateway, certificate of the manager']]);
  expect(await readFile(paths.pki.gatewayCert, 'utf8')).not.toBe(before);
  stop.abort();
  await kept;
});
