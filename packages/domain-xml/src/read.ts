import { XMLParser } from 'fast-xml-parser';
import { idOfAlias, metadataPrefix } from './spec.ts';

/** What the agent needs to know of a domain from libvirt's own XML of it. Tolerant: what is not there is not there. */
export interface DomainFacts {
  readonly id: string;
  readonly name: string;
  /** Ours, if it has our metadata. */
  readonly ours: Ours | undefined;
  readonly vcpus: number;
  /** What may be plugged in, together with what is there. */
  readonly maximumVcpus: number;
  /** Bytes. */
  readonly memory: number;
  readonly disks: readonly { readonly disk: string | undefined; readonly target: string; readonly source: string | undefined }[];
  readonly nics: readonly { readonly nic: string | undefined; readonly target: string | undefined; readonly mac: string | undefined }[];
  readonly pty: string | undefined;
  readonly graphics: readonly { readonly type: string; readonly socket: string | undefined; readonly port: number | undefined }[];
}

export interface Ours {
  readonly instance: string;
  readonly vm: string;
  readonly run: string;
  readonly volumes: readonly {
    readonly disk: string;
    readonly domain: string;
    readonly image: string;
    readonly volume: string;
    readonly write: boolean;
  }[];
}

const lists = new Set(['disk', 'interface', 'graphics', 'console', 'serial', `${metadataPrefix}:disk`]);
const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  parseTagValue: false,
  parseAttributeValue: false,
  processEntities: true,
  isArray: (name) => lists.has(name),
});

type Node = { readonly [name: string]: unknown };
const asNode = (value: unknown): Node => (typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Node) : {});
const asNodes = (value: unknown): Node[] => (Array.isArray(value) ? value.map(asNode) : []);
const asText = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : typeof value === 'object' && value !== null && '#text' in value ? String(value['#text']) : undefined;

export function readDomain(xml: string): DomainFacts {
  const domain = asNode(asNode(parser.parse(xml))['domain']);
  const devices = asNode(domain['devices']);
  return {
    id: asText(domain['uuid']) ?? '',
    name: asText(domain['name']) ?? '',
    ours: readOurs(asNode(asNode(domain['metadata'])[`${metadataPrefix}:vm`])),
    vcpus: Number(asNode(domain['vcpu'])['@current'] ?? asText(domain['vcpu']) ?? 0),
    maximumVcpus: Number(asText(domain['vcpu']) ?? 0),
    memory: Number(asText(domain['memory']) ?? 0) * 1024,
    disks: asNodes(devices['disk']).map((disk) => ({
      disk: idFrom(disk),
      target: String(asNode(disk['target'])['@dev'] ?? ''),
      source: sourceOf(asNode(disk['source'])),
    })),
    nics: asNodes(devices['interface']).map((nic) => ({
      nic: idFrom(nic),
      target: asText(asNode(nic['target'])['@dev']),
      mac: asText(asNode(nic['mac'])['@address']),
    })),
    pty: asText(asNode(asNodes(devices['console'])[0]?.['source'])['@path']) ?? asText(asNodes(devices['console'])[0]?.['@tty']),
    graphics: asNodes(devices['graphics']).map((one) => ({
      type: String(one['@type'] ?? ''),
      socket: asText(one['@socket']) ?? asText(asNode(one['listen'])['@socket']),
      port: portOf(one['@port']),
    })),
  };
}

function readOurs(vm: Node): Ours | undefined {
  const run = asText(vm[`${metadataPrefix}:run`]);
  const id = asText(vm[`${metadataPrefix}:id`]);
  if (run === undefined || id === undefined) return undefined;
  return {
    instance: asText(vm[`${metadataPrefix}:instance`]) ?? '',
    vm: id,
    run,
    volumes: asNodes(vm[`${metadataPrefix}:disk`]).map((disk) => ({
      disk: String(disk['@id']),
      domain: String(disk['@domain']),
      image: String(disk['@image']),
      volume: String(disk['@volume']),
      write: disk['@write'] !== 'no',
    })),
  };
}

const idFrom = (device: Node): string | undefined => idOfAlias(String(asNode(device['alias'])['@name'] ?? ''));
const sourceOf = (source: Node): string | undefined => asText(source['@file']) ?? asText(source['@dev']) ?? asText(source['@name']);
const portOf = (port: unknown): number | undefined => (Number(port) > 0 ? Number(port) : undefined);
