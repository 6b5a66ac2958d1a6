/**
 * Whether a volume is what it was declared to be, asked before a VM or a host's QEMU sees it.
 *
 * The header comes first and without QEMU: even `qemu-img info` opens the files that a header names. Only an image
 * that names none is shown to qemu-img, which runs as a child with limits on memory and processor time, since crafted
 * metadata can make it take gigabytes or hours.
 */
import { open } from 'node:fs/promises';
import { run } from './command.ts';
import { ImageError, messageOf } from './errors.ts';
import { type Declared, HEADER_BYTES, type ImageLie, liesInFirstBytes } from './qcow2-header.ts';

export type InspectOptions = Declared & {
  /** Absolute, confined by the caller. */
  readonly path: string;
  /** The volume is open for writing elsewhere: no locks are taken, and its metadata is not checked as it may be in flux. */
  readonly inUse?: boolean;
  /** Milliseconds for the check of all metadata, which grows with the image. */
  readonly deadline?: number;
};

export type ImageFacts = {
  readonly virtualSize: number;
  /** Bytes on the storage. */
  readonly actualSize: number;
  /** RHV's name for the version of a qcow2 image: 2 is `0.10`, 3 is `1.1`. */
  readonly compat?: '0.10' | '1.1';
};

export type Inspection =
  { readonly honest: true; readonly facts: ImageFacts } | { readonly honest: false; readonly lies: readonly [ImageLie, ...ImageLie[]] };

type Limits = { readonly memory: number; readonly cpuSeconds: number; readonly deadline: number };

/** `info` of an honest image takes milliseconds and a few hundred megabytes of address space, most of it libraries. */
const INFO_LIMITS: Limits = { memory: 1024 ** 3, cpuSeconds: 30, deadline: 60_000 };

/** Rejects with an ImageError when the volume cannot be examined for reasons of the host; what is wrong with the image is in the result. */
export async function inspectVolume({
  path,
  format,
  virtualSize,
  inUse = false,
  deadline = 15 * 60_000,
}: InspectOptions): Promise<Inspection> {
  const declared = { format, virtualSize };
  const { first, length } = await beginningOf(path);
  const early = verdict(liesInFirstBytes(first, declared, length));
  if (early) return early;
  const info = await qemuImg('info', ['--output=json', '-f', format, ...(inUse ? ['-U'] : []), path], INFO_LIMITS);
  if ('code' in info) return { honest: false, lies: [info] };
  if (info.status !== 0) return { honest: false, lies: [{ code: 'corrupt', detail: firstLine(info.stderr) }] };
  const { facts, lies } = readInfo(info.stdout, declared);
  const late = verdict([...lies, ...(format === 'qcow2' && !inUse && lies.length === 0 ? await check(path, length, deadline) : [])]);
  return late ?? { honest: true, facts };
}

async function beginningOf(path: string): Promise<{ first: Buffer; length: number | undefined }> {
  try {
    await using file = await open(path, 'r');
    const stat = await file.stat();
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, 0);
    // A logical volume is longer than the image in it.
    return { first: buffer.subarray(0, bytesRead), length: stat.isFile() ? stat.size : undefined };
  } catch (error) {
    throw new ImageError('backend', `Cannot open the volume: ${messageOf(error)}`);
  }
}

function verdict([first, ...rest]: readonly ImageLie[]): Inspection | undefined {
  return first && { honest: false, lies: [first, ...rest] };
}

/** What qemu-img says must agree with what the header said; where they differ, one of the two was fooled. */
function readInfo(text: string, declared: Declared): { facts: ImageFacts; lies: ImageLie[] } {
  const info = objectOf(JSON.parse(text));
  const specific = objectOf(objectOf(info['format-specific'])['data']);
  const actual = typeof info['virtual-size'] === 'number' ? info['virtual-size'] : 0;
  const compat = specific['compat'] === '0.10' || specific['compat'] === '1.1' ? specific['compat'] : undefined;
  const lies: ImageLie[] = [];
  if (info['format'] !== declared.format) lies.push({ code: 'looks_like', format: String(info['format']) });
  if (info['backing-filename'] !== undefined) lies.push({ code: 'backing_file' });
  if (specific['data-file'] !== undefined) lies.push({ code: 'external_data_file' });
  if (info['encrypted'] === true) lies.push({ code: 'encrypted', method: 'unknown' });
  if (specific['corrupt'] === true) lies.push({ code: 'corrupt', detail: 'it is marked as corrupt' });
  if (declared.format === 'qcow2' && actual !== declared.virtualSize)
    lies.push({ code: 'wrong_virtual_size', actual, declared: declared.virtualSize });
  const actualSize = typeof info['actual-size'] === 'number' ? info['actual-size'] : 0;
  return { facts: { virtualSize: actual, actualSize, ...(compat === undefined ? {} : { compat }) }, lies };
}

// Exit codes of qemu-img check, from its manual.
const CHECK = { clean: 0, corruptions: 2, leaks: 3 } as const;

async function check(path: string, length: number | undefined, deadline: number): Promise<ImageLie[]> {
  const limits = { memory: 2 * 1024 ** 3, cpuSeconds: Math.ceil(deadline / 1000), deadline };
  const result = await qemuImg('check', ['--output=json', '-f', 'qcow2', path], limits);
  if ('code' in result) return [result];
  const { status, stdout, stderr } = result;
  // Leaked clusters waste space and endanger nothing.
  if (status === CHECK.clean || status === CHECK.leaks) return [];
  if (status !== CHECK.corruptions) return [{ code: 'corrupt', detail: firstLine(stderr) }];
  const needed = objectOf(JSON.parse(stdout))['image-end-offset'];
  if (/exceeding the end of the file|outside image/.test(stderr) && length !== undefined) {
    return [{ code: 'truncated', length, needed: typeof needed === 'number' ? Math.max(needed, length + 1) : length + 1 }];
  }
  return [{ code: 'corrupt', detail: firstLine(stderr) }];
}

type Output = { readonly status: number; readonly stdout: string; readonly stderr: string };

async function qemuImg(command: string, args: readonly string[], { memory, cpuSeconds, deadline }: Limits): Promise<Output | ImageLie> {
  try {
    const limited = [`--as=${memory}`, `--cpu=${cpuSeconds}`, '--core=0', '--', 'qemu-img', command, ...args];
    const { status, signal, stdout, stderr } = await run('prlimit', limited, { deadline, maxOutput: 16 * 1024 * 1024 });
    if (status === null) return { code: 'too_expensive', detail: `qemu-img ${command} was ended by ${signal}` };
    if (/cannot allocate memory|failed to allocate/i.test(stderr))
      return { code: 'too_expensive', detail: `qemu-img ${command} ran out of memory` };
    notTheHost(stderr);
    return { status, stdout, stderr };
  } catch (error) {
    if (error instanceof ImageError && error.code === 'deadline') return { code: 'too_expensive', detail: error.message };
    throw error;
  }
}

/** A lock that somebody holds and a storage that does not answer say nothing about the image. */
function notTheHost(stderr: string): void {
  if (/Failed to get .* lock/.test(stderr)) throw new ImageError('busy', 'The volume is in use by another process');
  if (/Permission denied|Input\/output error|Stale file handle|No such file|Transport endpoint/.test(stderr)) {
    throw new ImageError('backend', `The volume cannot be read: ${firstLine(stderr)}`);
  }
}

/** Without the path: it is the host's business. */
function firstLine(stderr: string): string {
  const line = stderr.trim().split('\n')[0] ?? '';
  return line.replace(/^qemu-img: (Could not open '[^']*': )?/, '') || 'qemu-img gave no reason';
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}
