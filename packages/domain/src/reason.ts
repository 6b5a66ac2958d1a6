/**
 * Why something is refused. Rules return reasons as values: a stable code with parameters, never a sentence.
 * The sentence is rendered at the edge, in the reader's language; the class decides the HTTP status there.
 */

/** 400, 403, 404, 409, 501 and 503 at the API's edge, in this order. */
export type ReasonClass = 'bad_input' | 'forbidden' | 'not_found' | 'conflict' | 'not_built' | 'unavailable';

/** One row of a noun's table: the class, and the English sentence with `{parameter}` placeholders. */
export interface ReasonText {
  readonly class: ReasonClass;
  readonly text: string;
}

type Placeholders<T extends string> = T extends `${string}{${infer P}}${infer Rest}` ? P | Placeholders<Rest> : never;

/** The parameters that a sentence needs: a missing or misspelt one does not compile. */
export type ParametersOf<T extends ReasonText> = { readonly [P in Placeholders<T['text']>]: string | number };

/** A reason as data: it can be stored in a job, sent to the portal, rendered later. `field` names the input at fault. */
export interface Reason {
  readonly code: string;
  readonly class: ReasonClass;
  readonly parameters: Readonly<Record<string, string | number>>;
  readonly field?: string;
}

/** What a rule answers when it says no: at least one reason, all of them where several hold. */
export interface Refusal {
  readonly refused: readonly [Reason, ...Reason[]];
}

type Arguments<T extends ReasonText> = keyof ParametersOf<T> extends never
  ? [field?: string]
  : [parameters: ParametersOf<T>, field?: string];

export type ReasonMakers<Table extends Record<string, ReasonText>> = {
  readonly [Code in keyof Table & string]: (...args: Arguments<Table[Code]>) => Reason;
};

const registry = new Map<string, ReasonText>();

/**
 * Declares a noun's reasons. The literal's texts decide which parameters each maker takes:
 * `vmReasons.vm_locked({ vm: 'web', job: 'Removing snapshot' })`.
 */
export function reasons<const Table extends Record<string, ReasonText>>(table: Table): ReasonMakers<Table>;
export function reasons(table: Record<string, ReasonText>): Record<string, Maker> {
  const makers: Record<string, Maker> = {};
  for (const [code, row] of Object.entries(table)) {
    if (registry.has(code)) throw new Error(`Reason code ${code} is declared twice`);
    registry.set(code, row);
    makers[code] = makerOf(code, row);
  }
  return makers;
}

type Parameters = Reason['parameters'];
type Maker = (first?: Parameters | string, second?: string) => Reason;

/** A sentence without placeholders takes the field alone, one with placeholders its parameters first. */
function makerOf(code: string, row: ReasonText): Maker {
  return (first, second) => {
    const parameters = typeof first === 'object' ? first : {};
    const field = typeof first === 'string' ? first : second;
    return { code, class: row.class, parameters, ...(field === undefined ? {} : { field }) };
  };
}

export function refuse(first: Reason, ...others: Reason[]): Refusal {
  return { refused: [first, ...others] };
}

/** All reasons of a list that may hold empty places; undefined when nothing stands against it. */
export function refusalOf(found: readonly (Reason | undefined | false)[]): Refusal | undefined {
  const [first, ...others] = found.filter((reason): reason is Reason => Boolean(reason));
  return first && refuse(first, ...others);
}

export function isRefusal(value: unknown): value is Refusal {
  return typeof value === 'object' && value !== null && 'refused' in value;
}

/** The English sentence. A code that an older or newer manager stored and this one does not know is shown as it is. */
export function sentence(reason: Reason): string {
  const text = registry.get(reason.code)?.text ?? reason.code;
  const filled = text.replace(/\{(\w+)\}/g, (whole, name: string) => String(reason.parameters[name] ?? whole));
  return reason.field === undefined ? filled : `${filled} [${reason.field}]`;
}
