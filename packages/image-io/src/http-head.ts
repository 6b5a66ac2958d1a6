/** The head of a request, read strictly: what two servers could understand in two ways is understood by neither. */
export type RequestHead = {
  readonly method: string;
  readonly target: string;
  /** By lower-case name; what came several times is joined by commas. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Bytes of the body, none, or a way of framing it that is not spoken here. */
  readonly framing: number | 'none' | 'unknown';
  readonly keepAlive: boolean;
  readonly expectsContinue: boolean;
};

/** One value each: with two of them, somebody on the way may have believed the other. */
const single = new Set(['content-length', 'transfer-encoding', 'host', 'range', 'content-range', 'authorization']);

/** `text` ends before the empty line. Undefined for what is no head of HTTP/1. */
export function parseHead(text: string): RequestHead | undefined {
  const [first = '', ...lines] = text.replace(/^(?:\r\n)+/, '').split('\r\n');
  const [, method, target, minor] = /^([A-Z]+) ([\x21-\x7e]+) HTTP\/1\.([01])$/.exec(first) ?? [];
  if (method === undefined || target === undefined) return undefined;
  const headers: Record<string, string> = Object.create(null);
  for (const line of lines) {
    const [, name, value] = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*$/.exec(line) ?? [];
    if (name === undefined || value === undefined) return undefined;
    const key = name.toLowerCase();
    const before = headers[key];
    if (before !== undefined && single.has(key)) return undefined;
    headers[key] = before === undefined ? value : `${before}, ${value}`;
  }
  const length = headers['content-length'];
  if (length !== undefined && (!/^\d{1,16}$/.test(length) || !Number.isSafeInteger(Number(length)))) return undefined;
  if (minor === '1' && headers['host'] === undefined) return undefined;
  const connection = (headers['connection'] ?? '').toLowerCase().split(/\s*,\s*/);
  const chunked = headers['transfer-encoding'] !== undefined;
  if (chunked && length !== undefined) return undefined;
  return {
    method,
    target,
    headers,
    framing: chunked ? 'unknown' : length === undefined || length === '0' ? 'none' : Number(length),
    keepAlive: minor === '1' ? !connection.includes('close') : connection.includes('keep-alive'),
    expectsContinue: minor === '1' && /^100-continue$/i.test(headers['expect'] ?? ''),
  };
}
