import type { Buffer as NodeBuffer } from 'node:buffer'
import { createWriteStream } from 'node:fs'
import { readFile, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Descriptor } from '../oci/descriptor.ts'
import { encodeHeader, endOfArchive, fixedTime, paddingOf } from '../tar/header.ts'
import { layoutSource } from './layout-source.ts'

const none = Buffer.alloc(0)

/**
 * Writes the layout in `folder` as one uncompressed tar, the shape of a `.cnb` (SPEC-package.md section 8): `/blobs`,
 * `/blobs/sha256`, the blobs sorted by name, `/index.json`, `/oci-layout`; each name absolute, each mode 0755. Equal layouts
 * make equal files. Each blob is checked once more as it goes in.
 */
export async function writeArchive(folder: string, path: string, signal: AbortSignal): Promise<void> {
  await pipeline(membersOf(folder), createWriteStream(path, { flags: 'wx', flush: true, highWaterMark: 1024 * 1024 }), { signal })
}

async function* membersOf(folder: string): AsyncGenerator<NodeBuffer> {
  yield headerOf('/blobs', 'folder', 0)
  yield headerOf('/blobs/sha256', 'folder', 0)
  for (const hex of (await readdir(join(folder, 'blobs', 'sha256'))).sort()) yield* blobMember(folder, hex)
  for (const name of ['index.json', 'oci-layout']) {
    const bytes = await readFile(join(folder, name))
    yield* [headerOf(`/${name}`, 'file', bytes.length), bytes, paddingAfter(bytes.length)]
  }
  yield endOfArchive
}

async function* blobMember(folder: string, hex: string): AsyncGenerator<NodeBuffer> {
  const { size } = await stat(join(folder, 'blobs', 'sha256', hex))
  const descriptor: Descriptor = { mediaType: 'application/octet-stream', size, digest: `sha256:${hex}` }
  yield headerOf(`/blobs/sha256/${hex}`, 'file', size)
  for await (const chunk of await layoutSource(folder).open(descriptor)) yield chunk as NodeBuffer
  yield paddingAfter(size)
}

function headerOf(name: string, type: 'file' | 'folder', size: number): NodeBuffer {
  return encodeHeader({ name: Buffer.from(name), type, mode: 0o755, size, linkname: none, mtime: fixedTime, windows: false })
}

function paddingAfter(size: number): NodeBuffer {
  return endOfArchive.subarray(0, paddingOf(size))
}
