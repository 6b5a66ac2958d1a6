import { expect, test } from 'vitest';
import { passwordXml } from './graphics.ts';

const domain = `<domain><devices>
  <graphics type='vnc' socket='/run/ostler/vnc/a.sock' keymap='en-us' passwdValidTo='1970-01-01T00:00:01'>
    <listen type='socket' socket='/run/ostler/vnc/a.sock'/>
  </graphics>
</devices></domain>`;
const until = Date.UTC(2030, 0, 2, 3, 4, 5);

test('a new password changes the password and its end, and nothing else of the device', () => {
  const xml = passwordXml(domain, 'vnc', { password: 'once', until });
  expect(xml).toContain("passwd='once' passwdValidTo='2030-01-02T03:04:05'");
  expect(xml).toContain("socket='/run/ostler/vnc/a.sock' keymap='en-us'");
  expect(xml).toContain("<listen type='socket' socket='/run/ostler/vnc/a.sock'/>");
  expect(xml).not.toContain('1970');
});

test('no password can say anything but a password', () => {
  expect(passwordXml(domain, 'vnc', { password: `'/><evil a="&`, until })).toContain("passwd='&apos;/&gt;&lt;evil a=&quot;&amp;'");
});

test('a VM without the device has none to set a password of', () => {
  expect(passwordXml(domain, 'spice', { password: 'once', until })).toBeUndefined();
});
