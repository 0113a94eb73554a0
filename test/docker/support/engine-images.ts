import { gunzipSync } from 'node:zlib'
import { digestOf } from '../../../src/oci/digest.ts'
import { readTar } from './tar-files.ts'

/** What an engine keeps of an image. */
export interface KeptImage {
  readonly id: string
  readonly os: string
  readonly architecture: string
  readonly diffIDs: readonly string[]
  readonly labels: Readonly<Record<string, string>>
  /** What a container of it gets. */
  readonly config: Readonly<Record<string, unknown>>
}

interface Config {
  readonly os: string
  readonly architecture: string
  readonly config?: Readonly<Record<string, unknown>> & { readonly Labels?: Readonly<Record<string, string>> }
  readonly rootfs: { readonly diff_ids: readonly string[] }
}

interface LegacyManifest {
  readonly Config: string
  readonly RepoTags: readonly string[] | null
  readonly Layers: readonly string[]
}

/** What an engine makes of an image that is loaded. */
export type Alter = (image: KeptImage) => KeptImage

/** The images of a small engine, loaded the way Docker's own store does it, or containerd's. */
export class EngineImages {
  readonly byId = new Map<string, KeptImage>()
  readonly names = new Map<string, string>()
  /** Docker keeps a layer by the whole chain below it; containerd keeps blobs by their own digests. */
  readonly layers = new Set<string>()
  readonly #containerd: boolean
  readonly #alter: Alter

  constructor(containerd: boolean, alter: Alter) {
    this.#containerd = containerd
    this.#alter = alter
  }

  /** Throws in the engine's words. */
  load(archive: Buffer): KeptImage {
    const files = readTar(archive)
    const image = this.#alter(this.#containerd ? this.#loadLayout(files) : this.#loadLegacy(files))
    this.byId.set(image.id, image)
    return image
  }

  find(name: string): KeptImage | undefined {
    return this.byId.get(this.names.get(name) ?? name)
  }

  namesOf(id: string): string[] {
    return [...this.names].filter(([, named]) => named === id).map(([name]) => name)
  }

  /** `false`: there is none. */
  remove(name: string): boolean {
    const id = this.names.get(name) ?? name
    if (!this.byId.has(id)) return false
    for (const own of id === name ? this.namesOf(id) : [name]) this.names.delete(own)
    if (this.namesOf(id).length === 0) this.byId.delete(id)
    return true
  }

  #loadLegacy(files: ReadonlyMap<string, Buffer>): KeptImage {
    const [manifest] = JSON.parse(text(files, 'manifest.json')) as LegacyManifest[]
    if (manifest === undefined || manifest.RepoTags !== null) throw new Error('the test wants one nameless image')
    const config = need(files, manifest.Config)
    const parsed = JSON.parse(config.toString('utf8')) as Config
    parsed.rootfs.diff_ids.forEach((diffID, index) => {
      const chain = parsed.rootfs.diff_ids.slice(0, index + 1).join(' ')
      if (this.layers.has(chain)) return
      const bytes = need(files, manifest.Layers[index] ?? '')
      if (digestOf(plain(bytes)) !== diffID) throw new Error(`invalid diffID for layer ${index}: expected "${diffID}", got "${digestOf(plain(bytes))}"`)
      this.layers.add(chain)
    })
    return kept(digestOf(config), parsed)
  }

  #loadLayout(files: ReadonlyMap<string, Buffer>): KeptImage {
    const { manifests } = JSON.parse(text(files, 'index.json')) as { readonly manifests: readonly { readonly digest: string }[] }
    const digest = manifests[0]?.digest ?? ''
    const manifest = JSON.parse(text(files, blob(digest))) as { readonly config: { readonly digest: string }; readonly layers: readonly { readonly digest: string }[] }
    for (const layer of manifest.layers) {
      if (!this.layers.has(layer.digest) && digestOf(need(files, blob(layer.digest))) !== layer.digest) throw new Error(`unexpected commit digest ${layer.digest}`)
      this.layers.add(layer.digest)
    }
    return kept(digest, JSON.parse(text(files, blob(manifest.config.digest))) as Config)
  }
}

function kept(id: string, { os, architecture, config, rootfs }: Config): KeptImage {
  return { id, os, architecture, diffIDs: rootfs.diff_ids, labels: config?.Labels ?? {}, config: config ?? {} }
}

function blob(digest: string): string {
  return `blobs/sha256/${digest.replace('sha256:', '')}`
}

function need(files: ReadonlyMap<string, Buffer>, name: string): Buffer {
  const bytes = files.get(name)
  if (bytes === undefined) throw new Error(`open /var/lib/docker/tmp/docker-import-1/${name}: no such file or directory`)
  return bytes
}

function text(files: ReadonlyMap<string, Buffer>, name: string): string {
  return need(files, name).toString('utf8')
}

function plain(bytes: Buffer): Buffer {
  return bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes
}
