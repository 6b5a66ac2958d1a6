import { nameProblem } from '../names.ts';
import { reasons, refusalOf, type Reason, type Refusal } from '../reason.ts';

/** QoS: limits under a name, which profiles and networks of a data center refer to (infra.md 9). */

export type QosKind = 'storage' | 'cpu' | 'network' | 'hostnetwork';

/** The limits by the API's names, each with its kind and its range. Throughput in MB/s, bandwidth in Mbps, bursts in MB, CPU in per cent. */
export const qosLimits = {
  max_throughput: { kind: 'storage', least: 0, most: 1_000_000 },
  max_read_throughput: { kind: 'storage', least: 0, most: 1_000_000 },
  max_write_throughput: { kind: 'storage', least: 0, most: 1_000_000 },
  max_iops: { kind: 'storage', least: 0, most: 1_000_000 },
  max_read_iops: { kind: 'storage', least: 0, most: 1_000_000 },
  max_write_iops: { kind: 'storage', least: 0, most: 1_000_000 },
  cpu_limit: { kind: 'cpu', least: 1, most: 100 },
  inbound_average: { kind: 'network', least: 0, most: 17_179 },
  inbound_peak: { kind: 'network', least: 0, most: 34_359 },
  inbound_burst: { kind: 'network', least: 0, most: 10_240 },
  outbound_average: { kind: 'network', least: 0, most: 17_179 },
  outbound_peak: { kind: 'network', least: 0, most: 34_359 },
  outbound_burst: { kind: 'network', least: 0, most: 10_240 },
  outbound_average_linkshare: { kind: 'hostnetwork', least: 1, most: 100 },
  outbound_average_upperlimit: { kind: 'hostnetwork', least: 0, most: 17_179 },
  outbound_average_realtime: { kind: 'hostnetwork', least: 0, most: 17_179 },
} as const satisfies Record<string, { readonly kind: QosKind; readonly least: number; readonly most: number }>;

export type QosLimit = keyof typeof qosLimits;
export const qosLimitNames = Object.keys(qosLimits).filter((name): name is QosLimit => Object.hasOwn(qosLimits, name));

export interface QosSettings {
  readonly name: string;
  readonly description: string;
  readonly kind: QosKind;
  readonly limits: Readonly<Partial<Record<QosLimit, number>>>;
}

export const qosReasons = reasons({
  qos_name_taken: { class: 'conflict', text: 'This data center has a QoS named {name} of this type already.' },
  qos_type_fixed: { class: 'conflict', text: 'QoS {name} stays one of the type {type}.' },
  qos_limit_elsewhere: { class: 'bad_input', text: 'A QoS of the type {type} has no {limit}.' },
  qos_limit_unfit: { class: 'bad_input', text: 'This limit is from {least} to {most}.' },
  qos_total_and_parts: { class: 'bad_input', text: 'A limit on {what} altogether goes with none on reading or writing alone.' },
  qos_cpu_missing: { class: 'bad_input', text: 'A QoS for CPUs needs their limit in per cent.' },
  qos_share_missing: { class: 'bad_input', text: 'A QoS for hosts’ NICs needs a share of the link.' },
  qos_rate_above_limit: { class: 'bad_input', text: 'The guaranteed rate is not above the limit.' },
  qos_direction_incomplete: { class: 'bad_input', text: 'For {direction} traffic, average, peak and burst are given together.' },
  qos_peak_below_average: { class: 'bad_input', text: 'The peak of {direction} traffic is not below its average.' },
});

const said = qosReasons;

export function qosProblems(qos: QosSettings, otherNames: readonly string[]): Refusal | undefined {
  const { name, kind, limits } = qos;
  return refusalOf([
    nameProblem('QoS', name, 'qos.name'),
    otherNames.some((other) => other.toLowerCase() === name.toLowerCase()) && said.qos_name_taken({ name }, 'qos.name'),
    ...qosLimitNames.map((limit) => {
      const value = limits[limit];
      const { kind: belongs, least, most } = qosLimits[limit];
      if (value === undefined) return undefined;
      if (belongs !== kind) return said.qos_limit_elsewhere({ type: kind, limit }, `qos.${limit}`);
      return !(Number.isInteger(value) && value >= least && value <= most) && said.qos_limit_unfit({ least, most }, `qos.${limit}`);
    }),
    ...together[kind](limits),
  ]);
}

type Limits = QosSettings['limits'];

/** What the limits of a kind ask of each other. */
const together: { readonly [K in QosKind]: (limits: Limits) => (Reason | false)[] } = {
  storage: (of) => [
    of.max_throughput !== undefined &&
      (of.max_read_throughput !== undefined || of.max_write_throughput !== undefined) &&
      said.qos_total_and_parts({ what: 'throughput' }, 'qos.max_throughput'),
    of.max_iops !== undefined &&
      (of.max_read_iops !== undefined || of.max_write_iops !== undefined) &&
      said.qos_total_and_parts({ what: 'operations' }, 'qos.max_iops'),
  ],
  cpu: (of) => [of.cpu_limit === undefined && said.qos_cpu_missing('qos.cpu_limit')],
  network: (of) => [
    ...direction('inbound', of.inbound_average, of.inbound_peak, of.inbound_burst),
    ...direction('outbound', of.outbound_average, of.outbound_peak, of.outbound_burst),
  ],
  hostnetwork: (of) => [
    of.outbound_average_linkshare === undefined && said.qos_share_missing('qos.outbound_average_linkshare'),
    of.outbound_average_realtime !== undefined &&
      of.outbound_average_upperlimit !== undefined &&
      of.outbound_average_realtime > of.outbound_average_upperlimit &&
      said.qos_rate_above_limit('qos.outbound_average_realtime'),
  ],
};

function direction(name: 'inbound' | 'outbound', average?: number, peak?: number, burst?: number): (Reason | false)[] {
  const given = [average, peak, burst].filter((one) => one !== undefined).length;
  return [
    given > 0 && given < 3 && said.qos_direction_incomplete({ direction: name }, `qos.${name}_average`),
    average !== undefined && peak !== undefined && peak < average && said.qos_peak_below_average({ direction: name }, `qos.${name}_peak`),
  ];
}

// ---- profiles --------------------------------------------------------------------------------------------------------

/** A profile by which VMs use a cluster's CPUs, or disks a storage domain's space, within the limits of a QoS. */
export interface ProfileSettings {
  readonly name: string;
  readonly description: string;
  readonly qos: string | null;
}

export const usageProfileReasons = reasons({
  usage_profile_name_taken: { class: 'conflict', text: 'There is a {kind} profile named {name} here already.' },
  usage_profile_qos_unknown: { class: 'bad_input', text: 'There is no QoS {qos} for {kind} in this data center.' },
  usage_profile_home_fixed: { class: 'conflict', text: 'The {kind} profile {name} stays where it is.' },
  usage_profile_needs_data_domain: {
    class: 'conflict',
    text: 'Storage domain {domain} holds no disks: only data domains have disk profiles.',
  },
  usage_profile_is_last: { class: 'conflict', text: 'The {kind} profile {name} is the only one here, and stays.' },
  usage_profile_in_use: { class: 'conflict', text: 'The {kind} profile {name} is used by {count} {users}. Give them another one first.' },
});

export type ProfileKind = 'cpu' | 'disk';

export function usageProfileProblems(
  kind: ProfileKind,
  { name, qos }: ProfileSettings,
  facts: { readonly otherNames: readonly string[]; readonly qosFound: boolean },
): Refusal | undefined {
  const type = `${kind}_profile`;
  return refusalOf([
    nameProblem(kind === 'cpu' ? 'CPU profile' : 'disk profile', name, `${type}.name`),
    facts.otherNames.some((other) => other.toLowerCase() === name.toLowerCase()) &&
      usageProfileReasons.usage_profile_name_taken({ kind, name }, `${type}.name`),
    qos !== null &&
      !facts.qosFound &&
      usageProfileReasons.usage_profile_qos_unknown({ qos: qos.slice(0, 60), kind: kind === 'cpu' ? 'CPUs' : 'storage' }, `${type}.qos`),
  ]);
}

export const usageProfileRemovalProblems = (
  kind: ProfileKind,
  { name, siblings, users }: { readonly name: string; readonly siblings: number; readonly users: number },
): Refusal | undefined =>
  refusalOf([
    siblings === 0 && usageProfileReasons.usage_profile_is_last({ kind, name }),
    users > 0 && usageProfileReasons.usage_profile_in_use({ kind, name, count: users, users: kind === 'cpu' ? 'VMs' : 'disks' }),
  ]);
