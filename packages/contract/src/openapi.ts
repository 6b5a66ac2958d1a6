import type { Access } from './access.ts';
import { actionInput, actionOutput } from './action.ts';
import { elementOf, readReference, type Field, type Held, fieldOf } from './fields.ts';
import type { TypeDeclaration } from './language.ts';
import { typeNames } from './names.ts';
import { enums, types } from './schema.ts';
import { allMethods, basePath, isAction, parametersOf, type Route } from './tree.ts';

/** A piece of the document. */
export type Json = { [key: string]: unknown };

/**
 * The API as an OpenAPI 3.1 document, all from the declarations. What is declared and not built is there with `x-ostler-not-built`, what
 * RHV does not have with `x-ostler-addition`, and every built operation with the permits that it needs.
 */
export function openapi(version: string): Json {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Ostler',
      version,
      description: 'The version 4 API of RHV and oVirt, as Ostler answers it.',
      license: { name: 'Apache-2.0' },
    },
    servers: [{ url: basePath }],
    security: [{ token: [] }, { password: [] }],
    paths: paths(),
    components: {
      schemas: schemas(),
      responses: { fault: { description: 'Refused, with the reason', content: content(ref('fault')) } },
      securitySchemes: { token: { type: 'http', scheme: 'bearer' }, password: { type: 'http', scheme: 'basic' } },
    },
  };
}

const ref = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });
const content = (schema: Json): Json => ({ 'application/json': { schema }, 'application/xml': { schema } });

function schemas(): Json {
  const objects = typeNames.map((name) => [name, typeSchema(types[name])] as const);
  const values = Object.entries(enums).map(([name, all]) => [name, { type: 'string', enum: [...all] }] as const);
  return Object.fromEntries([...objects, ...values, ['link', linkSchema]]);
}

const linkSchema: Json = {
  type: 'object',
  properties: { rel: { type: 'string' }, href: { type: 'string' } },
  required: ['rel', 'href'],
};

function typeSchema(declared: TypeDeclaration): Json {
  const fields = Object.entries({ ...declared.attributes, ...declared.links });
  const properties = fields.map(([name, reference]) => fieldOf(name, reference, false, declared.elements?.[name] ?? name));
  const own = {
    type: 'object',
    properties: { ...common(declared), ...Object.fromEntries(properties.map((field) => [field.wire, fieldSchema(field)])) },
  };
  const addition = declared.ostler ? { 'x-ostler-addition': true } : {};
  return declared.extends === undefined ? { ...own, ...addition } : { allOf: [ref(declared.extends), own], ...addition };
}

/** What every object may carry, said once at the root of each line of inheritance. */
const common = (declared: TypeDeclaration): Json =>
  declared.extends === undefined
    ? {
        href: { type: 'string', readOnly: true },
        link: { type: 'array', items: ref('link'), readOnly: true },
        actions: { type: 'object', properties: { link: { type: 'array', items: ref('link') } }, readOnly: true },
      }
    : {};

function fieldSchema(field: Field): Json {
  const one = heldSchema(field.holds);
  const { flags } = field;
  return {
    ...(field.list ? { type: 'object', properties: { [field.item]: { type: 'array', items: one } } } : one),
    ...(flags.has('readonly') && { readOnly: true }),
    ...(flags.has('secret') && { writeOnly: true }),
    ...(flags.has('deprecated') && { deprecated: true }),
    ...(flags.has('ostler') && { 'x-ostler-addition': true }),
  };
}

/** Integers and booleans are written as strings and read in either form; dates are milliseconds in JSON. */
function heldSchema(holds: Held): Json {
  switch (holds.kind) {
    case 'type':
      return ref(holds.type);
    case 'enum':
      return ref(holds.enum);
    case 'string':
      return { type: 'string' };
    case 'integer':
      return { type: ['string', 'integer'], pattern: '^-?[0-9]+$' };
    case 'boolean':
      return { type: ['string', 'boolean'], pattern: '^(true|false)$' };
    case 'double':
      return { type: 'number' };
    case 'date':
      return { type: 'integer', format: 'int64', description: 'Milliseconds since 1970; ISO 8601 in XML.' };
  }
}

function paths(): Json {
  const byPath = Map.groupBy(allMethods(), pathOf);
  return Object.fromEntries(
    [...byPath].map(([path, routes]) => [path, Object.fromEntries(routes.map((route) => [route.verb.toLowerCase(), operation(route)]))]),
  );
}

const pathOf = ({ template, method }: Route): string =>
  `/${[template, isAction(method) ? method : ''].filter((step) => step !== '').join('/')}`;

function operation(route: Route): Json {
  const { template, method, service, declaration, declared } = route;
  const body = bodySchema(route);
  const index = declared.paths.indexOf(template);
  return {
    operationId: `${service}.${method}${index === 0 ? '' : `.${index + 1}`}`,
    tags: [service],
    parameters: parameters(route),
    ...(body && { requestBody: { content: content(body) } }),
    responses: responses(route),
    ...(declaration.notBuilt && { 'x-ostler-not-built': true }),
    ...((declaration.ostler || declared.ostler) && { 'x-ostler-addition': true }),
    ...(declaration.access && { 'x-ostler-access': accessOf(declaration.access) }),
  };
}

function parameters(route: Route): Json[] {
  const ids = [...route.template.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const query = Object.entries(parametersOf(route)).map(([name, reference]) => ({
    name,
    in: 'query',
    schema: heldSchema(readReference(reference).holds),
    ...(name === 'dry_run' && { 'x-ostler-addition': true }),
  }));
  return [...ids, ...query];
}

function bodySchema(route: Route): Json | undefined {
  const { method, declaration, declared } = route;
  if (isAction(method)) return fieldsSchema(actionInput(declaration).fields);
  if (method !== 'add' && method !== 'update') return undefined;
  const { holds } = readReference(declaration.body ?? declared.type ?? 'identified');
  return heldSchema(holds);
}

const fieldsSchema = (fields: readonly Field[]): Json => ({
  type: 'object',
  properties: Object.fromEntries(fields.map((field) => [field.wire, fieldSchema(field)])),
});

function responses(route: Route): Json {
  const fault = { $ref: '#/components/responses/fault' };
  if (route.declaration.notBuilt) return { 501: fault };
  const done = { description: 'Done', content: answered(route) };
  const started = { description: 'Begun: a job completes it', content: answered(route) };
  const others = { 400: fault, 401: fault, 403: fault, 404: fault, ...(route.verb === 'GET' ? {} : { 409: fault }) };
  if (route.verb === 'GET' || route.verb === 'DELETE') return { 200: done, ...others };
  return route.method === 'add' ? { 201: done, 202: started, ...others } : { 200: done, 202: started, ...others };
}

function answered({ method, declaration, declared }: Route): Json {
  if (declaration.raw !== undefined) return { [declaration.raw]: { schema: { type: 'string' } } };
  if (method === 'remove' || isAction(method)) return content(fieldsSchema(actionOutput(declaration).fields));
  const type = declared.type ?? 'identified';
  const one = ref(type);
  return content(method === 'list' ? { type: 'object', properties: { [elementOf(type)]: { type: 'array', items: one } } } : one);
}

function accessOf(access: Access): unknown {
  if ('login' in access) return 'login';
  return 'visible' in access
    ? 'visible'
    : access.needs.map(({ permit, on }) => ({ permit, on: on.of === 'path' ? on.id : on.of === 'body' ? on.at : on.of }));
}
