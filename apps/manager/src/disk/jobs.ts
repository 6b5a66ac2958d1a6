import type { VolumeFacts } from '@ostler/agent-contract/values';
import type { AddDisk, RemoveDisk } from '@ostler/domain/disk/plan';
import { events } from '@ostler/domain/events/catalogue';
import { emit } from '../audit/store.ts';
import { job, step } from '../jobs/definition.ts';
import { finishTask } from '../jobs/host-task.ts';
import { forgetDisk, recordVolume } from './store.ts';

/** Makes the disk's first volume. The rows are there from the commit on; they go again when it fails. */
export const addDisk = job<AddDisk>(
  'add-disk',
  {
    version: 1,
    async ended({ data }, { db, outcome, failure, correlation, owner }) {
      if (outcome === 'finished')
        return void (await emit(
          db,
          events.disk_added({ disk: data.alias }),
          { disk: data.disk, storageDomain: data.domain, user: owner },
          correlation,
        ));
      await emit(
        db,
        events.disk_add_failed({ disk: data.alias, reason: failure?.message ?? '' }),
        { storageDomain: data.domain, user: owner },
        correlation,
      );
      await forgetDisk(db, data.disk);
    },
  },
  ({ data }, { agents }) => [
    step('create-volume', {
      do: (context) =>
        agents.of(data.host).call(
          'createVolume',
          {
            domain: data.domain,
            image: data.disk,
            volume: data.volume,
            format: data.format,
            sparse: data.sparse,
            capacity: data.capacity,
            content: data.contentType,
            description: data.description === '' ? data.alias : data.description,
            legal: true,
          },
          { mandate: context.mandate },
        ),
      undo: async (context) => {
        // What was there before us is not ours to erase.
        if (context.failure?.code !== 'volume_exists')
          await finishTask(context, agents.of(data.host), () =>
            agents.of(data.host).call('removeImage', { domain: data.domain, image: data.disk, wipe: false }, { mandate: context.mandate }),
          );
      },
    }),
    step('record', { do: async ({ db, results }) => void (await recordVolume(db, results['create-volume'] as VolumeFacts)) }),
  ],
);

/** Once the storage has begun to forget the disk there is no way back. */
export const removeDisk = job<RemoveDisk>(
  'remove-disk',
  {
    version: 1,
    async ended({ data }, { db, outcome, failure, correlation, owner }) {
      if (outcome !== 'finished')
        return void (await emit(
          db,
          events.disk_remove_failed({ disk: data.alias, reason: failure?.message ?? '' }),
          { disk: data.disk, user: owner },
          correlation,
        ));
      await forgetDisk(db, data.disk);
      await emit(db, events.disk_removed({ disk: data.alias }), { storageDomain: data.domain, user: owner }, correlation);
    },
  },
  ({ data }, { agents }) => [
    step('remove-image', {
      do: (context) =>
        finishTask(context, agents.of(data.host), () =>
          agents
            .of(data.host)
            .call('removeImage', { domain: data.domain, image: data.disk, wipe: data.wipe }, { mandate: context.mandate }),
        ),
      pointOfNoReturn: true,
    }),
  ],
);
