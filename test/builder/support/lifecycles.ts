import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { LifecycleContext } from '../../../src/builder/lifecycle.ts'
import { lifecycleBinaries } from '../../../src/builder/lifecycle-files.ts'
import { defaultLimits } from '../../../src/layers/unpack-limits.ts'
import type { Blob, Descriptor, InlineBlob } from '../../../src/oci/descriptor.ts'
import { inlineBlob } from '../../../src/oci/descriptor.ts'
import { encodeImageConfig } from '../../../src/oci/image-config.ts'
import { encodeIndex, encodeManifest } from '../../../src/oci/manifest.ts'
import { ociLayerGzip } from '../../../src/oci/media-types.ts'
import { digestOf } from '../../../src/oci/digest.ts'
import type { TarMember } from '../../support/archives/tar-bytes.ts'
import { tarBytes } from '../../support/archives/tar-bytes.ts'
import { MemoryStore } from '../../support/memory-store.ts'

export const descriptor = '[lifecycle]\nversion = "9.8.7"\n[apis.buildpack]\nsupported = ["0.9", "0.10"]\n[apis.platform]\ndeprecated = []\nsupported = ["0.12"]\n'

/** The first bytes of a program for a machine: `e_machine`, little-endian unless told. */
export function elf(machine: number, isBig = false): Buffer {
  const head = Buffer.alloc(64)
  Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, isBig ? 2 : 1, 1]).copy(head)
  if (isBig) head.writeUInt16BE(machine, 18)
  else head.writeUInt16LE(machine, 18)
  return head
}

interface LifecycleTree {
  readonly toml: string
  /** In front of every name. */
  readonly top: string
  readonly names: readonly string[]
}

/** What a lifecycle's archive holds; all programs have the same content. */
export function lifecycleMembers(program: string | Buffer = '#!/bin/sh\n', { toml = descriptor, top = '', names = lifecycleBinaries }: Partial<LifecycleTree> = {}): TarMember[] {
  return [
    { name: `${top}lifecycle.toml`, content: toml },
    { name: `${top}lifecycle/`, flag: '5', mode: 0o755 },
    ...names.map((name) => ({ name: `${top}lifecycle/${name}`, content: program, mode: 0o755 })),
  ]
}

export async function writeArchive(folder: string, name: string, members: readonly TarMember[]): Promise<void> {
  await writeFile(join(folder, name), gzipSync(tarBytes(members)))
}

/** Everything a run gives, in this folder. Repositories and downloads are the ones in `rest`. */
export function lifecycleContext(folder: string, rest: Partial<LifecycleContext> = {}): LifecycleContext {
  return {
    spool: async () => folder,
    openRepository: async (registry, repository) => {
      throw new Error(`nobody may ask for ${registry}/${repository}`)
    },
    download: async (url) => {
      throw new Error(`nobody may ask for ${url.href}`)
    },
    limits: defaultLimits,
    signal: undefined,
    anyMachine: false,
    ...rest,
  }
}

/** A store with an index of images, each for a platform with these layers, bottom first; `latest` names it. */
export async function imageStore(images: readonly { readonly arch: string; readonly layers: readonly (readonly TarMember[])[] }[], { single = false } = {}): Promise<MemoryStore> {
  const store = new MemoryStore()
  const children: Descriptor[] = []
  const manifests: Blob[] = []
  for (const { arch, layers } of images) {
    const tars = layers.map((members) => tarBytes(members))
    const blobs: InlineBlob[] = tars.map((tar) => inlineBlob(ociLayerGzip, gzipSync(tar)))
    const config = encodeImageConfig({ platform: { os: 'linux', architecture: arch }, created: '1980-01-01T00:00:01Z', labels: {}, diffIDs: tars.map((tar) => digestOf(tar)) })
    const manifest = encodeManifest(config.descriptor, blobs.map((blob) => blob.descriptor))
    for (const blob of [...blobs, config, manifest]) await store.put(blob)
    manifests.push(manifest)
    children.push({ ...manifest.descriptor, platform: { os: 'linux', architecture: arch } })
  }
  const [only] = manifests
  await store.tag(single && only !== undefined ? only : encodeIndex(children), 'latest')
  return store
}
