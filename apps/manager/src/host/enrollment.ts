import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { events } from '@ostler/domain/events/catalogue';
import { certificateNames, enrollmentReasons, planEnrollment, readEnrollment, type Enrollment } from '@ostler/domain/host/enrollment';
import { isRefusal, refuse, sentence, type Refusal } from '@ostler/domain/reason';
import { fingerprint, issueForRequest, renewAt, type Identity } from '@ostler/pki/authority';
import { emit } from '../audit/store.ts';
import type { Database } from '../db/database.ts';
import { takeTurn } from '../jobs/locks.ts';
import { enrollmentThrottle } from './enrollment-throttle.ts';
import { insertHost, isGoodToken, registeredHosts, renewHost, spendToken, spmIdsIn, tokenForUse } from './enrollment-store.ts';

/**
 * Where a machine becomes a host: it shows its token and a certificate request, and is answered its id and certificate.
 * There is no login: who has the token may enroll one machine, and nothing else.
 */
export function mountEnrollment(server: FastifyInstance, db: Database, authority: Identity, now: () => number): void {
  const throttle = enrollmentThrottle(now);
  server.post('/ovirt-engine/services/host-enrollment', { bodyLimit: 64 * 1024 }, async (request, reply) => {
    const seconds = throttle.admit(request.ip);
    if (seconds > 0) {
      reply.header('retry-after', seconds);
      return refused(reply, refuse(enrollmentReasons.enrollment_throttled({ seconds })));
    }
    const document = parsed(request.body);
    const { token, rest } = readEnrollment(document);
    if (token === '') return refused(reply, refuse(enrollmentReasons.enrollment_field_missing({ field: 'token' }, 'token')));
    if (!(await isGoodToken(db, token))) return refused(reply, refuse(enrollmentReasons.enrollment_token_unknown('token')));
    // Whoever has a good token is no stranger, however often they mistype the rest.
    throttle.succeeded(request.ip);
    if (isRefusal(rest)) return refused(reply, rest);
    const outcome = await enroll(db, authority, new Date(now()), { ...rest, token });
    return isRefusal(outcome) ? refused(reply, outcome) : reply.header('cache-control', 'no-store').send(outcome);
  });
}

interface Enrolled {
  readonly host_id: string;
  readonly certificate: string;
  readonly ca: string;
}

function enroll(db: Database, authority: Identity, now: Date, machine: Enrollment): Promise<Enrolled | Refusal> {
  return db.transaction().execute(async (tx): Promise<Enrolled | Refusal> => {
    // Ids and names are given out one after the other.
    await takeTurn(tx, ['host enrollment']);
    const token = await tokenForUse(tx, machine.token);
    if (!token) return refuse(enrollmentReasons.enrollment_token_unknown('token'));
    const facts = { hosts: await registeredHosts(tx), spmIds: await spmIdsIn(tx, token.cluster, token.dataCenter) };
    const planned = planEnrollment(machine, token, facts);
    if (isRefusal(planned)) return planned;
    const id = 'known' in planned ? planned.known.id : randomUUID();
    const name = 'known' in planned ? planned.known.name : machine.name;
    const names = certificateNames({ id, address: machine.address, name: machine.name });
    const certificate = await issueForRequest(authority, machine.request, { commonName: id, role: 'host', names }, now).catch(
      () => undefined,
    );
    if (certificate === undefined) return refuse(enrollmentReasons.enrollment_request_unfit('request'));
    const host = { id, address: machine.address, port: machine.port, fingerprint: fingerprint(certificate), renewAt: renewAt(certificate) };
    if ('known' in planned) await renewHost(tx, host);
    else await insertHost(tx, { ...host, name, cluster: token.cluster, spmId: planned.spmId, hardwareUuid: machine.hardwareUuid });
    await spendToken(tx, machine.token, id);
    const about = { host: id, cluster: token.cluster };
    await emit(tx, 'known' in planned ? events.host_enrolled_again({ host: name }) : events.host_added({ host: name }), about);
    return { host_id: id, certificate, ca: authority.cert };
  });
}

function parsed(body: unknown): unknown {
  try {
    return JSON.parse(typeof body === 'string' ? body : '');
  } catch {
    return undefined;
  }
}

/** 401 for a token that is not good, 429 for too many of them, 400 with the field for everything else: what the agent's enrollment tells its user. */
function refused(reply: FastifyReply, { refused: all }: Refusal): unknown {
  const [first] = all;
  return reply
    .code(first.class === 'forbidden' ? 401 : first.class === 'unavailable' ? 429 : 400)
    .header('cache-control', 'no-store')
    .send({ reason: 'Operation Failed', detail: `[${all.map(sentence).join(' ')}]`, code: first.code, field: first.field });
}
