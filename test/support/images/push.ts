import type { Blob } from '../../../src/oci/descriptor.ts'
import { startUploads } from '../../../src/stores/copy.ts'
import type { Store } from '../../../src/stores/store.ts'

/** What one name stands for. */
export interface Graph {
  readonly blobs: readonly Blob[]
  /** Children of `root`, where it is an index. */
  readonly manifests: readonly Blob[]
  readonly root: Blob
  readonly tags: readonly string[]
}

/** Puts a whole image or index into a store, as a run does: blobs, children, the root by its first tag, the other tags. */
export async function push(store: Store, graph: Graph, concurrency = 2): Promise<void> {
  for (const list of [graph.blobs, graph.manifests]) {
    const uploads = startUploads(store, { concurrency })
    for (const blob of list) void uploads.add(blob, 'blob')
    await uploads.settled()
  }
  for (const tag of graph.tags) await store.tag(graph.root, tag)
  if (graph.tags.length === 0) await store.put(graph.root)
}
