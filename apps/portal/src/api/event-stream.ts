/** One event of a server-sent stream. An empty `data` with an id only moves the place from which the stream is resumed. */
export interface StreamEvent {
  readonly id: string | undefined;
  readonly event: string;
  readonly data: string;
}

/** Takes the stream apart as it comes, in pieces of any size. */
export function eventReader(): (piece: string) => StreamEvent[] {
  let held = '';
  return (piece) => {
    held += piece;
    const blocks = held.split('\n\n');
    held = blocks.pop() ?? '';
    return blocks.map(readBlock);
  };
}

function readBlock(block: string): StreamEvent {
  const fields = new Map<string, string>();
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    fields.set(line.slice(0, colon), line.slice(colon + 1).replace(/^ /, ''));
  }
  return { id: fields.get('id'), event: fields.get('event') ?? '', data: fields.get('data') ?? '' };
}
