/** Sizes as people write and read them: in powers of two, as memory and disks are made. */

const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** `64MiB`, `1.5 GiB`, `10G`, `1048576`. Undefined for what is no size, or none that can be counted exactly. */
export function parseSize(text: string): number | undefined {
  const [, figure = '', prefix = ''] = /^\s*(\d+(?:\.\d+)?)\s*(?:([KMGTP])(?:iB)?|B|bytes?)?\s*$/i.exec(text) ?? [];
  const bytes = Number(figure) * 1024 ** ' KMGTP'.indexOf(prefix === '' ? ' ' : prefix.toUpperCase());
  return figure !== '' && Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** In GiB, as lists show disks and memory: `20`, `0.5`, `0.06`; what is there but smaller is `< 0.01`. */
export function inGib(bytes: number | undefined): string {
  if (bytes === undefined) return '';
  const gib = bytes / 1024 ** 3;
  if (bytes > 0 && gib < 0.01) return '< 0.01 GiB';
  return `${Math.round(gib * 100) / 100} GiB`;
}

/** In the unit that suits: for progress, where small figures matter. */
export function humanSize(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const figure = bytes / 1024 ** power;
  return `${power === 0 ? Math.round(figure) : figure.toFixed(figure < 10 ? 2 : 1)} ${units[power] ?? ''}`;
}

/** `45 s`, `3 min 20 s`, `2 h 5 min`. */
export function humanDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const [minutes, rest] = [Math.floor(whole / 60), whole % 60];
  if (minutes < 60) return rest === 0 ? `${minutes} min` : `${minutes} min ${rest} s`;
  return `${Math.floor(minutes / 60)} h${minutes % 60 === 0 ? '' : ` ${minutes % 60} min`}`;
}
