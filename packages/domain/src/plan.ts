/**
 * A plan is what a mutation would check, change, use and hold, as data. It is made by a pure function from facts and a
 * wish, shown by a dry run, stored in the job that carries it out, and never changed afterwards.
 */

/** Something to say, as code and parameters; rendered at the edge. */
export interface Phrase {
  readonly code: string;
  readonly parameters: Readonly<Record<string, string | number>>;
}

export const phrase = (code: string, parameters: Phrase['parameters'] = {}): Phrase => ({ code, parameters });

export type ObjectKind =
  'vm' | 'disk' | 'storage_domain' | 'host' | 'data_center' | 'cluster' | 'network' | 'vnic_profile' | 'template' | 'image_transfer';

/** What a job holds while it lives. `showsAs` is the status that a reader sees meanwhile. */
export interface Lock {
  readonly object: string;
  readonly kind: ObjectKind;
  readonly mode: 'exclusive' | 'shared';
  readonly showsAs?: string;
}

/** What will be taken or given back: bytes on a domain, memory on a host. */
export interface Resource {
  readonly kind: 'storage' | 'memory' | 'cpu';
  readonly where: string;
  readonly amount: number;
}

export interface Plan<Data> {
  /** What the job is called: "Starting VM web". */
  readonly title: Phrase;
  /** What was looked at and holds. */
  readonly checks: readonly Phrase[];
  /** What will be different afterwards, in people's words. */
  readonly effects: readonly Phrase[];
  readonly uses: readonly Resource[];
  readonly locks: readonly Lock[];
  /** What the steps need. It holds no secret: only references to secrets. */
  readonly data: Data;
}

/** Fills the empty places of a plan that has little to tell. */
export function plan<Data>(parts: Pick<Plan<Data>, 'title' | 'data'> & Partial<Plan<Data>>): Plan<Data> {
  return { checks: [], effects: [], uses: [], locks: [], ...parts };
}
