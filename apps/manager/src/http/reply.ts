import { Readable } from 'node:stream';
import { setImmediate as othersTurn } from 'node:timers/promises';
import type { FastifyReply } from 'fastify';
import type { Fault } from '@ostler/contract/faults';
import { elementOf, type Shape } from '@ostler/contract/fields';
import { closeJson, openJson, rowJson, shapeToJson, toJson } from '@ostler/contract/json';
import type { TypeName } from '@ostler/contract/names';
import { closeXml, openXml, rowXml, shapeToXml, toXml, xmlHeader } from '@ostler/contract/xml-writer';

export type Wire = 'xml' | 'json';

const mediaType: Readonly<Record<Wire, string>> = { xml: 'application/xml; charset=UTF-8', json: 'application/json' };

export function sendObject(reply: FastifyReply, wire: Wire, type: TypeName, value: object, status: number): unknown {
  if (status === 201 && 'href' in value && typeof value.href === 'string') reply.header('Location', value.href);
  return reply
    .code(status)
    .type(mediaType[wire])
    .send(wire === 'xml' ? toXml(type, value) : JSON.stringify(toJson(type, value)));
}

export const sendPlan = (reply: FastifyReply, wire: Wire, plan: object): unknown => sendObject(reply, wire, 'plan', plan, 200);
export const sendFault = (reply: FastifyReply, wire: Wire, { status, fault }: Fault): unknown =>
  sendObject(reply, wire, 'fault', fault, status);

export function sendActionDocument(reply: FastifyReply, wire: Wire, shape: Shape, document: object): unknown {
  const text = wire === 'xml' ? xmlHeader + shapeToXml(shape, document) : JSON.stringify(shapeToJson(shape, document));
  return reply.code(200).type(mediaType[wire]).send(text);
}

/** Rows are written as they come, in pieces of about 64 KiB: a list of any length costs neither memory nor others their turn. */
export function sendList(
  reply: FastifyReply,
  wire: Wire,
  type: TypeName,
  root: string,
  rows: Iterable<object> | AsyncIterable<object>,
): unknown {
  return reply
    .type(mediaType[wire])
    .send(Readable.from(wire === 'xml' ? xmlRows(type, root, rows) : jsonRows(type, rows), { objectMode: false, highWaterMark: 2 }));
}

const pieceSize = 64 * 1024;

async function* xmlRows(type: TypeName, root: string, rows: Iterable<object> | AsyncIterable<object>): AsyncGenerator<string> {
  let piece = openXml(root);
  for await (const one of rows) {
    piece += rowXml(type, one);
    if (piece.length < pieceSize) continue;
    await othersTurn();
    yield piece;
    piece = '';
  }
  yield piece + closeXml(root);
}

async function* jsonRows(type: TypeName, rows: Iterable<object> | AsyncIterable<object>): AsyncGenerator<string> {
  let piece = openJson(elementOf(type));
  let between = '';
  for await (const one of rows) {
    piece += between + rowJson(type, one);
    between = ',';
    if (piece.length < pieceSize) continue;
    await othersTurn();
    yield piece;
    piece = '';
  }
  yield piece + closeJson;
}
