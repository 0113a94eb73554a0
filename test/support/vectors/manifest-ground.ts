import { randomBytes } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { attemptPackage, noCompileCache } from '../../interop/support/cli.ts'
import type { ExecOptions, Finished } from '../../interop/support/exec.ts'
import type { CliResult } from '../cli.ts'
import { runCli } from '../cli.ts'
import type { MadeBlob, MadeImage } from '../images/made.ts'
import { descriptorOf, madeBlob, makeImage, sendImage } from '../images/made.ts'
import { digestOf } from '../read-back/image.ts'
import { emptyTree } from '../tree/tree.ts'
import type { CaseImage, CaseIndex } from './manifest-case.ts'

const accept = ['oci.image.index.v1', 'oci.image.manifest.v1', 'docker.distribution.manifest.list.v2', 'docker.distribution.manifest.v2']
  .map((name) => `application/vnd.${name}+json`)
  .join(', ')

/** What a registry serves: the bytes, and the type it says they have. */
export interface Served {
  readonly mediaType: string | null
  readonly bytes: Buffer
}

/**
 * Where one case happens: repositories of its own in the registry at `host`, a home and a working folder that nobody used
 * before, and the images that were pushed, by the names that the case gives them.
 */
export class ManifestGround implements AsyncDisposable {
  readonly host: string
  readonly home: string
  readonly work: string
  readonly #prefix = `case-${randomBytes(4).toString('hex')}`
  readonly #images = new Map<string, { readonly made: MadeImage; readonly repository: string; readonly tag: string | undefined }>()

  private constructor(host: string, home: string, work: string) {
    this.host = host
    this.home = home
    this.work = work
  }

  static async open(host: string): Promise<ManifestGround> {
    const [home, work] = await Promise.all([emptyTree(), emptyTree()])
    return new ManifestGround(host, home.path, work.path)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.home, this.work].map((path) => rm(path, { recursive: true, force: true })))
  }

  async push(images: Readonly<Record<string, CaseImage>>): Promise<void> {
    for (const [name, image] of Object.entries(images)) {
      const { repository = 'app', tag } = image
      const made = image.index === undefined ? makeImage(image) : await this.#makeIndex(image)
      await sendImage(this.host, this.#path(repository), made, tag)
      this.#images.set(name, { made, repository, tag })
    }
  }

  manifestOf(name: string): MadeBlob {
    return this.#known(name).made.manifest
  }

  /** The digests of an image's layers and config. */
  blobsOf(name: string): readonly string[] {
    return this.#known(name).made.blobs.map(({ digest }) => digest)
  }

  /** Runs one command in this process. */
  run(args: readonly string[]): Promise<CliResult> {
    return runCli(args, { cwd: this.work, home: this.home })
  }

  /** Runs one command in a process of its own; `code` is null where it was killed. */
  start(args: readonly string[], options: Pick<ExecOptions, 'env' | 'started'> = {}): Promise<Finished> {
    const env = { ...noCompileCache, ...options.env }
    return attemptPackage(args, { ...options, env, cwd: this.work, home: this.home })
  }

  async write(files: Readonly<Record<string, unknown>>): Promise<void> {
    for (const [name, value] of Object.entries(files)) await writeFile(join(this.work, name), await this.fill(JSON.stringify(value)))
  }

  /** Fills `{repo:R}`, `{digest:I}` and the other words of the README. */
  async fill(text: string): Promise<string> {
    const parts = text.split(/(\{(?:registry|base|work|repo:[^}]+|digest:[^}]+|hex:[^}]+|size:[^}]+|tagged:[^}]+|pinned:[^}]+|served:[^}]+)\})/)
    return (await Promise.all(parts.map(async (part, at) => (at % 2 === 0 ? part : this.#word(part.slice(1, -1)))))).join('')
  }

  /** What `repository:name` stands for now; undefined where the registry knows nothing of that name. */
  async served(repository: string, name: string): Promise<Served | undefined> {
    const response = await fetch(`http://${this.host}/v2/${this.#path(repository)}/manifests/${name}`, { headers: { accept } })
    const bytes = Buffer.from(await response.arrayBuffer())
    if (response.status === 404) return undefined
    if (!response.ok) throw new Error(`${response.url}: ${response.status} ${bytes.toString('utf8')}`)
    return { mediaType: response.headers.get('content-type'), bytes }
  }

  async hasBlob(repository: string, digest: string): Promise<boolean> {
    return (await fetch(`http://${this.host}/v2/${this.#path(repository)}/blobs/${digest}`, { method: 'HEAD' })).ok
  }

  /** The tags of a repository, sorted. */
  async tags(repository: string): Promise<string[]> {
    const response = await fetch(`http://${this.host}/v2/${this.#path(repository)}/tags/list`)
    const { tags = [] } = (await response.json()) as { readonly tags?: string[] | null }
    return (tags ?? []).sort()
  }

  /** `host/repository`, as image names begin. */
  repo(repository: string): string {
    return `${this.host}/${this.#path(repository)}`
  }

  #path(repository: string): string {
    return `${this.#prefix}/${repository}`
  }

  #known(name: string): { readonly made: MadeImage; readonly repository: string; readonly tag: string | undefined } {
    const image = this.#images.get(name)
    if (image === undefined) throw new Error(`the case names an image "${name}" that it has not pushed`)
    return image
  }

  async #makeIndex({ index }: CaseIndex): Promise<MadeImage> {
    const filled = JSON.parse(await this.fill(JSON.stringify(index))) as CaseIndex['index']
    const manifests = filled.manifests.map(({ image, ...rest }) => ({ ...descriptorOf(this.manifestOf(image)), ...rest }))
    return { manifest: madeBlob(index.mediaType, { ...filled, manifests }), blobs: [] }
  }

  async #word(word: string): Promise<string> {
    const [kind = '', name = '', tag = ''] = word.split(':')
    if (kind === 'registry') return this.host
    if (kind === 'base') return `${this.host}/${this.#prefix}`
    if (kind === 'work') return this.work
    if (kind === 'repo') return this.repo(name)
    if (kind === 'served') return digestOf((await this.served(name, tag))?.bytes ?? Buffer.alloc(0))
    const { made, repository, tag: pushedAs } = this.#known(name)
    const { digest, size } = made.manifest
    if (kind === 'digest') return digest
    if (kind === 'hex') return digest.slice('sha256:'.length)
    if (kind === 'size') return String(size)
    return kind === 'pinned' ? `${this.repo(repository)}@${digest}` : `${this.repo(repository)}:${pushedAs ?? 'latest'}`
  }
}
