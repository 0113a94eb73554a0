import { PackagerError } from '../errors.ts'
import type { Digest } from '../oci/digest.ts'
import { tagOf } from '../oci/reference.ts'
import { listReference, listsFolder } from '../stores/list-names.ts'
import { readList } from '../stores/lists.ts'
import { fetchManifest } from './fetch.ts'
import { imageName, parseImage } from './names.ts'
import type { NetworkOptions } from './options.ts'
import { withNetwork } from './run.ts'

export interface ShowOptions {
  readonly reference: string
  /** Look in one place only. */
  readonly only?: 'local' | 'registry'
}

/** An index or an image manifest as it is stored. */
export interface Shown {
  readonly place: 'local list' | 'registry'
  /** With tag or digest. */
  readonly name: string
  readonly digest: Digest
  readonly bytes: Buffer
}

/** `manifest inspect REF`: the local list if there is one, else what the registry has. */
export async function showManifest({ reference, only, ...options }: ShowOptions & NetworkOptions): Promise<Shown> {
  const image = parseImage(reference)
  const name = imageName(image)
  if (only !== 'registry' && image.digest === undefined) {
    const stored = await readList(listsFolder(options.env), listReference(image), options.signal)
    if (stored !== undefined) return { place: 'local list', name, digest: stored.root.digest, bytes: stored.bytes }
  }
  if (only === 'local') {
    throw new PackagerError({
      code: 'LIST_NOT_FOUND',
      step: 'inspect',
      value: name,
      found: 'no local list of that name',
      hint: 'without --local the registry is asked too',
    })
  }
  return withNetwork(options, image, async ({ network, signal }) => {
    const source = await network.repository(image.registry, image.repository)
    const { descriptor, bytes } = await fetchManifest(source, image.digest ?? tagOf(image), name, signal).catch((cause: unknown) => {
      throw cause instanceof PackagerError && cause.code === 'IMAGE_NOT_FOUND' && only === undefined ? nowhere(name, cause) : cause
    })
    return { place: 'registry', name, digest: descriptor.digest, bytes }
  })
}

function nowhere(name: string, cause: unknown): PackagerError {
  return new PackagerError({ code: 'LIST_NOT_FOUND', step: 'inspect', value: name, found: 'neither a local list nor an image in the registry', cause })
}
