import { expect, test } from 'vitest';
import { parseHead } from './http-head.ts';

const head = (...lines: string[]) => parseHead(lines.join('\r\n'));

test('a request is read with its headers by lower-case name', () => {
  expect(head('PUT /images/x?flush=n HTTP/1.1', 'Host: h:1', 'CONTENT-LENGTH: 12', 'Expect: 100-continue')).toMatchObject({
    method: 'PUT',
    target: '/images/x?flush=n',
    headers: { host: 'h:1', 'content-length': '12' },
    framing: 12,
    keepAlive: true,
    expectsContinue: true,
  });
});

test('connections stay open with HTTP/1.1 unless told, and with HTTP/1.0 when told', () => {
  expect(head('GET / HTTP/1.1', 'Host: h', 'Connection: Close')?.keepAlive).toBe(false);
  expect(head('GET / HTTP/1.0')?.keepAlive).toBe(false);
  expect(head('GET / HTTP/1.0', 'Connection: keep-alive')?.keepAlive).toBe(true);
});

test('a body without a length cannot be framed', () => {
  expect(head('PUT / HTTP/1.1', 'Host: h', 'Transfer-Encoding: chunked')?.framing).toBe('unknown');
  expect(head('PUT / HTTP/1.1', 'Host: h', 'Content-Length: 0')?.framing).toBe('none');
});

test.each([
  ['no request', ['hello']],
  ['a space too many', ['GET  / HTTP/1.1', 'Host: h']],
  ['another protocol', ['GET / HTTP/2.0', 'Host: h']],
  ['no host', ['GET / HTTP/1.1']],
  ['two lengths', ['PUT / HTTP/1.1', 'Host: h', 'Content-Length: 1', 'Content-Length: 1']],
  ['a length and an encoding', ['PUT / HTTP/1.1', 'Host: h', 'Content-Length: 1', 'Transfer-Encoding: chunked']],
  ['a length that is none', ['PUT / HTTP/1.1', 'Host: h', 'Content-Length: +1']],
  ['a length beyond all numbers', ['PUT / HTTP/1.1', 'Host: h', 'Content-Length: 9999999999999999']],
  ['a space before the colon', ['GET / HTTP/1.1', 'Host : h']],
  ['a folded line', ['GET / HTTP/1.1', 'Host: h', 'A: b', ' c']],
  ['a line feed alone', ['GET / HTTP/1.1', 'Host: h\nContent-Length: 5']],
])('%s is not understood', (_, lines) => {
  expect(head(...lines)).toBeUndefined();
});
