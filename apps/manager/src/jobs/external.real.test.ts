import { afterAll, beforeAll, expect, test } from 'vitest';
import { proves } from '@ostler/contract/coverage';
import { dueJobs, pruneJobs } from './store.ts';
import { testManager, type TestManager } from '../testing/manager.ts';

let manager: TestManager;
beforeAll(async () => {
  manager = await testManager();
});
afterAll(() => manager?.stop());

const added = async (path: string, body: object) => {
  const answer = await manager.ask('POST', path, body);
  expect([path, answer.status, answer.body.detail]).toEqual([path, 201, undefined]);
  return answer.body;
};
const code = async (path: string, body: object = {}) => (await manager.ask('POST', path, body)).body.code;
const old = (id: string) => manager.database.pool.query(`update jobs set ended_at = now() - interval '2 hours' where id = $1`, [id]);

test('a program outside adds a job with steps, and ends them', async () => {
  const job = await added('jobs', { description: 'Nightly backup of {everything}', auto_cleared: false });
  expect(job).toMatchObject({ description: 'Nightly backup of {everything}', status: 'started', external: 'true', auto_cleared: 'false' });
  const steps = `jobs/${job.id}/steps`;
  const first = await added(steps, { description: 'Freezing', type: 'validating' });
  const part = await added(steps, { description: 'Copying', type: 'executing', parent_step: { id: first.id } });
  expect(part).toMatchObject({ status: 'started', external: 'true', type: 'executing', parent_step: { id: first.id }, number: '1' });
  expect((await manager.ask('POST', `${steps}/${first.id}/end`, { succeeded: true })).status).toBe(200);
  expect((await manager.ask('POST', `${steps}/${part.id}/end`, { succeeded: false })).status).toBe(200);
  expect((await manager.ask('GET', steps)).body.step).toMatchObject([{ status: 'finished' }, { status: 'failed' }]);
  expect(await code(`${steps}/${part.id}/end`, { succeeded: true })).toBe('job_step_is_over');
  expect(await code(steps, { description: 'x', type: 'executing', parent_step: { id: job.id } })).toBe('job_parent_step_unknown');
  expect(await code(`jobs/${job.id}/cancel`)).toBe('job_is_external');
  expect(await dueJobs(manager.db)).toEqual([]);
  expect((await manager.ask('POST', `jobs/${job.id}/end`, { succeeded: false })).status).toBe(200);
  expect((await manager.ask('GET', `jobs/${job.id}`)).body).toMatchObject({ status: 'failed', end_time: expect.anything() });
  expect(await code(`jobs/${job.id}/end`)).toBe('job_is_over');
  expect(await code(steps, { description: 'late', type: 'executing' })).toBe('job_is_over');
  // What a program wants to keep stays until it lets go of it.
  await old(job.id);
  await pruneJobs(manager.db);
  expect((await manager.ask('GET', `jobs/${job.id}`)).status).toBe(200);
  expect((await manager.ask('POST', `jobs/${job.id}/clear`, {})).status).toBe(200);
  await pruneJobs(manager.db);
  expect((await manager.ask('GET', `jobs/${job.id}`)).status).toBe(404);
  proves('jobs.add', 'steps.add', 'step.end', 'step.get', 'job.end', 'job.clear');
});

test('who ends a job by force ends its open steps, and lets go of it', async () => {
  const job = await added('jobs', { description: 'Import', auto_cleared: false });
  const step = await added(`jobs/${job.id}/steps`, { description: 'Reading', type: 'executing' });
  await manager.ask('POST', `jobs/${job.id}/end`, { succeeded: true, force: true });
  expect((await manager.ask('GET', `jobs/${job.id}`)).body).toMatchObject({ status: 'finished', auto_cleared: 'true' });
  expect((await manager.ask('GET', `jobs/${job.id}/steps/${step.id}`)).body).toMatchObject({ status: 'aborted', description: 'Reading' });
});

test('the manager’s own jobs are not ended from outside', async () => {
  const id = (
    await manager.database.pool.query<{ id: string }>(
      `insert into jobs (id, type, version, plan, title, correlation_id) values (gen_random_uuid(), 'start-vm', 1, '{}', '{"code":"vm.start","parameters":{"vm":"x"}}', 'c') returning id`,
    )
  ).rows[0]?.id;
  for (const [path, body] of [
    [`jobs/${id}/end`, {}],
    [`jobs/${id}/clear`, {}],
    [`jobs/${id}/steps`, { description: 'x', type: 'executing' }],
  ] as const)
    expect([path, await code(path, body)]).toEqual([path, 'job_not_external']);
  await manager.database.pool.query('delete from jobs where id = $1', [id]);
});
