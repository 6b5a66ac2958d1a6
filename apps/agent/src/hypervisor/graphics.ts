import type { KnownRun } from './runs.ts';

export type ConsoleKind = 'vnc' | 'spice' | 'serial';

/** Whether a run has such a console. */
export function consoleOf({ facts }: Pick<KnownRun, 'facts'>, console: ConsoleKind): boolean {
  return console === 'serial' ? facts.pty !== undefined : facts.graphics.some(({ type }) => type === console);
}

/**
 * The run's graphics device with another password, for libvirt's update of a device. All else must stay as libvirt wrote it,
 * or it refuses the update; so the element is libvirt's own text, and only the attributes about the password are new.
 * `until` in milliseconds since the epoch. Undefined where there is no such device.
 */
export function passwordXml(
  domain: string,
  protocol: 'vnc' | 'spice',
  { password, until }: { readonly password: string; readonly until: number },
): string | undefined {
  const found = new RegExp(`<graphics type='${protocol}'([^>]*?)(/>|>.*?</graphics>)`, 's').exec(domain);
  if (!found) return undefined;
  const [, attributes = '', rest = ''] = found;
  const kept = attributes.replaceAll(/ (passwd|passwdValidTo|connected)='[^']*'/g, '');
  // `keep` is the only thing that VNC can do with who is connected already.
  const expiry = new Date(until).toISOString().slice(0, 19);
  return `<graphics type='${protocol}'${kept} passwd='${escaped(password)}' passwdValidTo='${expiry}' connected='keep'${rest}`;
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', "'": '&apos;', '"': '&quot;' };
const escaped = (text: string) => text.replaceAll(/[&<>'"]/g, (character) => entities[character] ?? '');
