import type { TypeDeclarations } from '../names.ts';

/** Jobs, their steps, and events. */
export const jobTypes = {
  job: {
    extends: 'identified',
    attributes: {
      status: 'job_status',
      start_time: 'date?readonly',
      end_time: 'date?readonly',
      last_updated: 'date?readonly',
      external: 'boolean',
      auto_cleared: 'boolean',
      /** Percent of the steps that are done. */
      progress: 'integer?readonly,ostler',
      /** It can neither finish nor be unwound by itself: a person resumes or abandons it. `problem` says why. */
      needs_attention: 'boolean?readonly,ostler',
      cancel_requested: 'boolean?readonly,ostler',
      problem: 'string?readonly,ostler',
      correlation_id: 'string?readonly,ostler',
    },
    links: {
      owner: 'user',
      steps: 'step[]',
    },
  },
  step: {
    extends: 'identified',
    attributes: {
      type: 'step_enum',
      number: 'integer',
      status: 'step_status',
      start_time: 'date?readonly',
      end_time: 'date?readonly',
      external: 'boolean',
      external_type: 'external_system_type',
      progress: 'integer',
    },
    links: {
      parent_step: 'step',
      job: 'job',
      statistics: 'statistic[]',
      execution_host: 'host',
    },
  },
  event: {
    extends: 'identified',
    attributes: {
      index: 'integer',
      code: 'integer',
      severity: 'log_severity',
      time: 'date?readonly',
      correlation_id: 'string',
      origin: 'string',
      custom_id: 'integer',
      flood_rate: 'integer',
      log_on_host: 'boolean',
      custom_data: 'string',
    },
    links: {
      user: 'user',
      vm: 'vm',
      storage_domain: 'storage_domain',
      host: 'host',
      template: 'template',
      cluster: 'cluster',
      data_center: 'data_center',
    },
  },
} as const satisfies TypeDeclarations;
