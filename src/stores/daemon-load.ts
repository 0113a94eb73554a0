import type { Engine, EngineImage } from '../docker/engine.ts'
import { PackagerError } from '../errors.ts'
import type { Report } from '../events.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import type { Digest } from '../oci/digest.ts'
import { engineArchive } from './daemon-archive.ts'
import type { StagedImage } from './daemon-image.ts'
import { readStaged } from './daemon-image.ts'
import type { Source } from './store.ts'

export interface LoadOptions {
  readonly report: Report
  readonly signal?: AbortSignal | undefined
}

/** An image that an engine has, and whether it came with this run. */
export interface Loaded {
  readonly image: EngineImage
  readonly isNew: boolean
}

/** Brings one image into an engine, without a name, unless it is there; then looks at what the engine made of it. */
export async function loadImage(engine: Engine, source: Source, manifest: Descriptor, { report, signal }: LoadOptions): Promise<Loaded> {
  const staged = await readStaged(source, manifest, signal)
  const there = await findLoaded(engine, staged, signal)
  const { product, address } = await engine.info()
  const what = `${staged.content.config.digest} in ${product} at ${address}`
  if (staged.os === 'windows') report({ type: 'warning', ...noWindowsBase })
  if (there !== undefined) {
    report({ type: 'step', message: `present: ${what}` })
    return { image: checkLoaded(staged, there), isNew: false }
  }
  await send(engine, source, staged, signal)
  const image = await checkNew(engine, staged, await findLoaded(engine, staged, signal))
  report({ type: 'step', message: `loaded: ${what}` })
  return { image, isNew: true }
}

/** SPEC-package.md section 4: a package is a carrier that never boots. */
const noWindowsBase = {
  message: 'a Windows package has no Windows base layer: it carries files for a builder, and no container can be made of it',
  hint: 'where the engine refuses it, --publish and --format layout take it',
}

/** What came out wrong does not stay. */
async function checkNew(engine: Engine, staged: StagedImage, loaded: EngineImage | undefined): Promise<EngineImage> {
  try {
    return checkLoaded(staged, loaded)
  } catch (cause) {
    if (loaded !== undefined) await discard(engine, loaded)
    throw cause
  }
}

/** Takes an image away that a run loaded and nobody has named since; where that fails it is only a nameless image. */
export async function discard(engine: Engine, { id }: EngineImage): Promise<void> {
  try {
    const left = await engine.inspect(id)
    if (left !== undefined && left.names.length === 0) await engine.remove(id)
  } catch {
    // The failure that led here is the one to tell.
  }
}

/** An engine may lose a layer between the question and the load: then it gets all of them. */
async function send(engine: Engine, source: Source, staged: StagedImage, signal: AbortSignal | undefined): Promise<void> {
  const { manifest, content } = staged
  const known = await knownLayers(engine, staged, signal)
  try {
    return await engine.load(engineArchive(source, { manifest, content, leaveOut: known }, signal), signal)
  } catch (cause) {
    if (known.size === 0 || signal?.aborted === true) throw cause
  }
  await engine.load(engineArchive(source, { manifest, content, leaveOut: new Set() }, signal), signal)
}

/** The image where the engine has it: by its config's digest, or with containerd's store by its manifest's. */
async function findLoaded(engine: Engine, image: StagedImage, signal?: AbortSignal): Promise<EngineImage | undefined> {
  return (await engine.inspect(image.content.config.digest, signal)) ?? (await engine.inspect(image.manifest.digest, signal))
}

/** Throws where what the engine has is not what was built: platform and layers, beside the digest it was found by. */
function checkLoaded(image: StagedImage, loaded: EngineImage | undefined): EngineImage {
  const step = 'verify image in the engine'
  const value = image.content.config.digest
  if (loaded === undefined) {
    throw new PackagerError({ code: 'DIGEST_MISMATCH', step, value, found: 'no image of this digest after the load', wanted: 'the image that was built' })
  }
  // Docker shows an image without an architecture as one of its own.
  const architecture = image.architecture || loaded.architecture
  const [found, wanted] = [loaded, { ...image, architecture }].map(({ os, architecture, diffIDs }) => `${os}/${architecture} with layers ${diffIDs.join(', ') || 'none'}`)
  if (found === undefined || found === wanted) return loaded
  throw new PackagerError({ code: 'DIGEST_MISMATCH', step, value, found, wanted })
}

const packageLabel = 'io.buildpacks.buildpackage.metadata'
/** So many packages are looked at for layers in common; with more, the gain no longer pays. */
const mostLookedAt = 32

/**
 * The blobs of layers that the engine has. It keeps a layer by the chain below it, so what counts is how long a run of
 * layers from the bottom an image there begins with; packages are the ones that may. containerd's store keeps blobs by
 * their own digests, of which an engine tells nothing: nothing is known there.
 */
async function knownLayers(engine: Engine, image: StagedImage, signal?: AbortSignal): Promise<ReadonlySet<Digest>> {
  if ((await engine.info()).store === 'containerd') return new Set()
  const ids = (await engine.labelled(packageLabel, signal)).slice(0, mostLookedAt)
  const others = await Promise.all(ids.map((id) => engine.inspect(id, signal)))
  const lengths = others.map((other) => commonStart(image.diffIDs, other?.diffIDs ?? []))
  return new Set(image.content.layers.slice(0, Math.max(0, ...lengths)).map(({ digest }) => digest))
}

function commonStart(a: readonly string[], b: readonly string[]): number {
  const differing = a.findIndex((value, index) => value !== b[index])
  return differing === -1 ? a.length : differing
}
