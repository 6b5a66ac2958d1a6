import { upload } from '@ostler/image-io/client';
import type { Api } from '@ostler/contract/schema';
import { carryOut, type MutationOptions } from '../carry-out.ts';
import type { Client } from '@ostler/contract/client';
import { onlyDomain } from '../domains.ts';
import { findStorageDomain } from '../find.ts';
import { usageProblem } from '../problem.ts';
import type { Run } from '../run.ts';
import { humanSize } from '../sizes.ts';
import { aliasOf, localImage, type LocalImage } from './local-image.ts';
import { newMeter } from './meter.ts';
import { transferred } from './transfer.ts';

export interface UploadOptions extends MutationOptions {
  readonly storageDomain?: string;
  readonly alias?: string;
  readonly format?: 'raw' | 'qcow2';
  readonly size?: number;
  readonly connections: number;
  readonly direct?: boolean;
}

const mebibyte = 1024 * 1024;

/** From an image file to a disk that a VM can have: made, filled, verified by the storage. */
export async function uploadImage(run: Run, path: string, options: UploadOptions): Promise<void> {
  const image = await localImage(path);
  const api = await run.api();
  const wish = await diskFor(api, image, options);
  const made = await carryOut(run, { ...options, wait: true }, (call) => api.disks.add(wish, call));
  const id = made?.answer.id;
  if (!made || id === undefined) return;
  try {
    await send(run, id, image, wish.format === 'cow' ? 'qcow2' : 'raw', options);
  } catch (error) {
    await removeLeftover(api, id);
    throw error;
  }
  const disk = await api.disks(id).get();
  run.print(disk, `Disk ${disk.alias ?? wish.alias} holds ${path}; its id is ${id}.\n`);
}

async function diskFor(
  api: Client,
  image: LocalImage,
  { storageDomain, alias, format = image.format, size }: UploadOptions,
): Promise<Api['disk']> {
  if (size !== undefined && size < image.virtualSize)
    throw usageProblem(`The image needs ${humanSize(image.virtualSize)}; a disk of ${humanSize(size)} cannot hold it.`);
  if (size !== undefined && size !== image.virtualSize && format === 'qcow2')
    throw usageProblem('A QCOW2 image brings its size along: --size is for raw disks.');
  const content = /\.iso$/i.test(image.path) && format === 'raw' ? ('iso' as const) : ('data' as const);
  return {
    alias: alias ?? aliasOf(image.path),
    format: format === 'qcow2' ? 'cow' : 'raw',
    sparse: true,
    content_type: content,
    provisioned_size: format === 'qcow2' ? image.virtualSize : Math.ceil((size ?? image.virtualSize) / mebibyte) * mebibyte,
    storage_domains: [{ id: storageDomain === undefined ? await onlyDomain(api) : (await findStorageDomain(api, storageDomain)).id }],
  };
}

/** Sent as the bytes of the file where the disk has the file's own format; else as what the guest sees, and the host converts. */
async function send(
  run: Run,
  disk: string,
  image: LocalImage,
  format: 'raw' | 'qcow2',
  { connections, direct }: UploadOptions,
): Promise<void> {
  const { ca } = await run.connection();
  const same = image.format === format;
  const meter = newMeter();
  const wish = { disk, direction: 'upload', format: same && format === 'qcow2' ? 'cow' : 'raw', direct: direct ?? false } as const;
  await transferred(run, wish, (url, again) =>
    upload(
      { path: image.path, content: same ? 'file' : image.format },
      {
        url,
        connections,
        resume: again,
        signal: run.cli.signal,
        ...(ca !== undefined && { ca }),
        onProgress: (done, total) =>
          run.progress.state(`Uploading: ${meter.read(done, total, run.cli.now())}`, `Uploading ${tenths(done, total)} %`),
      },
    ),
  );
}

/** Where no terminal shows every change, every tenth is enough. */
export const tenths = (done: number, total: number): number => (total === 0 ? 100 : Math.floor((10 * done) / total) * 10);

/** A disk whose upload failed goes with its transfer; if there never was a transfer, it goes here. */
async function removeLeftover(api: Client, id: string): Promise<void> {
  await api
    .disks(id)
    .remove({})
    .catch(() => undefined);
}
