import { randomUUID } from 'node:crypto';
import type { Api } from '@ostler/contract/schema';
import { accessReasons } from '@ostler/domain/access/reasons';
import { events } from '@ostler/domain/events/catalogue';
import { jobReasons } from '@ostler/domain/job/reasons';
import { phrases, say } from '@ostler/domain/phrases';
import { plan } from '@ostler/domain/plan';
import { refusalOf, type Refusal } from '@ostler/domain/reason';
import { emit } from '../audit/store.ts';
import { change, json, sql, there, type Transaction } from '../db/database.ts';
import type { Context } from '../http/context.ts';
import { endJob, findJob, stepsOf, type JobRow, type StepRow } from './store.ts';

/**
 * Jobs and steps of programs outside: these say what they do, and when it is over. They are shown among the others; the
 * engine never touches them.
 */

const text = phrases({
  'job.external': '{description}',
  'job.add': 'Adding the job "{job}"',
  'job.end': 'Ending the job "{job}"',
  'job.clear': 'Letting go of the job "{job}"',
  'job.add-step': 'Adding the step "{step}" to the job "{job}"',
  'job.end-step': 'Ending the step "{step}" of the job "{job}"',
});

const longest = 4096;
const textProblem = (description: string, field: string): Refusal | undefined =>
  refusalOf([(description.trim() === '' || description.length > longest) && jobReasons.job_text_unfit({ limit: longest }, field)]);

export function addExternalJob<Output>(
  { reader, mutate, correlation }: Context,
  input: Api['job'],
  answer: (id: string) => Promise<Output>,
) {
  const id = input.id ?? randomUUID();
  const description = input.description ?? '';
  const title = text['job.external']({ description });
  return mutate({
    objects: [id],
    plan: async () =>
      textProblem(description, 'job.description') ?? plan({ title: text['job.add']({ job: description }), data: description }),
    apply: async (tx) => {
      await change(
        tx,
        sql`insert into jobs (id, type, version, plan, title, external, auto_cleared, owner_id, correlation_id)
            values (${id}, 'external', 1, ${json(plan({ title, data: {} }))}, ${json(title)}, true, ${input.auto_cleared ?? true}, ${reader.user.id}, ${correlation})`,
      );
      await emit(tx, events.external_job_added({ job: description }), { job: id, user: reader.user.id }, correlation);
    },
    answer: () => answer(id),
  });
}

export function addExternalStep<Output>({ mutate }: Context, job: string, input: Api['step'], answer: (id: string) => Promise<Output>) {
  const id = input.id ?? randomUUID();
  const description = input.description ?? '';
  const parent = input.parent_step?.id?.toLowerCase();
  return mutate({
    objects: [job],
    plan: async (tx) => {
      const found = there(await findJob(tx, job));
      const steps = await stepsOf(tx, job);
      return (
        against(found) ??
        textProblem(description, 'step.description') ??
        refusalOf([
          parent !== undefined &&
            !steps.some((one) => one.id === parent) &&
            jobReasons.job_parent_step_unknown({ step: parent.slice(0, 60) }, 'step.parent_step'),
        ]) ??
        plan({ title: text['job.add-step']({ step: description, job: say(found.title) }), data: steps.length })
      );
    },
    apply: async (tx, number) => {
      await change(
        tx,
        sql`insert into job_steps (id, job_id, number, name, description, kind, parent_id, external, state, do_operation, undo_operation, started_at)
            values (${id}, ${job}, ${number}, 'external', ${description}, ${input.type ?? 'executing'}, ${parent ?? null}, true, 'doing', ${randomUUID()}, ${randomUUID()}, now())`,
      );
      await touch(tx, job);
    },
    answer: () => answer(id),
  });
}

export function endExternalStep({ mutate }: Context, job: string, id: string, succeeded: boolean) {
  return mutate({
    objects: [job],
    plan: async (tx) => {
      const found = there(await findJob(tx, job));
      const step = (await stepsOf(tx, job)).find((one) => one.id === id.toLowerCase());
      return (
        against(found) ??
        refusalOf([
          !step && accessReasons.object_not_found({ type: 'step', name: id }),
          step !== undefined && !isOpen(step) && jobReasons.job_step_is_over({ step: step.description ?? step.name }),
        ]) ??
        plan({ title: text['job.end-step']({ step: step?.description ?? '', job: say(found.title) }), data: {} })
      );
    },
    apply: async (tx) => {
      await change(tx, sql`update job_steps set state = ${succeeded ? 'done' : 'failed'}, ended_at = now() where id = ${id}`);
      await touch(tx, job);
    },
    answer: async () => ({}),
  });
}

/** Whoever ends a job by force does not come back to its steps, nor to look at it. */
export function endExternalJob({ mutate }: Context, id: string, { succeeded, force }: { succeeded: boolean; force: boolean }) {
  return mutate({
    objects: [id],
    plan: async (tx) => {
      const job = there(await findJob(tx, id));
      return against(job) ?? plan({ title: text['job.end']({ job: say(job.title) }), data: {} });
    },
    apply: async (tx) => {
      await change(
        tx,
        sql`update job_steps set state = ${force ? 'undone' : succeeded ? 'done' : 'failed'}, ended_at = now() where job_id = ${id} and state in ('pending', 'doing')`,
      );
      if (force) await change(tx, sql`update jobs set auto_cleared = true where id = ${id}`);
      await endJob(tx, id, succeeded ? 'finished' : 'failed');
    },
    answer: async () => ({}),
  });
}

/** It goes as finished jobs go. */
export function clearExternalJob({ mutate }: Context, id: string) {
  return mutate({
    objects: [id],
    plan: async (tx) => {
      const job = there(await findJob(tx, id));
      return foreign(job) ?? plan({ title: text['job.clear']({ job: say(job.title) }), data: {} });
    },
    apply: async (tx) => void (await change(tx, sql`update jobs set auto_cleared = true, updated_at = now() where id = ${id}`)),
    answer: async () => ({}),
  });
}

const isOpen = ({ state }: StepRow): boolean => state === 'pending' || state === 'doing';
const touch = (tx: Transaction, job: string) => change(tx, sql`update jobs set updated_at = now() where id = ${job}`);

const foreign = ({ external, title }: JobRow): Refusal | undefined =>
  refusalOf([!external && jobReasons.job_not_external({ job: say(title) })]);
const against = (job: JobRow): Refusal | undefined =>
  foreign(job) ?? refusalOf([job.endedAt !== null && jobReasons.job_is_over({ job: say(job.title), action: 'change' })]);
