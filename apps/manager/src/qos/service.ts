import { href } from '@ostler/contract/links';

export { qosExists } from './store.ts';

/** A reference to a QoS, for what has one. */
export const qosReference = (qos: string | null, dataCenter: string | null) =>
  qos === null || dataCenter === null ? {} : { qos: { id: qos, href: href('qos', { data_center: dataCenter, qos }) } };

/** The QoS that a wish names; an empty reference takes it away. */
export const qosWished = (given: { readonly id?: string | undefined } | undefined, base: string | null): string | null =>
  given ? (given.id ?? '').toLowerCase() || null : base;
