import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { requirementsOf, inputTypesOf } from '@ostler/contract/access';
import { actionDocument, actionOutput } from '@ostler/contract/action';
import {
  faultOf,
  incompleteFault,
  inputFault,
  internalFault,
  missFault,
  notBuiltFault,
  unauthenticatedFault,
  type Fault,
} from '@ostler/contract/faults';
import type { Served } from '@ostler/contract/handlers';
import { InputError, inputReasons } from '@ostler/contract/input-error';
import { missingInput } from '@ostler/contract/input';
import { readInput } from '@ostler/contract/request';
import { basePath, isAction, match, type Match } from '@ostler/contract/tree';
import { isRefusal, refuse, type Refusal } from '@ostler/domain/reason';
import { authorize, isUuid, isVisible } from '../access/authorize.ts';
import type { Logins, Reader } from '../access/login.ts';
import { removeSession } from '../access/store.ts';
import { row, sql, type Database } from '../db/database.ts';
import type { Secrets } from '../db/secrets.ts';
import type { Agents } from '../monitoring/agents.ts';
import type { Context } from './context.ts';
import { authenticate, stillValid } from './credentials.ts';
import { followLinks, type FollowContext } from './follow.ts';
import { mutate } from './mutation.ts';
import { sendActionDocument, sendFault, sendList, sendObject, sendPlan, type Wire } from './reply.ts';
import type { TicketSigner } from './tickets.ts';

export interface MountOptions {
  readonly db: Database;
  readonly logins: Logins;
  readonly secrets: Secrets;
  readonly tickets: TicketSigner;
  readonly agents: Agents;
  readonly origin: string;
  readonly now: () => number;
  readonly services: readonly AnyServed[];
  readonly log: { error(details: object, message: string): void };
  /** What answers with a media type of its own, by `service.method`. */
  readonly raw?: ReadonlyMap<string, (call: RawCall) => Promise<unknown>>;
}

/** A call that is answered by its own route: who asks was found out, and can be asked again. */
export interface RawCall {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly reader: Reader;
  readonly correlation: string;
  /** Who the reader is by now; undefined once the login is over. */
  readonly renew: () => Promise<Reader | undefined>;
}

/** The types of a service's handlers were checked where it was declared; here only names are left. */
// eslint-disable-next-line -- a Served of every service at once has no narrower common type
export type AnyServed = { readonly service: string; readonly handlers: Readonly<Record<string, (call: never) => unknown>> };
export const mounted = (served: Served<never, Context> | AnyServed): AnyServed => served;

type Handler = (call: object) => unknown;

/** Mounts every method of the contract: one way for all of them, from the request to the answer. */
export function mountApi(server: FastifyInstance, options: MountOptions): void {
  const handlers = new Map<string, Handler>();
  for (const { service, handlers: own } of options.services)
    for (const [method, handler] of Object.entries(own)) handlers.set(`${service}.${method}`, handler as Handler);
  const answer = (request: FastifyRequest, reply: FastifyReply) => serve(options, handlers, request, reply);
  server.route({ method: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'], url: basePath, handler: answer });
  server.route({ method: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'], url: `${basePath}/*`, handler: answer });
}

async function serve(
  options: MountOptions,
  handlers: ReadonlyMap<string, Handler>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const wire = wireOf(request);
  let correlation = correlationOf(request.headers['correlation-id']) ?? randomUUID();
  try {
    const found = match(request.method, request.raw.url ?? '/');
    if ('miss' in found) return await send(reply, wire, correlation, missFault(found));
    correlation = correlationOf(found.parameters['correlation_id']) ?? correlation;
    const filter = filterOf(found, request);
    const who = await authenticate(options.logins, request.headers, request.ip, filter);
    if ('refused' in who) return await refuseLogin(reply, wire, correlation, who);
    if (who.cookie !== undefined)
      reply.header('set-cookie', `JSESSIONID=${who.cookie}; Path=/ovirt-engine/api; Secure; HttpOnly; SameSite=Strict`);
    if (who.endSession !== undefined) await removeSession(options.db, who.endSession);
    const raw = found.declaration.raw === undefined ? undefined : options.raw?.get(`${found.service}.${found.method}`);
    if (raw) {
      const { reader } = who;
      const renew = async () =>
        (await stillValid(options.db, options.logins, request)) ? options.logins.reader(reader.user.id, filter) : undefined;
      return await raw({ request, reply, reader, correlation, renew });
    }
    return await call(options, handlers, { found, reader: who.reader, correlation, wire, request, reply });
  } catch (thrown) {
    if (thrown instanceof InputError) return send(reply, wire, correlation, inputFault(thrown));
    options.log.error({ correlation, problem: thrown instanceof Error ? thrown.stack : String(thrown) }, 'a request failed');
    return send(reply, wire, correlation, internalFault(correlation));
  }
}

interface Request {
  readonly found: Match;
  readonly reader: Reader;
  readonly correlation: string;
  readonly wire: Wire;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

async function call(
  options: MountOptions,
  handlers: ReadonlyMap<string, Handler>,
  { found, reader, correlation, wire, request, reply }: Request,
): Promise<unknown> {
  const { access } = found;
  const handler = handlers.get(`${found.service}.${found.method}`);
  if (!access || !handler) return send(reply, wire, correlation, notBuiltFault(found));
  const body = found.verb === 'GET' ? '' : bodyOf(request);
  const read = readInput(found, body);
  const own = correlationOf(read.parameters.correlation_id) ?? correlation;
  const unfit = unfitId(found, read.input);
  if (unfit) return send(reply, wire, own, faultOf(unfit));
  const lacking = missingInput(found.declaration, read.input);
  if (lacking.length > 0) return send(reply, wire, own, incompleteFault(found, lacking));
  const absent = await firstAbsent(options.db, reader, found);
  if (absent) return send(reply, wire, own, missFault({ miss: 'path', status: 404 }));
  const problem = await refusedAccess(options.db, reader, found, read.input);
  if (problem) return send(reply, wire, own, problem);

  const parameters: Readonly<Record<string, unknown>> = { ...found.parameters, ...read.parameters };
  const context: Context = {
    db: options.db,
    reader,
    correlation: own,
    secrets: options.secrets,
    tickets: options.tickets,
    agents: options.agents,
    origin: options.origin,
    now: options.now,
    mutate: (mutation) => mutate({ db: options.db, correlation: own, dryRun: parameters['dry_run'] === true, reader }, mutation),
  };
  const outcome = await handler({
    service: found.service,
    method: found.method,
    template: found.template,
    ids: found.ids,
    input: read.input,
    parameters,
    ...context,
  });
  return respond(reply, wire, own, found, parameters, outcome, { handlers, context });
}

/** What goes by other ids than UUIDs: a permit by its number, a label of a network by its text. */
const otherIds: ReadonlySet<string | undefined> = new Set(['permit', 'network_label']);

/** Clients may choose the id of what they add: a UUID, as nearly all ids of ours are. */
function unfitId({ method, declared: { type } }: Match, input: object | undefined): Refusal | undefined {
  const id: unknown = method === 'add' && !otherIds.has(type) && input !== undefined && 'id' in input ? input.id : undefined;
  if (typeof id !== 'string' || isUuid(id)) return undefined;
  return refuse(inputReasons.input_wrong_value({ expected: 'a UUID', found: id.slice(0, 60) }, `${type ?? ''}.id`));
}

/** Every object on the way must be there and visible to the reader: a path never tells of more than its reader may see. */
async function firstAbsent(db: Database, reader: Reader, found: Match): Promise<boolean> {
  for (const [type, id] of Object.entries(found.ids)) {
    if (parts.has(type) && !isUuid(id)) return true;
    if (located.has(type) && !(await isVisible(db, reader, type, id))) return true;
  }
  return false;
}
/** What is only looked for in what it belongs to, by a UUID. */
const parts = new Set([
  'nic',
  'disk_attachment',
  'storage_connection',
  'step',
  'role',
  'ssh_public_key',
  'user_option',
  'quota_cluster_limit',
  'quota_storage_limit',
]);
const located = new Set([
  'vm',
  'disk',
  'storage_domain',
  'data_center',
  'cluster',
  'host',
  'network',
  'vnic_profile',
  'template',
  'image_transfer',
  'mac_pool',
  'cpu_profile',
  'disk_profile',
  'permission',
  'job',
  'snapshot',
  'user',
  'group',
  'qos',
  'quota',
  'tag',
  'bookmark',
  'affinity_group',
  'affinity_label',
]);

async function refusedAccess(db: Database, reader: Reader, found: Match, input: unknown): Promise<Fault | undefined> {
  const { access, declared } = found;
  if (!access || !('needs' in access)) return undefined;
  if (access.orOwnerOf !== undefined && (await owns(db, reader, access.orOwnerOf, found.ids[access.orOwnerOf]))) return undefined;
  const wrapped = isAction(found.method) || declared.type === undefined ? { ...Object(input) } : { [declared.type]: input };
  const required = requirementsOf(access.needs, {
    template: found.template,
    ids: found.ids,
    input: wrapped,
    inputTypes: inputTypesOf(found),
    parameters: found.parameters,
  });
  if ('missing' in required) return incompleteFault(found, [required.missing.replace(/^\w+\./, '')]);
  const refusal = await authorize(db, reader, required.requirements);
  return refusal && faultOf(refusal);
}

async function respond(
  reply: FastifyReply,
  wire: Wire,
  correlation: string,
  found: Match,
  parameters: Readonly<Record<string, unknown>>,
  outcome: unknown,
  following: FollowContext,
): Promise<unknown> {
  if (outcome === undefined && ['get', 'update', 'remove', 'add'].includes(found.method))
    return send(reply, wire, correlation, missFault({ miss: 'path', status: 404 }));
  if (isRefusal(outcome)) return send(reply, wire, correlation, faultOf(outcome));
  reply.header('Correlation-Id', correlation);
  if (isDryRun(outcome)) return sendPlan(reply, wire, outcome.plan);
  const started = isStarted(outcome) ? outcome : undefined;
  const output = started ? started.started : outcome;
  const { type, root } = found.declared;
  const follow = typeof parameters['follow'] === 'string' && parameters['follow'].trim() !== '' ? parameters['follow'] : undefined;
  if (found.method === 'list' && type && root !== undefined) {
    const rows = output as Iterable<object> | AsyncIterable<object>;
    if (follow === undefined) return sendList(reply, wire, type, root, rows);
    const followed = await followLinks(type, follow, await collect(rows), following);
    return 'refused' in followed ? send(reply, wire, correlation, faultOf(followed)) : sendList(reply, wire, type, root, followed.objects);
  }
  if (found.method === 'remove' || isAction(found.method))
    return sendActionDocument(reply, wire, actionOutput(found.declaration), actionDocument('complete', Object(output ?? {}), started?.job));
  if (!type) return reply.send(output);
  if (follow !== undefined) {
    const followed = await followLinks(type, follow, [Object(output)], following);
    return 'refused' in followed
      ? send(reply, wire, correlation, faultOf(followed))
      : sendObject(reply, wire, type, followed.objects[0] ?? {}, 200);
  }
  const created = found.method === 'add';
  return sendObject(reply, wire, type, Object(output), created ? (started ? 202 : 201) : 200);
}

async function collect(rows: Iterable<object> | AsyncIterable<object>): Promise<object[]> {
  const all: object[] = [];
  for await (const one of rows) all.push(one);
  return all;
}

async function owns(db: Database, reader: Reader, type: string, id: string | undefined): Promise<boolean> {
  if (id === undefined) return false;
  if (type === 'user') return id === reader.user.id;
  return (
    type === 'job' && isUuid(id) && (await row(db, sql`select 1 from jobs where id = ${id} and owner_id = ${reader.user.id}`)) !== undefined
  );
}

const isDryRun = (outcome: unknown): outcome is { plan: object } => typeof outcome === 'object' && outcome !== null && 'plan' in outcome;
const isStarted = (outcome: unknown): outcome is { started: unknown; job: string } =>
  typeof outcome === 'object' && outcome !== null && 'started' in outcome && 'job' in outcome;

function send(reply: FastifyReply, wire: Wire, correlation: string, fault: Fault): unknown {
  reply.header('Correlation-Id', correlation);
  return sendFault(reply, wire, fault);
}

function refuseLogin(reply: FastifyReply, wire: Wire, correlation: string, who: { refused: string; seconds?: number }): unknown {
  if (who.refused === 'not_permitted' || who.refused === 'filter_required') {
    const detail =
      who.refused === 'filter_required'
        ? '[Only administrators may ask with filter=false.]'
        : '[This user has no role that lets them log in.]';
    return send(reply, wire, correlation, { status: 403, fault: { reason: 'Operation Failed', detail, code: who.refused } });
  }
  // libgovirt sends a GET with a body's length and no body after a 401: the connection must not be read on.
  reply.header('WWW-Authenticate', 'Basic realm="Ostler"').header('Connection', 'close');
  if (who.seconds !== undefined) reply.header('Retry-After', String(who.seconds));
  return send(reply, wire, correlation, unauthenticatedFault());
}

function wireOf(request: FastifyRequest): Wire {
  const accept = String(request.headers.accept ?? '').toLowerCase();
  const json = accept.indexOf('application/json');
  const xml = accept.indexOf('application/xml');
  if (json >= 0 && (xml < 0 || json < xml)) return 'json';
  if (xml >= 0) return 'xml';
  // Without a wish the answer speaks as the question did.
  return accept.includes('*/*') && String(request.headers['content-type'] ?? '').includes('json') ? 'json' : 'xml';
}

function bodyOf(request: FastifyRequest): string {
  return typeof request.body === 'string' ? request.body : '';
}

/** RHV keeps what is safe in a log line, at most 36 characters (infra.md 8.3). */
function correlationOf(given: unknown): string | undefined {
  const text = typeof given === 'string' ? given.replace(/[^\w.:-]/g, '').slice(0, 36) : '';
  return text === '' ? undefined : text;
}

function filterOf(found: Match, request: FastifyRequest): boolean | undefined {
  const asked = found.parameters['filter'];
  if (typeof asked === 'boolean') return asked;
  const header = String(request.headers['filter'] ?? '').toLowerCase();
  return header === 'true' ? true : header === 'false' ? false : undefined;
}
