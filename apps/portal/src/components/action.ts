import type { CallOptions, Client } from '@ostler/contract/client-core';
import type { Api } from '@ostler/contract/schema';

/** As much of an object as actions and lists need to know. */
export interface Row {
  readonly id?: string | undefined;
  readonly name?: string | undefined;
  readonly action_states?: readonly Api['action_state'][] | undefined;
}

/** What a person chose in the question before an action. */
export type Chosen = Readonly<Record<string, boolean>>;

/** Something that can be done with an object. Whether it is possible now, and why not, the manager says with the object. */
export interface ObjectAction<T extends Row> {
  /** The manager's name of it, under which it stands in `action_states`. */
  readonly name: string;
  /** Under which name the manager says whether it is possible, where that is another: Run Once is a start. */
  readonly stateName?: string;
  readonly title: string;
  readonly danger?: boolean;
  /** Stands beside the others as a button, not in the menu. */
  readonly prominent?: boolean;
  /** Opens a dialog of its own. For one object only. */
  readonly open?: (row: T) => void;
  /** Does it. */
  readonly call?: (api: Client, row: T, options: CallOptions, chosen: Chosen) => Promise<unknown>;
  /** Asks first, with what would happen by the manager's own plan. */
  readonly confirm?: {
    readonly question: string;
    readonly options?: readonly { readonly name: string; readonly title: string; readonly checked: boolean }[];
  };
  /** Where no `action_states` tell: what the portal knows without rules. */
  readonly always?: boolean;
}

/** Undefined: this object has no such action. */
export function stateOf<T extends Row>(
  action: ObjectAction<T>,
  row: T,
): { readonly allowed: boolean; readonly why: string | undefined } | undefined {
  if (action.always) return { allowed: true, why: undefined };
  const state = row.action_states?.find(({ name }) => name === (action.stateName ?? action.name));
  if (!state) return undefined;
  return { allowed: state.allowed === true, why: state.reasons?.map(({ text }) => text).join(' ') };
}
