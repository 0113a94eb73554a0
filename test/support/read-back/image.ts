import { createHash } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import type { Descriptor } from '../../../src/oci/descriptor.ts'
import type { ExpectedImage, ExpectedLayer, ExpectedPlatform } from '../vectors/case.ts'
import { listTar } from './tar-listing.ts'

/** A manifest or an index, as JSON has it. */
export interface Manifest {
  readonly mediaType: string
  readonly manifests?: readonly Descriptor[]
  readonly config: Descriptor
  readonly layers: readonly Descriptor[]
  readonly annotations?: Readonly<Record<string, string>>
}

interface Config extends Record<string, unknown> {
  readonly config?: { readonly Labels?: Readonly<Record<string, string>> } & Readonly<Record<string, unknown>>
  readonly history: readonly { readonly created: string }[]
  readonly rootfs: { readonly diff_ids: readonly string[] }
}

/** Reads images of one place, with none of this package's own code, and checks each digest, size and diffID on the way. */
export class ImageReader {
  /** Of every manifest, config and layer that was read. */
  readonly mediaTypes: string[] = []
  /** By diffID. */
  readonly layers: Record<string, ExpectedLayer> = {}
  readonly #blob: (descriptor: Descriptor) => Promise<Buffer>

  constructor(blob: (descriptor: Descriptor) => Promise<Buffer>) {
    this.#blob = blob
  }

  async image(manifest: Manifest): Promise<ExpectedImage> {
    const config = JSON.parse((await this.#read(manifest.config)).toString('utf8')) as Config
    if (manifest.layers.length !== config.rootfs.diff_ids.length) throw new Error(`${manifest.layers.length} layers, but ${config.rootfs.diff_ids.length} diffIDs`)
    for (const [at, layer] of manifest.layers.entries()) await this.#layer(layer, config.rootfs.diff_ids[at] ?? '')
    const { Labels = {}, ...container } = config.config ?? {}
    const platform = config as unknown as ExpectedPlatform
    return {
      config: {
        os: platform.os,
        architecture: platform.architecture,
        variant: platform.variant ?? null,
        'os.version': platform['os.version'] ?? null,
        'os.features': platform['os.features'] ?? null,
        created: String(config['created']),
        author: (config['author'] as string | undefined) ?? null,
      },
      history: config.history,
      container,
      labels: Object.fromEntries(Object.entries(Labels).map(([key, raw]) => [key, { raw, value: parsed(raw) }])),
      diff_ids: config.rootfs.diff_ids,
    }
  }

  async #layer(layer: Descriptor, diffID: string): Promise<void> {
    const bytes = await this.#read(layer)
    const tar = layer.mediaType.endsWith('gzip') ? gunzipSync(bytes) : bytes
    if (digestOf(tar) !== diffID) throw new Error(`layer ${layer.digest}: the config says ${diffID}, the tar is ${digestOf(tar)}`)
    this.layers[diffID] ??= listTar(tar)
  }

  async #read(descriptor: Descriptor): Promise<Buffer> {
    const bytes = await this.#blob(descriptor)
    checkBytes(bytes, descriptor)
    this.mediaTypes.push(descriptor.mediaType)
    return bytes
  }
}

export function checkBytes(bytes: Buffer, { digest, size }: Descriptor): void {
  if (bytes.length !== size || digestOf(bytes) !== digest) throw new Error(`got ${bytes.length} bytes ${digestOf(bytes)}, want ${size} bytes ${digest}`)
}

export function digestOf(bytes: Buffer): `sha256:${string}` {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

function parsed(raw: string): unknown {
  try {
    return JSON.parse(raw)
  } catch {
    return raw
  }
}
