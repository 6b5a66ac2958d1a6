import { sentence, reasons, type Reason, type ReasonClass, type Refusal } from '@ostler/domain/reason';
import { say } from '@ostler/domain/phrases';
import type { Plan } from '@ostler/domain/plan';
import type { InputError } from './input-error.ts';
import type { Api } from './schema.ts';
import { basePath, isAction, type Miss, type Route } from './tree.ts';

/** What a request is refused with: an HTTP status and the `<fault>` that goes with it. */
export interface Fault {
  readonly status: number;
  readonly fault: Api['fault'];
}

export const requestReasons = reasons({
  method_not_built: { class: 'not_built', text: 'Ostler does not have {verb} {path} yet.' },
  path_unknown: { class: 'not_found', text: 'There is nothing at this path.' },
  path_not_decodable: { class: 'bad_input', text: 'The path or its parameters are not correctly encoded.' },
  version_not_supported: { class: 'bad_input', text: 'Version {version} of the API is not supported; there is version 4.' },
  parameter_wrong: { class: 'bad_input', text: 'The parameter {parameter} must be {expected}.' },
});

const statuses: Readonly<Record<ReasonClass, number>> = {
  bad_input: 400,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  not_built: 501,
  unavailable: 503,
};
/** Which status answers for several reasons: bad input wins, then a conflict, as in RHV. */
const precedence: readonly ReasonClass[] = ['bad_input', 'conflict', 'not_built', 'unavailable', 'forbidden', 'not_found'];

/**
 * `<fault><reason>Operation Failed</reason><detail>[sentence, sentence]</detail></fault>`, as RHV's clients read it. Ours add the code of the
 * first reason and the field that it is about.
 */
export function faultOf({ refused }: Refusal): Fault {
  const [first] = refused;
  const worst = precedence.find((one) => refused.some((reason) => reason.class === one)) ?? first.class;
  return newFault(statuses[worst], `[${refused.map(sentence).join(', ')}]`, { code: first.code, field: first.field });
}

const newFault = (status: number, detail: string, { reason = 'Operation Failed', ...more }: Partial<Api['fault']> = {}): Fault => ({
  status,
  fault: { reason, detail, ...more },
});

export const inputFault = ({ reason }: InputError): Fault => faultOf({ refused: [reason] });

/** RHV's words for missing mandatory input: `Vm [name, cluster.id|name] required for add`. */
export function incompleteFault({ method, declared }: Pick<Route, 'method' | 'declared'>, missing: readonly string[]): Fault {
  const what = isAction(method) ? 'Action' : pascalCase(declared.type ?? '');
  const detail = `${what} [${missing.join(', ')}] required for ${method}`;
  const field = [...(isAction(method) || declared.type === undefined ? [] : [declared.type]), missing[0] ?? ''].join('.');
  return newFault(400, detail, { reason: 'Incomplete parameters', code: 'input_incomplete', field });
}

const pascalCase = (name: string): string => name.replace(/(?:^|_)(\w)/g, (_whole, letter: string) => letter.toUpperCase());

export function notBuiltFault({ verb, method, template }: Pick<Route, 'verb' | 'method' | 'template'>): Fault {
  const path = `${basePath}/${template}${isAction(method) ? `/${method}` : ''}`;
  return faultOf({ refused: [requestReasons.method_not_built({ verb, path })] });
}

/** What answers a request that leads to no method. */
export function missFault(miss: Miss): Fault {
  if (miss.miss === 'method') {
    return newFault(405, `[This path answers ${miss.allowed.join(', ')} only.]`, { code: 'method_not_allowed' });
  }
  return faultOf({ refused: [missReason(miss)] });
}

function missReason(miss: Exclude<Miss, { miss: 'method' }>): Reason {
  if (miss.miss === 'path') return requestReasons.path_unknown();
  if (miss.miss === 'encoding') return requestReasons.path_not_decodable();
  if (miss.miss === 'version') return requestReasons.version_not_supported({ version: miss.version });
  return requestReasons.parameter_wrong({ parameter: miss.parameter, expected: miss.expected }, miss.parameter);
}

/** 401: no credentials, or ones that are over. Goes with a `WWW-Authenticate` header, without which libgovirt does not even log in. */
export const unauthenticatedFault = (): Fault =>
  newFault(401, '[Log in, or log in again: there is no valid session or token.]', { code: 'unauthenticated' });

/** 500: our own mistake, of which only the correlation id is said; the rest is in the log under it. */
export const internalFault = (correlationId: string): Fault =>
  newFault(500, `[Internal error. The log has more under the correlation id ${correlationId}.]`, { code: 'internal' });

const reasonDocument = (reason: Reason): Api['reason'] => ({ code: reason.code, text: sentence(reason), field: reason.field });

/** What may be done with an object, for its `action_states`: allowed, or why not. */
export const actionState = (name: string, refusal: Refusal | undefined): Api['action_state'] => ({
  name,
  allowed: refusal === undefined,
  reasons: (refusal?.refused ?? []).map(reasonDocument),
});

/** The answer to a dry run: the plan in words with the names of its steps, or why there is none. */
export function planDocument(plan: Plan<unknown> | Refusal, steps: readonly Api['plan_step'][] = []): Api['plan'] {
  if ('refused' in plan) return { allowed: false, reasons: plan.refused.map(reasonDocument) };
  return {
    allowed: true,
    title: say(plan.title),
    checks: plan.checks.map(say),
    effects: plan.effects.map(say),
    uses: plan.uses.map(({ kind, where, amount }) => ({ kind, where, amount })),
    steps: [...steps],
  };
}
