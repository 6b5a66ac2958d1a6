import { reasons, sentence, type Reason } from '@ostler/domain/reason';

/** What can be wrong with what a client sent, before any rule looks at it. */
export const inputReasons = reasons({
  input_not_xml: { class: 'bad_input', text: 'The document is not acceptable XML: {problem} at line {line}, column {column}.' },
  input_not_json: { class: 'bad_input', text: 'The document is not JSON: {problem}.' },
  input_too_large: { class: 'bad_input', text: 'The document is longer than {limit} characters.' },
  input_too_deep: { class: 'bad_input', text: 'The document is nested deeper than {limit} levels.' },
  input_wrong_root: { class: 'bad_input', text: 'The document is <{found}>, but <{expected}> is expected here.' },
  input_wrong_value: { class: 'bad_input', text: 'Expected {expected}, but found {found}.' },
});

/** A document that cannot be read into its type. The reason names the field by its path: `vm.memory`. Readers throw nothing else. */
export class InputError extends Error {
  readonly reason: Reason;
  constructor(reason: Reason) {
    super(sentence(reason));
    this.name = 'InputError';
    this.reason = reason;
  }
}

/** How much a client may send. */
export interface Limits {
  /** Characters of the document. OVF documents and icons come inside, so there is room for some megabytes. */
  readonly size: number;
  /** Levels of elements or objects. */
  readonly depth: number;
}

export const defaultLimits: Limits = { size: 8 * 1024 * 1024, depth: 32 };
