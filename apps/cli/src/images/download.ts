import { access, rm } from 'node:fs/promises';
import { download } from '@ostler/image-io/client';
import { verified } from '@ostler/image-io/verify';
import { findDisk } from '../find.ts';
import { Problem } from '../problem.ts';
import type { Run } from '../run.ts';
import { newMeter } from './meter.ts';
import { transferred } from './transfer.ts';
import { tenths } from './upload.ts';

export interface DownloadOptions {
  readonly format?: 'raw' | 'qcow2';
  readonly connections: number;
  readonly direct?: boolean;
  readonly verify?: boolean;
}

/** Writes what a guest sees on a disk to a new file. On failure there is no file. */
export async function downloadImage(
  run: Run,
  wanted: string,
  path: string,
  { format, connections, direct, verify }: DownloadOptions,
): Promise<void> {
  // Before anybody is troubled. That it was made meanwhile is found when it is opened.
  if (await isThere(path)) throw takenAlready(path);
  const api = await run.api();
  const disk = await findDisk(api, wanted);
  const size = disk.provisioned_size ?? 0;
  const asQcow2 = (format ?? (/\.qcow2$/i.test(path) ? 'qcow2' : 'raw')) === 'qcow2';
  const meter = newMeter();
  await transferred(
    run,
    { disk: disk.id, direction: 'download', format: 'raw', direct: direct ?? false },
    async ({ url, ca, unixSocket }) => {
      const where = { url, signal: run.cli.signal, ...(ca !== undefined && { ca }), ...(unixSocket !== undefined && { unixSocket }) };
      const target = { path, content: asQcow2 ? 'qcow2' : 'file' } as const;
      await download(target, size, {
        ...where,
        connections,
        onProgress: (done, total) =>
          run.progress.state(`Downloading: ${meter.read(done, total, run.cli.now())}`, `Downloading ${tenths(done, total)} %`),
      }).catch((error: unknown) => {
        if (error instanceof Error && 'code' in error && error.code === 'EEXIST') throw takenAlready(path);
        throw error;
      });
      if (!verify) return;
      run.progress.state('Comparing checksums');
      try {
        run.progress.say(`Both sides have the checksum ${await verified(target, where)}.`);
      } catch (error) {
        await rm(path, { force: true });
        throw error;
      }
    },
  );
  run.print({ file: path, id: disk.id, size, format: asQcow2 ? 'qcow2' : 'raw' }, `Disk ${disk.alias ?? disk.id} is in ${path}.\n`);
}

const takenAlready = (path: string): Problem => new Problem(`${path} is there already, and is left alone.`);

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
