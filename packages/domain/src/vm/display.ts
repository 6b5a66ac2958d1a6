import { operatingSystem } from '../operating-system/catalogue.ts';
import type { GraphicsProtocol, Hardware, VideoModel } from './hardware.ts';

/** What a guest shows, and on what: the graphics adapter that goes with system, firmware and protocols (vms.md 1.2). */

/** Keyboards by RHV's codes, which are QEMU's. */
export const keyboardLayouts = [
  'ar',
  'da',
  'de',
  'de-ch',
  'en-gb',
  'en-us',
  'es',
  'et',
  'fi',
  'fo',
  'fr',
  'fr-be',
  'fr-ca',
  'fr-ch',
  'hr',
  'hu',
  'is',
  'it',
  'ja',
  'lt',
  'lv',
  'mk',
  'nl',
  'nl-be',
  'no',
  'pl',
  'pt',
  'pt-br',
  'ru',
  'sl',
  'sv',
  'th',
  'tr',
] as const;
export const defaultKeyboard = 'en-us';

/** Which protocols an adapter can be seen by. */
const protocolsOf: Readonly<Record<VideoModel, readonly GraphicsProtocol[]>> = {
  qxl: ['spice', 'vnc'],
  vga: ['vnc'],
  bochs: ['vnc'],
  cirrus: ['vnc'],
};

const hasUefi = ({ firmware }: Pick<Hardware, 'firmware'>): boolean => firmware === 'q35_ovmf' || firmware === 'q35_secure_boot';

export type VideoFacts = Pick<Hardware, 'display' | 'firmware' | 'operatingSystem'>;

/** The adapter of the run; `none` for a headless VM. Bochs' is for UEFI, which leaves the frame buffer to the guest as it is. */
export function videoOf(hardware: VideoFacts): VideoModel | 'none' {
  const { protocols, video } = hardware.display;
  if (protocols.length === 0) return 'none';
  if (video !== undefined && videoProblem(hardware) === undefined) return video;
  const offered = operatingSystem(hardware.operatingSystem)?.video ?? ['qxl', 'vga'];
  const fit = (one: VideoModel) => offered.includes(one) && protocols.every((protocol) => protocolsOf[one].includes(protocol));
  if (hasUefi(hardware) && fit('bochs')) return 'bochs';
  return protocols.includes('spice') ? 'qxl' : 'vga';
}

/** Why the adapter that is asked for cannot be had. */
export function videoProblem(hardware: VideoFacts): 'needs_uefi' | 'not_offered' | 'not_by_protocol' | undefined {
  const { video, protocols } = hardware.display;
  if (video === undefined || protocols.length === 0) return undefined;
  if (!(operatingSystem(hardware.operatingSystem)?.video ?? []).includes(video)) return 'not_offered';
  if (video === 'bochs' && !hasUefi(hardware)) return 'needs_uefi';
  return protocols.some((protocol) => !protocolsOf[video].includes(protocol)) ? 'not_by_protocol' : undefined;
}

/**
 * What USB there is. SPICE carries devices of the user's machine; without it there is a controller for tablet and keyboard. A
 * high performance VM without USB has not even that (vms.md 2.1).
 */
export function usbOf({ usb, type, display }: Pick<Hardware, 'usb' | 'type' | 'display'>): 'none' | 'controller' | 'redirection' {
  if (!usb) return type === 'high_performance' || display.protocols.length === 0 ? 'none' : 'controller';
  return display.protocols.includes('spice') ? 'redirection' : 'controller';
}
