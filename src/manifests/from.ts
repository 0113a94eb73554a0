import { readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { PackagerError, cancelled, reason, systemCode } from '../errors.ts'
import type { Digest } from '../oci/digest.ts'
import { isDigest } from '../oci/digest.ts'
import { readPlatform } from '../oci/index-content.ts'
import type { Platform } from '../oci/platform.ts'
import type { Reference } from '../oci/reference.ts'
import { parseReference } from '../oci/reference.ts'
import { gather, throwAll } from './failures.ts'
import { openAnything } from './files.ts'
import type { Selection } from './options.ts'
import { collides, isAttestation, platformText } from './platforms.ts'
import type { Found, Group, Reading } from './resolve.ts'
import { resolveImage } from './resolve.ts'

/** An image that a job of a matrix has pushed, as its metadata file tells. */
export interface ReportedImage {
  readonly file: string
  readonly reference: Reference & { readonly digest: Digest }
  readonly platform: Platform
  /** `id@version` of each layer's modules; empty where the file does not say. */
  readonly modules: readonly string[]
}

const step = 'read --from'
const largestFile = 16 * 1024 * 1024

/**
 * The images of a CI matrix (SPEC.md, "Many machines"): each is read by the digest in its file, and all must fit together.
 *
 * @param paths files, or folders whose `*.json` are all taken by name
 * @throws PackagerError naming the files, for every image that is missing, doubled or of another package
 */
export async function resolveFiles(paths: readonly string[], cwd: string, selection: Selection, reading: Reading): Promise<readonly Group[]> {
  const files = (await gather(paths, 4, (path) => listFiles(resolve(cwd, path), path))).flat()
  const images = (await gather(files, 4, (file) => readMetadata(file, reading.signal))).flat()
  const read = await gather(images, reading.concurrency, async (image) => {
    const group = await resolveImage(image.reference, selection, reading).catch((cause: unknown) => {
      throw inFile(image.file, cause)
    })
    return { image, group: agreed(image, group) }
  })
  throwAll([...doubled(read), ...strangers(read)])
  return read.map(({ group }) => group)
}

async function listFiles(path: string, word: string): Promise<readonly string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path]
    const names = (await readdir(path)).filter((name) => name.endsWith('.json')).sort()
    if (names.length === 0) throw new PackagerError({ code: 'LIST_EMPTY', step, value: word, found: 'a folder without *.json files', wanted: 'what --metadata-file wrote' })
    return names.map((name) => join(path, name))
  } catch (cause) {
    if (cause instanceof PackagerError) throw cause
    const isThere = systemCode(cause) !== 'ENOENT'
    throw new PackagerError({
      code: isThere ? 'UNREADABLE' : 'NOT_FOUND',
      step,
      value: word,
      found: isThere ? reason(cause) : 'no such file or folder',
      wanted: 'a file that --metadata-file wrote, or a folder of them',
      cause,
    })
  }
}

/** A pipe is as good as a file; neither that nor a device says how much comes. */
async function readStart(file: string, signal: AbortSignal | undefined): Promise<string> {
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of await openAnything(file, signal)) {
    pieces.push(piece as Buffer)
    length += (piece as Buffer).length
    if (length > largestFile) throw new RangeError('more than 16 MiB')
  }
  return Buffer.concat(pieces).toString('utf8')
}

/** Of all that such a file has, only this is needed; what nobody here knows is no mistake. */
async function readMetadata(file: string, signal: AbortSignal | undefined): Promise<readonly ReportedImage[]> {
  const wrong = (found: string, wanted: string): PackagerError => new PackagerError({ code: 'UNREADABLE', step, value: file, found, wanted })
  const value = await readStart(file, signal).then((text) => JSON.parse(text) as unknown).catch((cause: unknown) => {
    if (signal?.aborted === true) throw cancelled(step, cause)
    throw wrong(systemCode(cause) === 'EISDIR' ? 'a folder' : reason(cause), 'the JSON that --metadata-file wrote')
  })
  const { schemaVersion, images } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>
  if (schemaVersion !== 1) throw wrong(`schemaVersion ${JSON.stringify(schemaVersion) ?? 'undefined'}`, '1')
  if (!Array.isArray(images) || images.length === 0) throw wrong(Array.isArray(images) ? 'no image' : 'no list of images', 'images[] with name, digest and platform')
  return images.map((image: unknown, at) => {
    const { name, digest, platform, layers } = (image ?? {}) as Record<string, unknown>
    if (typeof name !== 'string' || typeof digest !== 'string' || !isDigest(digest)) throw wrong(`images[${at}] without a name or a sha256 digest`, 'both')
    if (platform === undefined) throw wrong(`images[${at}] without a platform`, 'os and architecture')
    try {
      const { registry, repository } = parseReference(name)
      return { file, reference: { registry, repository, digest }, platform: readPlatform(platform, `images[${at}]`), modules: modulesOf(layers) }
    } catch (cause) {
      throw wrong(reason(cause), 'an image that was pushed')
    }
  })
}

function modulesOf(layers: unknown): readonly string[] {
  const names: unknown[] = Array.isArray(layers) ? layers.map((layer: unknown) => (layer as { module?: unknown } | null)?.module) : []
  return names.flatMap((name) => (typeof name === 'string' ? name.split(', ') : []))
}

/** The platform of the file and that of the config say the same; what the config leaves out, the file fills in. */
function agreed({ file, platform }: ReportedImage, group: Group): Group {
  const images = group.found.filter(({ entry }) => !isAttestation(entry))
  const [only] = images
  if (only === undefined || images.length > 1 || group.isIndex) return group
  const own = only.entry.platform
  const clash = (Object.keys(platform) as (keyof Platform)[]).find((key) => {
    const [told, has] = [wordOf(platform, key), own === undefined ? '' : wordOf(own, key)]
    return told !== '' && has !== '' && told !== has
  })
  if (clash !== undefined) {
    const found = `${platformText(platform)} (${clash} "${wordOf(platform, clash)}") for ${group.name}`
    const wanted = `${platformText(own)} (${clash} "${own === undefined ? '' : wordOf(own, clash)}"), as its config says`
    throw new PackagerError({ code: 'DIGEST_MISMATCH', step, value: file, found, wanted, hint: 'the file and the image are of different jobs' })
  }
  const filled = { ...platform, ...Object.fromEntries(Object.entries(own ?? {}).filter(([, word]) => word !== '')) } as Platform
  return { ...group, found: group.found.map((one) => (one === only ? { ...one, entry: { ...one.entry, platform: filled } } : one)) }
}

function wordOf(platform: Platform, key: keyof Platform): string {
  const word = platform[key]
  return typeof word === 'string' ? word : [...(word ?? [])].sort().join(',')
}

interface Read {
  readonly image: ReportedImage
  readonly group: Group
}

/** Two files for one platform, or twice one image: a job ran twice, or its file was copied. */
function doubled(read: readonly Read[]): readonly PackagerError[] {
  return pairs(read).flatMap(([a, b]) => {
    const twin = a.group.found.find(({ entry }) => b.group.found.some((other) => other.entry.digest === entry.digest || collides(entry, other.entry)))
    if (twin === undefined || (a.image.file === b.image.file && a.group.found.some(({ entry }) => b.group.found.some((other) => other.entry.digest === entry.digest)))) return []
    const found = `${platformText(twin.entry.platform)} in ${a.image.file} and in ${b.image.file}`
    return [new PackagerError({ code: 'PLATFORM_TAKEN', step, found, wanted: 'each platform in one file', hint: 'leave one of the two files out' })]
  })
}

/** Images of one package have the same buildpackage id and version, and no module in two versions. */
function strangers(read: readonly Read[]): readonly PackagerError[] {
  const [first, ...others] = read.flatMap(({ image, group }) => group.found.flatMap((one) => packageOf(one, image)))
  return others.flatMap((other) => {
    if (first === undefined) return []
    const clash = first.name !== undefined && other.name !== undefined && first.name !== other.name ? [first.name, other.name] : moduleClash(first.image.modules, other.image.modules)
    if (clash === undefined) return []
    const found = `${clash[0]} in ${first.image.file} and ${clash[1]} in ${other.image.file}`
    return [new PackagerError({ code: 'DIGEST_MISMATCH', step, found, wanted: 'images of one package in one version', hint: 'take files of one run of the matrix' })]
  })
}

interface Packaged {
  readonly image: ReportedImage
  /** `id@version` by the label that each buildpackage has. */
  readonly name: string | undefined
}

function packageOf({ config, entry }: Found, image: ReportedImage): readonly Packaged[] {
  if (isAttestation(entry)) return []
  const label = config?.labels['io.buildpacks.buildpackage.metadata']
  try {
    const { id, version } = (typeof label === 'string' ? JSON.parse(label) : {}) as { id?: unknown; version?: unknown }
    return [{ image, name: typeof id === 'string' && typeof version === 'string' ? `${id}@${version}` : undefined }]
  } catch {
    return [{ image, name: undefined }]
  }
}

/** One id in two versions. A composite may leave modules out on some platforms: that is no clash. */
function moduleClash(a: readonly string[], b: readonly string[]): readonly [string, string] | undefined {
  for (const name of a) {
    const other = b.find((candidate) => idOf(candidate) === idOf(name))
    if (other !== undefined && other !== name && !b.includes(name)) return [name, other]
  }
  return undefined
}

function idOf(name: string): string {
  return name.slice(0, name.lastIndexOf('@'))
}

function pairs<T>(items: readonly T[]): readonly (readonly [T, T])[] {
  return items.flatMap((a, at) => items.slice(at + 1).map((b): readonly [T, T] => [a, b]))
}

/** A registry's error names the image; which job's it is, the file tells. */
function inFile(file: string, cause: unknown): unknown {
  if (!(cause instanceof PackagerError) || cause.code === 'CANCELLED') return cause
  const { code, message, hint } = cause
  return new PackagerError({ code, step, value: file, found: message, hint, cause })
}
