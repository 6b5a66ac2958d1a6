import { upload } from '@ostler/image-io/client';
import { verified } from '@ostler/image-io/verify';
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
import { brokenOff, transferred } from './transfer.ts';

export interface UploadOptions extends MutationOptions {
  readonly storageDomain?: string;
  readonly alias?: string;
  readonly format?: 'raw' | 'qcow2';
  readonly size?: number;
  readonly connections: number;
  readonly direct?: boolean;
  readonly verify?: boolean;
  readonly resume?: boolean;
}

const mebibyte = 1024 * 1024;

/** From an image file to a disk that a VM can have: made, filled, verified by the storage. */
export async function uploadImage(run: Run, path: string, options: UploadOptions): Promise<void> {
  const image = await localImage(path);
  const api = await run.api();
  const wish = await diskFor(api, image, options);
  const begun = options.resume ? await toResume(run, wish) : undefined;
  if (begun) {
    await send(run, begun.disk, image, wish.format === 'cow' ? 'qcow2' : 'raw', options, begun.transfer);
    return tellDisk(run, begun.disk, path);
  }
  const made = await carryOut(run, { ...options, wait: true }, (call) => api.disks.add(wish, call));
  const id = made?.answer.id;
  if (!made || id === undefined) return;
  try {
    await send(run, id, image, wish.format === 'cow' ? 'qcow2' : 'raw', options);
  } catch (error) {
    // One that is kept is in its transfer's hands: it is locked, and not removed.
    await removeLeftover(api, id);
    throw error;
  }
  await tellDisk(run, id, path);
}

async function tellDisk(run: Run, id: string, path: string): Promise<void> {
  const disk = await (await run.api()).disks(id).get();
  run.print(disk, `Disk ${disk.alias ?? id} holds ${path}; its id is ${id}.\n`);
}

/** The upload that broke off, if there is one; it must be of a disk such as this file would be uploaded to. */
async function toResume(run: Run, wish: Api['disk']): Promise<{ disk: string; transfer: string } | undefined> {
  const [first, ...others] = await brokenOff(run, wish.alias ?? '');
  const { id: transfer, disk } = first ?? {};
  if (transfer === undefined || disk?.id === undefined) return undefined;
  if (others.length > 0)
    throw usageProblem(
      `${others.length + 1} uploads to disks called ${wish.alias} are under way. Cancel those that are not meant: "ostler image-transfer cancel".`,
    );
  if (disk.provisioned_size !== wish.provisioned_size || disk.format !== wish.format)
    throw usageProblem(`The upload to disk ${wish.alias} that broke off was of another image: its size or its format differs.`);
  return { disk: disk.id, transfer };
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
  { connections, direct, verify, resume }: UploadOptions,
  begun?: string,
): Promise<void> {
  const same = image.format === format;
  const meter = newMeter();
  const wish = {
    disk,
    direction: 'upload',
    format: same && format === 'qcow2' ? 'cow' : 'raw',
    direct: direct ?? false,
    keep: resume ?? false,
    ...(begun !== undefined && { begun }),
  } as const;
  const content = { path: image.path, content: same ? ('file' as const) : image.format };
  await transferred(run, wish, async ({ url, ca, unixSocket }, again) => {
    const where = { url, signal: run.cli.signal, ...(ca !== undefined && { ca }), ...(unixSocket !== undefined && { unixSocket }) };
    await upload(content, {
      ...where,
      connections,
      resume: again,
      onProgress: (done, total) =>
        run.progress.state(`Uploading: ${meter.read(done, total, run.cli.now())}`, `Uploading ${tenths(done, total)} %`),
    });
    if (!verify) return;
    run.progress.state('Comparing checksums');
    run.progress.say(`Both sides have the checksum ${await verified(content, where)}.`);
  });
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
