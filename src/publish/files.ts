import type { Report } from '../events.ts'
import type { InlineBlob } from '../oci/descriptor.ts'
import type { StagedArchive } from '../stores/archive.ts'
import type { Store } from '../stores/store.ts'
import { formatTarget } from '../targets/grammar.ts'
import type { MadeImage } from './image.ts'
import type { Names } from './names.ts'
import { targetFile } from './names.ts'

/** What writing `.cnb` files needs. */
export interface FileTask {
  readonly images: readonly MadeImage[]
  /** The index over the images; an archive holds it only where it holds all of them. */
  readonly index: InlineBlob | undefined
  readonly names: Names
  readonly singleFile: boolean
  readonly report: Report
  readonly signal: AbortSignal
}

/**
 * Writes a `.cnb` for each image, or one for all (SPEC-package.md sections 8 and 10). All are whole before the first one
 * takes its place, so that a full disk or an interrupt leaves none.
 *
 * @returns the paths, in the order of the images
 */
export async function writeFiles({ images, index, names, singleFile, report, signal }: FileTask): Promise<readonly string[]> {
  const { archiveStore } = await import('../stores/archive.ts')
  const path = names.path ?? ''
  const files = singleFile || images.length === 1 ? [{ path, images }] : images.map((image) => ({ path: targetFile(path, image.target), images: [image] }))
  const stores: StagedArchive[] = []
  try {
    for (const file of files) {
      const store = archiveStore(file.path, { signal, report })
      stores.push(store)
      for (const image of file.images) await putImage(store, image, signal)
      const root = singleFile && index !== undefined ? index : file.images[0]?.manifest
      // One tag: readers take a file with several for several images.
      const [first] = names.tags
      if (root !== undefined && first !== undefined) await store.tag(root, first.tag, signal)
      for (const { target, manifest } of file.images) report({ type: 'image-done', target: formatTarget(target), digest: manifest.descriptor.digest, status: 'written' })
    }
    for (const store of stores) await store.ready()
    for (const store of stores) await store.seal()
    return files.map((file) => file.path)
  } finally {
    await Promise.all(stores.map((store) => store.dispose()))
  }
}

async function putImage(store: Store, image: MadeImage, signal: AbortSignal): Promise<void> {
  for (const layer of image.layers) await store.put(layer.blob, { signal })
  await store.put(image.config, { signal })
  await store.put(image.manifest, { signal })
}
