/** Both kinds of metadata are lines of `KEY=value`. A value ends at its line's end, so it cannot hold one. */
export type Pairs = ReadonlyMap<string, string>;

export class MetadataError extends Error {
  /** What is wrong: `checksum`, `missing`, `value`, `syntax`, `size`. */
  readonly kind: 'checksum' | 'missing' | 'value' | 'syntax' | 'size';
  readonly key: string;
  constructor(kind: MetadataError['kind'], key: string, message: string) {
    super(message);
    this.name = 'MetadataError';
    this.kind = kind;
    this.key = key;
  }
}

export function readPairs(text: string): Map<string, string> {
  const pairs = new Map<string, string>();
  for (const line of text.split('\n')) {
    if (line === '' || line === 'EOF' || line.startsWith('\0')) continue;
    const at = line.indexOf('=');
    if (at < 1) throw new MetadataError('syntax', line.slice(0, 32), `Not a line of metadata: ${JSON.stringify(line.slice(0, 64))}`);
    pairs.set(line.slice(0, at), line.slice(at + 1));
  }
  return pairs;
}

export function required(pairs: Pairs, key: string): string {
  const value = pairs.get(key);
  if (value === undefined) throw new MetadataError('missing', key, `The metadata lacks ${key}`);
  return value;
}

export function oneOf<const V extends readonly string[]>(pairs: Pairs, key: string, values: V): V[number] {
  const value = required(pairs, key);
  const found = values.find((one) => one === value);
  if (found === undefined)
    throw new MetadataError('value', key, `The metadata has ${key}=${value.slice(0, 64)}; ${values.join(', ')} were possible`);
  return found;
}

export function integer(pairs: Pairs, key: string): number {
  const value = Number(required(pairs, key));
  if (!Number.isSafeInteger(value))
    throw new MetadataError('value', key, `The metadata has ${key}=${required(pairs, key).slice(0, 64)}, which is no whole number`);
  return value;
}

/** No line break and no NUL gets into a line. */
export const oneLine = (value: string): string => value.replace(/[\r\n\0]+/g, ' ');
