import type { IoCallName, IoInput, IoOutput } from '../io-protocol.ts';
import { prepareVolume } from './chain.ts';
import { checkDomain } from './check.ts';
import type { Disk } from './disk.ts';
import { attachDomain, createDomain, domainFacts, findDomains, formatDomain, probe, renameDomain } from './domain.ts';
import type { Context, Place } from './place.ts';
import { removeImage, sweep } from './remove.ts';
import { verifyVolume } from './verify.ts';
import { createVolume, describeVolume, extendVolume, listImages, markIllegal, recordCapacity, volumeFacts } from './volume.ts';

type Operations = { readonly [C in IoCallName]: (input: IoInput<C>, context: Context) => Promise<IoOutput<C>> };

export function fileOperations(root: string, disk: Disk): Operations {
  const place: Place = { root, disk, exclusively: sequencer() };
  return {
    probe: () => probe(place),
    check: ({ domain }) => checkDomain(place, domain),
    findDomains: () => findDomains(place),
    createDomain: (input) => place.exclusively(root, () => createDomain(place, input)),
    attachDomain: (input) => place.exclusively(input.domain, () => attachDomain(place, input)),
    renameDomain: ({ domain, name }) => place.exclusively(domain, () => renameDomain(place, domain, name)),
    formatDomain: ({ domain }) => place.exclusively(root, () => formatDomain(place, domain)),
    domainFacts: ({ domain }) => domainFacts(place, domain),
    sweep: ({ domain }, context) => sweep(place, domain, context),
    createVolume: (input, context) => place.exclusively(input.image, () => createVolume(place, input, context)),
    removeImage: (input, context) => place.exclusively(input.image, () => removeImage(place, input, context)),
    volumeFacts: (input) => volumeFacts(place, input),
    listImages: ({ domain }) => listImages(place, domain),
    extendVolume: (input, context) => place.exclusively(input.image, () => extendVolume(place, input, context)),
    describeVolume: (input) => place.exclusively(input.image, () => describeVolume(place, input)),
    recordCapacity: (input) => place.exclusively(input.image, () => recordCapacity(place, input)),
    markIllegal: (input) => place.exclusively(input.image, () => markIllegal(place, input)),
    verifyVolume: (input, context) => verifyVolume(place, input, context),
    prepare: (input) => prepareVolume(place, input),
  };
}

function sequencer(): Place['exclusively'] {
  const last = new Map<string, Promise<unknown>>();
  return async (thing, work) => {
    const turn = (last.get(thing) ?? Promise.resolve()).then(work, work);
    last.set(thing, turn);
    try {
      return await turn;
    } finally {
      if (last.get(thing) === turn) last.delete(thing);
    }
  };
}
