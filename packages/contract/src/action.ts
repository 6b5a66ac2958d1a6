import { fieldOf, newShape, type Shape } from './fields.ts';
import type { Api } from './schema.ts';
import type { MethodDeclaration } from './service-language.ts';
import { basePath } from './tree.ts';

/** How an action ended, or that it has not yet. RHV: `pending` and `in_progress` go with 202. */
export type ActionStatus = 'complete' | 'failed' | 'pending' | 'in_progress';

/** What every action takes besides its own parameters. */
const commonElements = { async: 'boolean', correlation_id: 'string' } as const;

const sent = new WeakMap<MethodDeclaration, Shape>();
const answered = new WeakMap<MethodDeclaration, Shape>();

/** The `<action>` that a client sends to a method. */
export const actionInput = (method: MethodDeclaration): Shape => shapeIn(sent, method, { ...commonElements, ...method.action });

/** The `<action>` that answers it: status, job and fault, and what the method has to say (a ticket, a URL). */
export const actionOutput = (method: MethodDeclaration): Shape =>
  shapeIn(answered, method, { status: 'creation_status', job: 'job', fault: 'fault', ...method.out });

function shapeIn(shapes: WeakMap<MethodDeclaration, Shape>, method: MethodDeclaration, elements: Readonly<Record<string, string>>): Shape {
  const known = shapes.get(method);
  if (known) return known;
  const made = newShape(
    'action',
    Object.entries(elements).map(([name, reference]) => fieldOf(name, reference)),
  );
  shapes.set(method, made);
  return made;
}

/** The answer to an action or a removal, to be written with the shape `actionOutput(method)`. `job` is the id of the job that does it. */
export function actionDocument(status: ActionStatus, output: object = {}, job?: string): object {
  return { status, ...(job === undefined ? {} : { job: { id: job, href: `${basePath}/jobs/${job}` } }), ...output };
}

/** The fault as it stands in a failed action; a fault of its own is understood as well. */
export const failedAction = (fault: Api['fault']): object => actionDocument('failed', { fault });
