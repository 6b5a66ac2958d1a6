const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** Bytes as people say them: whole below ten units of the next size, one digit behind the comma where it tells something. */
export function bytes(amount: number, language: string): string {
  if (amount < 0 || !Number.isFinite(amount)) return '–';
  const power = amount < 1024 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(amount) / 10));
  const number = new Intl.NumberFormat(language, { maximumFractionDigits: power === 0 ? 0 : 1 }).format(amount / 1024 ** power);
  return `${number} ${units[power]}`;
}

/** How long something lasts, in the two largest units that matter. */
export function duration(seconds: number, language: string): string {
  const whole = Math.max(0, Math.floor(seconds));
  const parts: readonly [number, string][] = [
    [Math.floor(whole / 86_400), 'day'],
    [Math.floor(whole / 3600) % 24, 'hour'],
    [Math.floor(whole / 60) % 60, 'minute'],
    [whole % 60, 'second'],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  const shown = first < 0 ? [[0, 'second'] as const] : parts.slice(first, first + 2).filter(([count], index) => index === 0 || count > 0);
  return shown
    .map(([count, unit]) => new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'short' }).format(count))
    .join(' ');
}

/** `3 minutes ago`, as far as people count; a date beyond a week. */
export function relative(at: Date, now: number, language: string): string {
  const seconds = Math.round((at.getTime() - now) / 1000);
  const steps: readonly [number, Intl.RelativeTimeFormatUnit][] = [
    [60, 'second'],
    [3600, 'minute'],
    [86_400, 'hour'],
    [7 * 86_400, 'day'],
  ];
  const size: Readonly<Record<string, number>> = { second: 1, minute: 60, hour: 3600, day: 86_400 };
  const step = steps.find(([limit]) => Math.abs(seconds) < limit);
  if (!step) return moment(at, language);
  return new Intl.RelativeTimeFormat(language, { numeric: 'auto' }).format(Math.trunc(seconds / (size[step[1]] ?? 1)), step[1]);
}

export const moment = (at: Date, language: string): string =>
  new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'medium' }).format(at);
