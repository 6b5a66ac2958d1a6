import { expect, test } from 'vitest';
import { curlOf } from './curl.ts';

test('a request is written as a shell takes it, quotes and all', () => {
  expect(curlOf({ method: 'POST', url: 'https://m/ovirt-engine/api/vms', body: '{"name":"Jo\'s"}' })).toBe(
    `curl --cacert ca.pem -X POST \\
  -H "Authorization: Bearer $TOKEN" -H "Accept: application/json" \\
  -H "Content-Type: application/json" \\
  -d '{
  "name": "Jo'\\''s"
}' \\
  'https://m/ovirt-engine/api/vms'`,
  );
});

test('without a body nothing is said of one', () => {
  expect(curlOf({ method: 'DELETE', url: 'https://m/x', body: undefined })).not.toContain('Content-Type');
});
