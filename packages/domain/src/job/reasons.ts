import { reasons } from '../reason.ts';

export const jobReasons = reasons({
  job_is_external: { class: 'conflict', text: 'The job "{job}" belongs to a program outside, which ends it itself.' },
  job_not_external: {
    class: 'conflict',
    text: 'The job "{job}" is the manager’s own: only jobs from outside are ended and cleared from outside.',
  },
  job_step_is_over: { class: 'conflict', text: 'The step "{step}" is over already.' },
  job_parent_step_unknown: { class: 'bad_input', text: 'The job has no step {step} that this one could be part of.' },
  job_text_unfit: { class: 'bad_input', text: 'A description has 1 to {limit} characters.' },
  // RHV's clients look for "related operation" and try again.
  related_operation_in_progress: {
    class: 'conflict',
    text: 'Related operation is currently in progress: {job} holds {object}. Try again when it has finished, or cancel it.',
  },
  job_is_over: { class: 'conflict', text: 'The job "{job}" has ended; there is nothing left to {action}.' },
  job_needs_no_attention: {
    class: 'conflict',
    text: 'The job "{job}" is {state} and goes on by itself; only one that needs attention can be resumed or abandoned.',
  },
  job_cannot_be_cancelled: {
    class: 'conflict',
    text: 'The job "{job}" is past the point from which it could be unwound. It can only go forward.',
  },
});
