import { element, type Element } from './element.ts';
import type { DomainSpec } from './spec.ts';

/** Devices of the machine itself that nobody sees. */
export function platformDevices({ sound, rng, watchdog, tpm, memory }: DomainSpec): Element[] {
  return [
    ...(tpm ? [element('tpm', { model: 'tpm-crb' }, element('backend', { type: 'emulator', version: '2.0' }))] : []),
    ...(sound === null ? [] : [element('sound', { model: sound })]),
    ...(watchdog ? [element('watchdog', { model: watchdog.model, action: watchdog.action })] : []),
    ...(rng
      ? [
          element(
            'rng',
            { model: 'virtio' },
            rng.rate && element('rate', { bytes: rng.rate.bytes, period: rng.rate.period }),
            element('backend', { model: 'random' }, `/dev/${rng.source}`),
          ),
        ]
      : []),
    element('memballoon', { model: memory.ballooning ? 'virtio' : 'none' }, memory.ballooning && element('stats', { period: 5 })),
  ];
}
