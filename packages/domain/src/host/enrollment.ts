import { nameProblem } from '../names.ts';
import { reasons, refusalOf, refuse, type Refusal } from '../reason.ts';

/** How a machine becomes a host: it shows a one-time token, says who it is, and gets a certificate. */

export const enrollmentReasons = reasons({
  enrollment_field_missing: { class: 'bad_input', text: 'The enrollment needs {field}.' },
  enrollment_token_unknown: {
    class: 'forbidden',
    text: 'This enrollment token is unknown, was used already, or is older than an hour. Ask for a new one.',
  },
  enrollment_throttled: { class: 'unavailable', text: 'Too many enrollments were tried in vain. Try again in {seconds} seconds.' },
  enrollment_name_unfit: { class: 'bad_input', text: 'The token was issued for a host named {wanted}, not {found}.' },
  enrollment_name_taken: { class: 'bad_input', text: 'There is another host named {name} already.' },
  enrollment_address_unfit: { class: 'bad_input', text: 'An address is an IP address or a host name, without a port.' },
  enrollment_port_unfit: { class: 'bad_input', text: 'A port is a whole number from 1 to 65535.' },
  enrollment_uuid_unfit: { class: 'bad_input', text: 'A hardware UUID has the form of any UUID, in lower case.' },
  enrollment_request_unfit: { class: 'bad_input', text: 'This is no certificate request that is signed with its own key.' },
  enrollment_elsewhere: { class: 'bad_input', text: 'This machine is a host of another cluster already. Remove it there first.' },
  enrollment_hosts_limit: { class: 'bad_input', text: 'The data center has {limit} hosts already, which is the most that there can be.' },
  enrollment_cluster_unknown: { class: 'not_found', text: 'There is no cluster {cluster}.' },
});

export interface Enrollment {
  readonly token: string;
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly hardwareUuid: string;
  readonly request: string;
}

/** Reads what a machine sent; only the token is looked at first, so that nobody without one learns what is expected. */
export function readEnrollment(document: unknown): { readonly token: string; readonly rest: Omit<Enrollment, 'token'> | Refusal } {
  const given = (name: string): unknown => (typeof document === 'object' && document !== null ? Reflect.get(document, name) : undefined);
  const text = (name: string): string => {
    const value = given(name);
    return typeof value === 'string' ? value : '';
  };
  const port = given('port');
  const rest = {
    name: text('name'),
    address: text('address'),
    port: typeof port === 'number' ? port : Number.NaN,
    hardwareUuid: text('hardware_uuid'),
    request: text('request'),
  };
  return { token: text('token'), rest: enrollmentProblems(rest) ?? rest };
}

const said = enrollmentReasons;

function enrollmentProblems({ name, address, port, hardwareUuid, request }: Omit<Enrollment, 'token'>): Refusal | undefined {
  return refusalOf([
    nameProblem('host', name, 'name'),
    !isAddress(address) && said.enrollment_address_unfit('address'),
    !isPort(port) && said.enrollment_port_unfit('port'),
    !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(hardwareUuid) && said.enrollment_uuid_unfit('hardware_uuid'),
    (request.length === 0 || request.length > 16_384) && said.enrollment_request_unfit('request'),
  ]);
}

/** A name of the domain name system, or an address of either kind; what is no address is found out when it is called. */
export const isAddress = (text: string): boolean =>
  text.length <= 253 && (/^[0-9A-Za-z]([0-9A-Za-z.-]*[0-9A-Za-z])?$/.test(text) || /^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*$/.test(text));

export const isPort = (port: number): boolean => Number.isInteger(port) && port >= 1 && port <= 65_535;

/** sanlock's ids, RHV's too: a data center has at most this many hosts. */
export const largestSpmId = 250;

export function lowestFreeSpmId(taken: readonly number[]): number | undefined {
  const used = new Set(taken);
  for (let id = 1; id <= largestSpmId; id++) if (!used.has(id)) return id;
  return undefined;
}

/** What a host's certificate answers to: its id, by which the manager calls it, and what people and consoles call it by. */
export function certificateNames(host: { readonly id: string; readonly address: string; readonly name: string }): string[] {
  const names = [host.id, host.address, host.name].filter((name) => isAddress(name));
  return [...new Set(names)];
}

export interface Registered {
  readonly id: string;
  readonly name: string;
  readonly cluster: string;
  readonly hardwareUuid: string | null;
}

/** Which host a machine becomes: the one that it was already, or a new one. */
export function planEnrollment(
  machine: Pick<Enrollment, 'name' | 'hardwareUuid'>,
  token: { readonly cluster: string; readonly hostName: string | null },
  facts: { readonly hosts: readonly Registered[]; readonly spmIds: readonly number[] },
): { readonly known: Registered } | { readonly spmId: number } | Refusal {
  const { hostName, cluster } = token;
  if (hostName !== null && hostName.toLowerCase() !== machine.name.toLowerCase())
    return refuse(said.enrollment_name_unfit({ wanted: hostName, found: machine.name }, 'name'));
  const known = facts.hosts.find((host) => host.hardwareUuid === machine.hardwareUuid);
  // Whoever may add hosts to one cluster must not take over those of another one by knowing a serial number.
  if (known) return known.cluster === cluster ? { known } : refuse(said.enrollment_elsewhere('hardware_uuid'));
  if (facts.hosts.some((host) => host.name.toLowerCase() === machine.name.toLowerCase()))
    return refuse(said.enrollment_name_taken({ name: machine.name }, 'name'));
  const spmId = lowestFreeSpmId(facts.spmIds);
  return spmId === undefined ? refuse(said.enrollment_hosts_limit({ limit: largestSpmId })) : { spmId };
}
