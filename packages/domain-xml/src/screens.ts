import { element, type Element } from './element.ts';
import type { DomainSpec } from './spec.ts';

/** What people see, hear and hold of a VM: graphics, video, USB, smart cards, and the channels that SPICE and the guest's agent use. */
export function screens(spec: DomainSpec): Element[] {
  const spice = spec.graphics.includes('spice');
  return [
    ...channels(spice),
    ...(spec.graphics.length > 0 && spec.usb !== 'none' ? [element('input', { type: 'tablet', bus: 'usb' })] : []),
    ...spec.graphics.map((protocol) => (protocol === 'vnc' ? vnc(spec) : spiceServer(spec))),
    element('video', {}, video(spec)),
    ...(spec.smartcard && spice ? [element('smartcard', { mode: 'passthrough', type: 'spicevmc' })] : []),
    ...(spec.usb === 'redirection' && spice ? Array.from({ length: 4 }, () => element('redirdev', { bus: 'usb', type: 'spicevmc' })) : []),
  ];
}

/** Ports for four redirected devices, tablet and keyboard, and some to spare. */
export function usbController({ usb, chipset }: DomainSpec): Element[] {
  if (usb === 'none') return [element('controller', { type: 'usb', index: 0, model: 'none' })];
  const controller = { type: 'usb', index: 0 };
  if (chipset === 'q35') return [element('controller', { ...controller, model: 'qemu-xhci', ports: 8 })];
  if (usb === 'controller') return [element('controller', { ...controller, model: 'piix3-uhci' })];
  return [element('controller', { ...controller, model: 'nec-xhci', ports: 8 })];
}

function channels(spice: boolean): Element[] {
  return [
    element('channel', { type: 'unix' }, element('target', { type: 'virtio', name: 'org.qemu.guest_agent.0' })),
    ...(spice ? [element('channel', { type: 'spicevmc' }, element('target', { type: 'virtio', name: 'com.redhat.spice.0' }))] : []),
  ];
}

/** Passwords are set when somebody is given a ticket; until then the one that is there has expired. QEMU takes no password later that had none at first. */
const expired = { passwd: 'expired', passwdValidTo: '1970-01-01T00:00:01' };

const vnc = ({ vncSocket, screen }: DomainSpec): Element =>
  element('graphics', { type: 'vnc', ...expired, keymap: screen.keyboard }, element('listen', { type: 'socket', socket: vncSocket }));

const spiceServer = ({ screen }: DomainSpec): Element =>
  element(
    'graphics',
    { type: 'spice', autoport: 'yes', ...expired, keymap: screen.keyboard, defaultMode: 'any' },
    element('listen', { type: 'address', address: '127.0.0.1' }),
    !screen.copyPaste && element('clipboard', { copypaste: 'no' }),
    !screen.fileTransfer && element('filetransfer', { enable: 'no' }),
  );

/** QXL has its heads in memory of its own; the other adapters have one. */
function video({ screen, graphics }: DomainSpec): Element {
  if (graphics.length === 0 || screen.video === 'none') return element('model', { type: 'none' });
  if (screen.video !== 'qxl') return element('model', { type: screen.video, heads: 1, primary: 'yes' });
  const heads = screen.monitors;
  return element('model', { type: 'qxl', ram: 65_536 * heads, vram: 32_768 * heads, vgamem: 16_384 * heads, heads, primary: 'yes' });
}
