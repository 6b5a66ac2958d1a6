import { reasons, type Reason } from '../reason.ts';

/** MAC addresses and pools (infra.md 9): a NIC gets the lowest free address of its pool unless it brings its own. */

export const macReasons = reasons({
  mac_malformed: { class: 'bad_input', text: '{mac} is no MAC address. Write six pairs of hexadecimal digits with colons between.' },
  mac_multicast: { class: 'bad_input', text: '{mac} is a multicast address; a NIC needs a unicast one.' },
  mac_taken: { class: 'conflict', text: 'The MAC address {mac} is in use already.' },
  mac_pool_empty: { class: 'conflict', text: 'The MAC pool has no free address left. Add a range to it, or name an address.' },
});

export interface MacRange {
  readonly from: string;
  readonly to: string;
}

const toNumber = (mac: string): number => Number.parseInt(mac.replaceAll(':', ''), 16);
const toText = (number: number): string => (number.toString(16).padStart(12, '0').match(/../g) ?? []).join(':');

export function nextFreeMac(ranges: readonly MacRange[], taken: ReadonlySet<string>): string | undefined {
  for (const range of ranges)
    for (let at = toNumber(range.from); at <= toNumber(range.to); at++) {
      const mac = toText(at);
      if (!taken.has(mac)) return mac;
    }
  return undefined;
}

export function macProblem(mac: string, taken: ReadonlySet<string>, allowDuplicates: boolean, field: string): Reason | undefined {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(mac)) return macReasons.mac_malformed({ mac }, field);
  if ((toNumber(mac.slice(0, 2)) & 1) === 1) return macReasons.mac_multicast({ mac }, field);
  return taken.has(mac) && !allowDuplicates ? macReasons.mac_taken({ mac }, field) : undefined;
}
