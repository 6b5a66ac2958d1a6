import { href } from '@ostler/contract/links';

/** Ostler's own users' domain, under the name and the id (the name in hexadecimal) that RHV's has. */
export const internalDomain = 'internal-authz';

export const domainId = (name: string): string => Buffer.from(name, 'utf8').toString('hex');

export const domainReference = (name: string) => ({ id: domainId(name), name, href: href('domain', { domain: domainId(name) }) });
