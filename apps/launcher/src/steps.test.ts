import { expect, test } from 'vitest';
import { lines, steps } from './steps.ts';

function clock() {
  let time = 0;
  return { now: () => time, pass: (milliseconds: number) => void (time += milliseconds) };
}

test('a long step tells now and then how far it is, and where lines stay it is not tedious', async () => {
  const written: string[] = [];
  const { now, pass } = clock();
  await steps((line) => written.push(line), now).step('Packages', async (progress) => {
    for (let percent = 0; percent <= 100; percent += 10) {
      progress(`downloading, ${percent} %`);
      pass(4_000);
    }
    return 'installed 3';
  });
  expect(written).toEqual(['  Packages: downloading, 30 %', '  Packages: downloading, 60 %', '  Packages: downloading, 90 %', '  Packages: installed 3 (44.0 s)']);
});

test('on a terminal what passes is replaced, and what stays is whole', async () => {
  let screen = '';
  const { write, passing } = lines({ isTTY: true, columns: 20, write: (text) => void (screen += text) });
  await steps(write, clock().now, passing).step('Packages', async (progress) => progress('downloading, 10 %'));
  expect(screen).toBe('\r\u001b[K  Packages …\r\u001b[K  Packages: downloa\r\u001b[K  Packages: done (0.0 s)\n');
});

test('a step that fails says so, and passes the reason on', async () => {
  const written: string[] = [];
  const failing = steps((line) => written.push(line), clock().now).step('Host', () => Promise.reject(new Error('the moon')));
  await expect(failing).rejects.toThrow('the moon');
  expect(written).toEqual(['  Host: failed (0.0 s)']);
});
