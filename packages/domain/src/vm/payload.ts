import type { Payload } from './hardware.ts';
import type { RunMedium } from './run.ts';

/** A payload as the host makes it: all contents in base64. */
export function payloadMedium({ type, volume, files }: Payload): RunMedium {
  return {
    kind: type,
    label: (volume ?? '').replace(/[^A-Za-z0-9_ -]/g, '_').slice(0, type === 'floppy' ? 11 : 32) || 'PAYLOAD',
    files: files.map(({ name, content, encoding }) => ({ path: name, content: encoding === 'base64' ? content : base64(content) })),
  };
}

/** Of text in UTF-8. */
export function base64(text: string): string {
  let binary = '';
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
}
