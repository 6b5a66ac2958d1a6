import { href, linked } from '@ostler/contract/links';
import type { Api } from '@ostler/contract/schema';
import { events } from '@ostler/domain/events/catalogue';
import { jobReasons } from '@ostler/domain/job/reasons';
import { phrases, say } from '@ostler/domain/phrases';
import { plan } from '@ostler/domain/plan';
import { isRefusal, refuse, type Reason } from '@ostler/domain/reason';
import type { Reader } from '../access/login.ts';
import { emit } from '../audit/store.ts';
import { there, type Transaction } from '../db/database.ts';
import { serve, type Context } from '../http/context.ts';
import { mounted } from '../http/mount.ts';
import { searchSql } from '../search/sql.ts';
import { addExternalJob, addExternalStep, clearExternalJob, endExternalJob, endExternalStep } from './external.ts';
import { abandonJob, findJob, requestCancel, resumeJob, stepsOf, type JobRow, type JobState, type StepRow } from './store.ts';
import { findJobView, listJobs, searchColumns, type JobView } from './view.ts';

const text = phrases({ 'job.cancel': 'Cancelling: {job}', 'job.resume': 'Resuming: {job}', 'job.abandon': 'Abandoning: {job}' });

const collection = serve('jobs', {
  async list({ db, reader, parameters, now }) {
    const search = searchSql('jobs', searchColumns, parameters, now());
    return isRefusal(search) ? search : (await listJobs(db, reader, search)).map((job) => document(job, reader));
  },
  add: (call) => addExternalJob(call, call.input, async (id) => document(there(await findJobView(call.db, call.reader, id)), call.reader)),
});

const item = serve('job', {
  async get({ db, reader, ids }) {
    const job = await findJobView(db, reader, ids.job);
    return job && document(job, reader);
  },
  end: (call) => endExternalJob(call, call.ids.job, { succeeded: call.input.succeeded ?? true, force: call.input.force ?? false }),
  clear: (call) => clearExternalJob(call, call.ids.job),
  cancel: (call) =>
    steer(call, call.ids.job, {
      against: ({ state, title, external }) =>
        external
          ? jobReasons.job_is_external({ job: say(title) })
          : isOver(state)
            ? jobReasons.job_is_over({ job: say(title), action: 'cancel' })
            : state === 'running'
              ? undefined
              : jobReasons.job_cannot_be_cancelled({ job: say(title) }),
      title: (job) => text['job.cancel']({ job }),
      act: (tx, job) => requestCancel(tx, job),
      event: events.job_cancel_requested,
    }),
  resume: (call) =>
    steer(call, call.ids.job, {
      against: stuckOnly('resume'),
      title: (job) => text['job.resume']({ job }),
      act: (tx, job) => resumeJob(tx, job),
      event: events.job_resumed,
    }),
  abandon: (call) =>
    steer(call, call.ids.job, {
      against: stuckOnly('abandon'),
      title: (job) => text['job.abandon']({ job }),
      act: (tx, job) => abandonJob(tx, job),
      event: events.job_abandoned,
    }),
});

const steps = serve('steps', {
  async list({ db, reader, ids, parameters }) {
    const job = await findJobView(db, reader, ids.job);
    return job ? (await stepsOf(db, job.id)).map((step) => stepDocument(job, step)).slice(0, parameters.max) : [];
  },
  add: (call) =>
    addExternalStep(call, call.ids.job, call.input, async (id) => {
      const job = there(await findJobView(call.db, call.reader, call.ids.job));
      return stepDocument(job, there((await stepsOf(call.db, job.id)).find((step) => step.id === id)));
    }),
});

const stepItem = serve('step', {
  end: (call) => endExternalStep(call, call.ids.job, call.ids.step, call.input.succeeded ?? true),
  async get({ db, reader, ids }) {
    const job = await findJobView(db, reader, ids.job);
    const found = job && (await stepsOf(db, job.id)).find((one) => one.id === ids.step);
    return found && stepDocument(job, found);
  },
});

export const jobServices = [mounted(collection), mounted(item), mounted(steps), mounted(stepItem)];

interface Steering {
  readonly against: (job: JobRow) => Reason | undefined;
  readonly title: (job: string) => { code: string; parameters: Readonly<Record<string, string | number>> };
  readonly act: (tx: Transaction, job: string) => Promise<unknown>;
  readonly event: (parameters: { job: string; user: string }) => Parameters<typeof emit>[1];
}

/** What a person tells a job to do; who did is in the event log. */
function steer({ reader, mutate, correlation }: Context, id: string, { against, title, act, event }: Steering) {
  return mutate({
    objects: [id],
    plan: async (tx) => {
      const job = await findJob(tx, id);
      if (!job) throw new Error('The job vanished while it was looked at');
      const problem = against(job);
      return problem ? refuse(problem) : plan({ title: title(say(job.title)), data: { job: say(job.title) } });
    },
    apply: async (tx, { job }) => {
      await act(tx, id);
      await emit(tx, event({ job, user: reader.user.userName }), { job: id, user: reader.user.id }, correlation);
    },
    answer: async () => ({}),
  });
}

const isOver = (state: JobState): boolean => state === 'finished' || state === 'failed' || state === 'aborted';

const stuckOnly =
  (action: string) =>
  ({ state, title }: JobRow): Reason | undefined => {
    if (isOver(state)) return jobReasons.job_is_over({ job: say(title), action });
    return state === 'needs_attention' ? undefined : jobReasons.job_needs_no_attention({ job: say(title), state });
  };

const ended: Readonly<Partial<Record<JobState, 'finished' | 'failed' | 'aborted'>>> = {
  finished: 'finished',
  failed: 'failed',
  aborted: 'aborted',
};

function document(job: JobView, reader: Reader): Api['job'] {
  return linked(
    {
      id: job.id,
      description: say(job.title),
      status: ended[job.state] ?? ('started' as const),
      start_time: job.startedAt,
      last_updated: job.updatedAt,
      ...(job.endedAt && { end_time: job.endedAt }),
      external: job.external,
      auto_cleared: job.autoCleared,
      progress: job.state === 'finished' || job.steps === 0 ? 100 : Math.floor(job.done / job.steps),
      needs_attention: job.state === 'needs_attention',
      cancel_requested: job.cancelRequested,
      correlation_id: job.correlation,
      // What an agent or a storage said may name hosts and paths, which are not for the user of one VM.
      ...(job.error && { problem: reader.filtered ? `It failed (${job.error.code}). An administrator can see why.` : job.error.message }),
      ...(job.owner !== null &&
        (!reader.filtered || job.owner === reader.user.id) && { owner: { id: job.owner, href: href('user', { user: job.owner }) } }),
    },
    'jobs/{job}',
    { job: job.id },
  );
}

const stepStatus = {
  pending: 'unknown',
  doing: 'started',
  done: 'finished',
  undoing: 'started',
  undone: 'aborted',
  failed: 'failed',
} as const satisfies Record<StepRow['state'], NonNullable<Api['step']['status']>>;

function stepDocument(job: JobView, step: StepRow): Api['step'] {
  return {
    id: step.id,
    href: href('step', { job: job.id, step: step.id }),
    description: step.description ?? say({ code: `step.${step.name}`, parameters: {} }),
    number: step.number,
    type: (step.kind as Api['step']['type'] | null) ?? 'executing',
    // A step stays as it was when its job was abandoned; the job's end is its end.
    status: job.endedAt && (step.state === 'doing' || step.state === 'undoing') ? 'aborted' : stepStatus[step.state],
    external: step.external,
    ...(step.parent !== null && { parent_step: { id: step.parent, href: href('step', { job: job.id, step: step.parent }) } }),
    ...(step.progress !== null && { progress: step.progress }),
    ...(step.startedAt && { start_time: step.startedAt }),
    ...(step.endedAt && { end_time: step.endedAt }),
    job: { id: job.id, href: href('job', { job: job.id }) },
  };
}
