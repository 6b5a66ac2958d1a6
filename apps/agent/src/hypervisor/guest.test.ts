import { expect, test } from 'vitest';
import { readFileSystems, readUsers } from './guest.ts';

const disk = '9b1c2d3e-1111-4222-8333-944455566677';

test('a file system is on the disks whose serial numbers its guest sees, be they cut off', () => {
  const answer = [
    { mountpoint: '/', type: 'ext4', 'total-bytes': 100, 'used-bytes': 40, disk: [{ serial: disk.slice(0, 20) }] },
    { mountpoint: '/', type: 'ext4', disk: [] },
    { mountpoint: '/data', type: 'xfs', disk: [{ serial: disk }, { serial: 'x' }] },
    { mountpoint: 'D:\\', disk: [{ serial: '' }] },
    'nonsense',
  ];
  expect(readFileSystems(answer, [disk])).toEqual([
    { mountPoint: '/', type: 'ext4', total: 100, used: 40, disks: [disk] },
    { mountPoint: '/data', type: 'xfs', disks: [disk] },
    { mountPoint: 'D:\\', type: '', disks: [] },
  ]);
  expect(readFileSystems(undefined, [])).toBeUndefined();
});

test('a user has a name, and a domain and a time where the guest says so', () => {
  const answer = [{ user: 'root', 'login-time': 12.5 }, { user: 'ann', domain: 'CORP', 'login-time': -1 }, { domain: 'x' }];
  expect(readUsers(answer)).toEqual([
    { name: 'root', since: 12_500 },
    { name: 'ann', domain: 'CORP' },
  ]);
  expect(readUsers('x')).toBeUndefined();
});
