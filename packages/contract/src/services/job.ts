import { needs, permit, system, visible } from '../access.ts';
import type { ServiceDeclarations } from '../service-language.ts';

/** Events, and jobs with their steps. */
export const jobServices = {
  events: {
    paths: ['events'],
    type: 'event',
    root: 'events',
    methods: {
      list: { access: visible, query: { from: 'integer', max: 'integer', search: 'string', case_sensitive: 'boolean' } },
      add: { access: needs(permit('inject_external_events', system)), mandatory: ['custom_id', 'description', 'origin', 'severity'] },
      undelete: { access: needs(permit('audit_log_management', system)) },
    },
  },
  event: {
    paths: ['events/{event}'],
    type: 'event',
    methods: {
      get: { access: visible },
      remove: { access: needs(permit('audit_log_management', system)) },
    },
  },
  jobs: {
    paths: ['jobs'],
    type: 'job',
    root: 'jobs',
    methods: {
      list: { access: visible, query: { search: 'string', case_sensitive: 'boolean', max: 'integer' } },
      add: { access: needs(permit('inject_external_tasks', system)), mandatory: ['description'] },
    },
  },
  job: {
    paths: ['jobs/{job}'],
    type: 'job',
    methods: {
      get: { access: visible },
      clear: { access: needs(permit('inject_external_tasks', system)) },
      end: { access: needs(permit('inject_external_tasks', system)), action: { force: 'boolean', succeeded: 'boolean' } },
      cancel: { access: needs(permit('inject_external_tasks', system), { orOwnerOf: 'job' }), ostler: true },
      resume: { access: needs(permit('inject_external_tasks', system), { orOwnerOf: 'job' }), ostler: true },
      abandon: { access: needs(permit('inject_external_tasks', system), { orOwnerOf: 'job' }), ostler: true },
    },
  },
  steps: {
    paths: ['jobs/{job}/steps'],
    type: 'step',
    root: 'steps',
    methods: {
      list: { access: visible, query: { max: 'integer' } },
      add: { access: needs(permit('inject_external_tasks', system)), mandatory: ['description', 'type'] },
    },
  },
  step: {
    paths: ['jobs/{job}/steps/{step}'],
    type: 'step',
    methods: {
      get: { access: visible },
      end: {
        access: needs(permit('inject_external_tasks', system)),
        action: { force: 'boolean', succeeded: 'boolean' },
        mandatory: ['succeeded'],
      },
    },
  },
} as const satisfies ServiceDeclarations;
