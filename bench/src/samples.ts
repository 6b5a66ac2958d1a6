/** Milliseconds of many tries, and what is told of them. */
export async function timed(count: number, work: (index: number) => Promise<unknown>): Promise<number[]> {
  const samples: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const began = performance.now();
    await work(index);
    samples.push(performance.now() - began);
  }
  return samples;
}

export function quantile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export const median = (samples: readonly number[]): number => quantile(samples, 0.5);

/** Columns are as wide as their widest cell; numbers stand right. */
export function table(rows: readonly Readonly<Record<string, string | number>>[]): string {
  const names = Object.keys(rows[0] ?? {});
  const cell = (value: string | number | undefined) => (typeof value === 'number' ? value.toFixed(value < 10 ? 2 : 1) : (value ?? ''));
  const width = (name: string) => Math.max(name.length, ...rows.map((row) => cell(row[name]).length));
  const line = (text: (name: string) => string, right: (name: string) => boolean) =>
    names
      .map((name) => (right(name) ? text(name).padStart(width(name)) : text(name).padEnd(width(name))))
      .join('  ')
      .trimEnd();
  const isNumber = (name: string) => rows.every((row) => typeof row[name] === 'number');
  return [line((name) => name, isNumber), ...rows.map((row) => line((name) => cell(row[name]), isNumber))].join('\n');
}
