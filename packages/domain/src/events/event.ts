/** An event as data: RHV's code and severity, and the parameters of its sentence. */
export interface Event {
  readonly code: number;
  readonly name: string;
  readonly severity: Severity;
  readonly parameters: Readonly<Record<string, string | number>>;
}

export type Severity = 'normal' | 'warning' | 'error' | 'alert';

export interface EventRow {
  readonly code: number;
  readonly severity: Severity;
  readonly text: string;
}

type Placeholders<T extends string> = T extends `${string}{${infer P}}${infer Rest}` ? P | Placeholders<Rest> : never;
export type EventMakers<Table extends Record<string, EventRow>> = {
  readonly [Name in keyof Table & string]: [Placeholders<Table[Name]['text']>] extends [never]
    ? () => Event
    : (parameters: { readonly [P in Placeholders<Table[Name]['text']>]: string | number }) => Event;
};

const texts = new Map<number, string>();

/** Declares events: `events.vm_started({ vm: 'web', host: 'h1' })`. The codes are RHV's: scripts wait for them. */
export function declareEvents<const Table extends Record<string, EventRow>>(table: Table): EventMakers<Table>;
export function declareEvents(table: Record<string, EventRow>): Record<string, (parameters?: Event['parameters']) => Event> {
  const makers: Record<string, (parameters?: Event['parameters']) => Event> = {};
  for (const [name, { code, severity, text }] of Object.entries(table)) {
    if (texts.has(code)) throw new Error(`Event code ${code} is declared twice`);
    texts.set(code, text);
    makers[name] = (parameters = {}) => ({ code, name, severity, parameters });
  }
  return makers;
}

/** The English sentence of a stored event. */
export function eventText(code: number, parameters: Event['parameters']): string {
  const text = texts.get(code) ?? `Event ${code}`;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(parameters[name] ?? whole));
}

/** Every event's code and sentence: a search in messages needs them where the events are. */
export const eventTexts: () => ReadonlyMap<number, string> = () => texts;

/** What the sentences' placeholders are called. */
export const placeholders = (): string[] => [
  ...new Set([...texts.values()].flatMap((text) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name))),
];
