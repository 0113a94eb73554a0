import { createHash } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import type { Descriptor } from '../../../src/oci/descriptor.ts'
import type { ExpectedImage, ExpectedLayer, ExpectedOutput, ExpectedPlatform } from '../vectors/case.ts'
import { listTar } from './tar-listing.ts'

/** What a registry holds under one name, read over plain HTTP with none of this package's own code. */
export interface ReadOutput extends ExpectedOutput {
  readonly digest: string
  /** Of every manifest, config and layer below the name, the index included. */
  readonly mediaTypes: readonly string[]
  /** By diffID. */
  readonly layers: Readonly<Record<string, ExpectedLayer>>
}

interface Manifest {
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

const accept = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ')

/** The tags of a repository, sorted; none for a repository that is not there. */
export async function readTags(host: string, repository: string): Promise<string[]> {
  const response = await fetch(`http://${host}/v2/${repository}/tags/list`)
  if (response.status === 404) return []
  const { tags } = (await response.json()) as { tags: string[] | null }
  return (tags ?? []).sort()
}

/** Everything below `host/repository:tag`, with each digest, size and diffID checked on the way. */
export async function readOutput(host: string, repository: string, tag: string, name = `${host}/${repository}:${tag}`): Promise<ReadOutput> {
  const reader = new Reader(host, repository)
  const { digest, manifest } = await reader.manifest(tag)
  const children = manifest.manifests
  const images: ExpectedImage[] = []
  for (const child of children ?? [undefined]) {
    const image = child === undefined ? manifest : (await reader.manifest(child.digest, child)).manifest
    images.push(await reader.image(image))
  }
  return {
    name,
    digest,
    kind: children === undefined ? 'image' : 'index',
    annotations: manifest.annotations ?? null,
    ...(children === undefined ? {} : { manifests: children.map((child) => ({ platform: (child.platform ?? null) as ExpectedPlatform | null, annotations: child.annotations ?? null })) }),
    images,
    mediaTypes: reader.mediaTypes,
    layers: reader.layers,
  }
}

class Reader {
  readonly mediaTypes: string[] = []
  readonly layers: Record<string, ExpectedLayer> = {}
  readonly #base: string

  constructor(host: string, repository: string) {
    this.#base = `http://${host}/v2/${repository}`
  }

  async manifest(name: string, promised?: Descriptor): Promise<{ readonly digest: string; readonly manifest: Manifest }> {
    const response = await fetch(`${this.#base}/manifests/${name}`, { headers: { accept } })
    const bytes = Buffer.from(await response.arrayBuffer())
    if (!response.ok) throw new Error(`manifest ${name}: ${response.status} ${bytes.toString('utf8')}`)
    const manifest = JSON.parse(bytes.toString('utf8')) as Manifest
    const type = response.headers.get('content-type')
    if (type !== manifest.mediaType) throw new Error(`manifest ${name}: served as ${String(type)}, says ${manifest.mediaType}`)
    if (promised !== undefined) check(bytes, promised)
    this.mediaTypes.push(manifest.mediaType)
    return { digest: digestOf(bytes), manifest }
  }

  async image(manifest: Manifest): Promise<ExpectedImage> {
    const config = JSON.parse((await this.#blob(manifest.config)).toString('utf8')) as Config
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
    const bytes = await this.#blob(layer)
    const tar = layer.mediaType.endsWith('gzip') ? gunzipSync(bytes) : bytes
    if (digestOf(tar) !== diffID) throw new Error(`layer ${layer.digest}: the config says ${diffID}, the tar is ${digestOf(tar)}`)
    this.layers[diffID] ??= listTar(tar)
  }

  async #blob(descriptor: Descriptor): Promise<Buffer> {
    const response = await fetch(`${this.#base}/blobs/${descriptor.digest}`)
    const bytes = Buffer.from(await response.arrayBuffer())
    if (!response.ok) throw new Error(`blob ${descriptor.digest}: ${response.status} ${bytes.toString('utf8')}`)
    check(bytes, descriptor)
    this.mediaTypes.push(descriptor.mediaType)
    return bytes
  }
}

function check(bytes: Buffer, { digest, size }: Descriptor): void {
  if (bytes.length !== size || digestOf(bytes) !== digest) throw new Error(`got ${bytes.length} bytes ${digestOf(bytes)}, want ${size} bytes ${digest}`)
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

function parsed(raw: string): unknown {
  try {
    return JSON.parse(raw)
  } catch {
    return raw
  }
}
