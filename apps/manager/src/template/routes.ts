import { href, linked } from '@ostler/contract/links';
import type { Api } from '@ostler/contract/schema';
import { isRefusal } from '@ostler/domain/reason';
import { isUuid } from '../access/authorize.ts';
import { serve } from '../http/context.ts';
import { mounted } from '../http/mount.ts';
import { searchSql } from '../search/sql.ts';
import { hardwareDocument } from '../vm/service.ts';
import { findTemplate, listTemplates, searchColumns, type TemplateRow } from './store.ts';

/** Templates as far as they are there from the first: Blank and the instance types, which are told and not changed. */

const templates = serve('templates', {
  async list({ db, reader, parameters, now }) {
    const search = searchSql('templates', searchColumns, parameters, now());
    return isRefusal(search) ? search : (await listTemplates(db, reader, 'template', search)).map(templateDocument);
  },
});
const template = serve('template', {
  async get({ db, reader, ids }) {
    const found = await findTemplate(db, reader, 'template', ids.template);
    return found && templateDocument(found);
  },
});

const instanceTypes = serve('instance_types', {
  async list({ db, reader, parameters, now }) {
    const search = searchSql('templates', searchColumns, parameters, now());
    return isRefusal(search) ? search : (await listTemplates(db, reader, 'instance_type', search)).map(instanceTypeDocument);
  },
});
const instanceType = serve('instance_type', {
  async get({ db, reader, ids }) {
    const found = isUuid(ids.instance_type) ? await findTemplate(db, reader, 'instance_type', ids.instance_type) : undefined;
    return found && instanceTypeDocument(found);
  },
});

/** Blank has neither. */
const nics = serve('template_nics', { list: async () => [] });
const attachments = serve('template_disk_attachments', { list: async () => [] });

export const templateServices = [
  mounted(templates),
  mounted(template),
  mounted(instanceTypes),
  mounted(instanceType),
  mounted(nics),
  mounted(attachments),
];

const templateDocument = (row: TemplateRow): Api['template'] =>
  linked(
    {
      ...partsOf(row),
      version: {
        version_number: 1,
        version_name: 'base version',
        base_template: { id: row.id, href: href('template', { template: row.id }) },
      },
      ...(row.cluster !== null && { cluster: { id: row.cluster, href: href('cluster', { cluster: row.cluster }) } }),
    },
    'templates/{template}',
    { template: row.id },
  );

const instanceTypeDocument = (row: TemplateRow): Api['instance_type'] =>
  linked(partsOf(row), 'instancetypes/{instance_type}', { instance_type: row.id });

const partsOf = (row: TemplateRow) => ({
  ...hardwareDocument(row.hardware),
  id: row.id,
  name: row.name,
  description: row.description,
  comment: row.comment,
  status: 'ok' as const,
  creation_time: row.creationTime,
  origin: 'ovirt',
  delete_protected: false,
});
