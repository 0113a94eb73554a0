import { PackagerError } from '../errors.ts'
import { readsZstd } from '../layers/zstd.ts'
import type { Digest } from '../oci/digest.ts'
import { dockerLayer, dockerLayerGzip, dockerLayerZstd, ociLayer, ociLayerGzip, ociLayerZstd } from '../oci/media-types.ts'
import type { Source } from '../stores/store.ts'
import { readingFaults } from './documents.ts'
import type { InspectedFile, InspectedLayer, InspectedPlatform } from './inspection.ts'
import type { LayerFiles } from './layer-files.ts'
import { listLayer } from './layer-files.ts'

/** Layers that are read at a time: each keeps a decompressor busy. */
const atATime = 4
/** Of all layers together, in bytes of memory, and what a file takes beside its name. */
const mostMemory = 512 * 1024 ** 2
const fileMemory = 300
const zstdTypes: ReadonlySet<string> = new Set([ociLayerZstd, dockerLayerZstd])
const readable: ReadonlySet<string> = new Set([ociLayer, ociLayerGzip, dockerLayer, dockerLayerGzip, ...zstdTypes])

type ReadLayer = LayerFiles | { readonly problem: string }

/** The images with the files that their layers make (`--files`). Each layer is read once, whatever number of images have it. */
export async function withFiles(platforms: readonly InspectedPlatform[], content: Source, signal?: AbortSignal): Promise<readonly InspectedPlatform[]> {
  const layers = [...new Map(platforms.flatMap((image) => image.layers.map((layer) => [layer.digest, layer] as const))).values()]
  const read = new Map<Digest, ReadLayer>()
  let memory = 0
  const queue = layers.values()
  const work = async (): Promise<void> => {
    for (const layer of queue) {
      const result = await readLayer(layer, content, signal)
      memory += 'files' in result ? result.files.reduce((sum, { path }) => sum + path.length + fileMemory, 0) : 0
      if (memory > mostMemory) {
        throw new PackagerError({
          code: 'UNSUPPORTED',
          step: 'read --files',
          found: 'more files than can be kept in memory',
          wanted: `${mostMemory} bytes of names at most`,
          hint: 'choose an image with --platform',
        })
      }
      read.set(layer.digest, result)
    }
  }
  await Promise.all(Array.from({ length: atATime }, work))
  return platforms.map((image) => laidOut(image, read))
}

/** What is wrong with a layer is told with its images; a registry that does not answer ends the reading. */
async function readLayer(layer: InspectedLayer, content: Source, signal: AbortSignal | undefined): Promise<ReadLayer> {
  const { digest, size, mediaType } = layer
  if (zstdTypes.has(mediaType) && !readsZstd) return { problem: `layer ${digest} is a zstd stream, which Node.js reads from 22.15 on` }
  if (!readable.has(mediaType)) return { problem: `layer ${digest} is of type ${JSON.stringify(mediaType)}, which is not read` }
  try {
    return await listLayer((await content.open({ mediaType, digest, size }, signal)) as AsyncIterable<Buffer>, size, digest, signal)
  } catch (error) {
    if (error instanceof PackagerError && readingFaults.has(error.code)) return { problem: error.message }
    throw error
  }
}

/** The layers one over another, as a container has them: what comes later wins, and `.wh.` names take away. */
function laidOut(image: InspectedPlatform, read: ReadonlyMap<Digest, ReadLayer>): InspectedPlatform {
  const files = new Map<string, InspectedFile>()
  const problems: string[] = []
  for (const layer of image.layers) {
    const result = read.get(layer.digest)
    if (result === undefined) continue
    if ('problem' in result) {
      problems.push(result.problem)
      continue
    }
    if (layer.diffID !== null && layer.diffID !== result.diffID) problems.push(`layer ${layer.digest} is ${result.diffID} uncompressed, and its config says ${layer.diffID}`)
    takeAway(files, result.files)
    for (const file of result.files) if (!isWhiteout(file.path)) files.set(file.path, file)
  }
  const sorted = [...files.values()].sort((a, b) => Number(a.path > b.path) - Number(a.path < b.path))
  const all = [...(image.problems ?? []), ...problems]
  return { ...image, files: sorted, ...(all.length === 0 ? {} : { problems: all }) }
}

const whiteout = '/.wh.'

function isWhiteout(path: string): boolean {
  return path.startsWith(whiteout, path.lastIndexOf('/'))
}

function takeAway(files: Map<string, InspectedFile>, layer: readonly InspectedFile[]): void {
  const whiteouts = layer.filter(({ path }) => isWhiteout(path)).map(({ path }) => path)
  if (whiteouts.length === 0) return
  const gone = new Set(whiteouts.map((path) => path.replace(/\/\.wh\.(?=[^/]*$)/, '/')))
  for (const path of files.keys()) {
    // `.wh..wh..opq` stands for all that is in its folder.
    const parents = ancestors(path)
    if (gone.has(path) || parents.some((folder) => gone.has(folder) || gone.has(`${folder}/.wh..opq`))) files.delete(path)
  }
}

/** `/a` and `/a/b` of `/a/b/c`, and the root, which is empty. */
function ancestors(path: string): readonly string[] {
  const found: string[] = []
  for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) found.push(path.slice(0, slash))
  return found
}
