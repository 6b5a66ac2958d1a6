import type { TypeDeclarations } from '../names.ts';

/** What a dry run answers, and why an action is not allowed: additions of ours, never part of what RHV's clients get unasked. */
export const planTypes = {
  reason: {
    ostler: true,
    attributes: {
      code: 'string',
      text: 'string',
      field: 'string',
    },
  },
  action_state: {
    ostler: true,
    attributes: {
      name: 'string',
      allowed: 'boolean',
      reasons: 'reason[]',
    },
  },
  plan: {
    ostler: true,
    attributes: {
      allowed: 'boolean',
      title: 'string',
      checks: 'string[]',
      effects: 'string[]',
      uses: 'plan_use[]',
      steps: 'plan_step[]',
      reasons: 'reason[]',
    },
  },
  plan_use: {
    ostler: true,
    attributes: {
      kind: 'string',
      where: 'string',
      amount: 'double',
    },
  },
  plan_step: {
    ostler: true,
    attributes: {
      name: 'string',
      title: 'string',
    },
  },
  fault: {
    attributes: {
      reason: 'string',
      detail: 'string',
      code: 'string?ostler',
      field: 'string?ostler',
    },
  },
} as const satisfies TypeDeclarations;
