/** The types that libvirt's procedures share (libvirt's remote_protocol), and the limits that it puts on them. */
import type { Decoded, Encodable } from './xdr.ts';
import { array, byDefault, optional, struct, union } from './xdr.ts';
import { double, flag, hyper, int, string, uhyper, uint, uuid } from './xdr-scalars.ts';

/** A string's most bytes: domain XML, capabilities and agent answers included. */
export const maxStringBytes = 4_194_304;

export const text = string(maxStringBytes);
export const optionalText = optional(text);

/** Flag bits; most callers want none. The bits that we use have names in `flags.ts`. */
export const flags = byDefault(uint, 0);

/** Asks for the list itself and not merely its length. */
export const needResults = byDefault(flag, true);

/** How libvirt names a domain. `id` is -1 when it does not run; libvirt looks at the UUID only. */
export const domainRef = struct({ name: text, uuid, id: byDefault(int, -1) });
export type DomainRef = Decoded<typeof domainRef>;

/** A network, a network filter: whatever is known by name and UUID. */
export const namedRef = struct({ name: text, uuid });
export type NetworkRef = Decoded<typeof namedRef>;
export type NwfilterRef = Decoded<typeof namedRef>;

export const typedParam = struct({
  field: text,
  value: union({
    int: [1, int],
    uint: [2, uint],
    llong: [3, hyper],
    ullong: [4, uhyper],
    double: [5, double],
    boolean: [6, flag],
    string: [7, text],
  }),
});
export type TypedParam = Decoded<typeof typedParam>;
export const typedParams = (max: number) => array(typedParam, max);

/** What libvirt answers in place of a result. The domain and network in it are relics that nothing fills. */
export const errorPayload = struct({
  code: int,
  domain: int,
  message: optionalText,
  level: int,
  dom: optional(domainRef),
  str1: optionalText,
  str2: optionalText,
  str3: optionalText,
  int1: int,
  int2: int,
  net: optional(namedRef),
});
export type ErrorPayload = Encodable<typeof errorPayload>;
