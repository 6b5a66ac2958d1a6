import { afterAll, beforeAll, expect, test } from 'vitest';
import { adminLogin, testManager, type TestManager } from '../testing/manager.ts';

let manager: TestManager;
beforeAll(async () => {
  manager = await testManager();
});
afterAll(() => manager?.stop());

const post = (what: string, form: Record<string, string> = {}, headers: Record<string, string> = { 'ostler-portal': 'true' }) =>
  manager.server.inject({
    method: 'POST',
    url: `/ovirt-engine/sso/portal/${what}`,
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    payload: new URLSearchParams(form).toString(),
  });
const logIn = () => post('login', { username: adminLogin.name, password: adminLogin.password });
const cookieOf = (answer: { headers: Record<string, unknown> }) => String(answer.headers['set-cookie']).split(';')[0] ?? '';
const asks = (token: string) =>
  manager.server.inject({ url: '/ovirt-engine/api', headers: { authorization: `Bearer ${token}`, accept: 'application/json' } });

test('a login gives a token, and a cookie that no script sees and no other address gets', async () => {
  const answer = await logIn();
  expect(answer.statusCode).toBe(200);
  expect(answer.json()).toMatchObject({ user_name: 'admin' });
  expect((await asks(answer.json().access_token)).statusCode).toBe(200);
  for (const part of ['HttpOnly', 'Secure', 'SameSite=Strict', 'Path=/ovirt-engine/sso/portal'])
    expect(answer.headers['set-cookie']).toContain(part);
  expect(answer.headers['cache-control']).toBe('no-store');
});

test('the cookie gives the token again, until the logout, after which neither is good for anything', async () => {
  const cookie = cookieOf(await logIn());
  const again = await post('token', {}, { 'ostler-portal': 'true', cookie });
  expect(again.statusCode).toBe(200);
  await post('logout', {}, { 'ostler-portal': 'true', cookie });
  expect((await post('token', {}, { 'ostler-portal': 'true', cookie })).statusCode).toBe(401);
  expect((await asks(again.json().access_token)).statusCode).toBe(401);
});

test('a refused login says why in a sentence, and leaves no cookie', async () => {
  const answer = await post('login', { username: adminLogin.name, password: 'wrong' });
  expect([answer.statusCode, answer.headers['set-cookie']]).toEqual([401, undefined]);
  expect(answer.json().error_description).toContain('the user name or the password is wrong');
});

test('a page of another origin, which cannot set the header, gets nothing', async () => {
  const cookie = cookieOf(await logIn());
  for (const what of ['login', 'token', 'logout'])
    expect((await post(what, { username: adminLogin.name, password: adminLogin.password }, { cookie })).statusCode).toBe(403);
  expect((await post('token', {}, { 'ostler-portal': 'true', cookie })).statusCode).toBe(200);
});
