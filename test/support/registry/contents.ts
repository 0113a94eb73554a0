import { createHash, randomUUID } from 'node:crypto'

export interface StoredManifest {
  readonly mediaType: string
  readonly bytes: Buffer
}

/** What one repository holds, keyed by digest; tags name digests. */
export interface Repository {
  readonly blobs: Map<string, Buffer>
  readonly manifests: Map<string, StoredManifest>
  readonly tags: Map<string, string>
}

/** An upload that has begun: the bytes so far. */
export interface Upload {
  readonly id: string
  readonly repository: string
  readonly chunks: Buffer[]
}

/** All that a registry in memory knows. Repositories come to be when they are first written to. */
export interface Contents {
  readonly repositories: Map<string, Repository>
  readonly uploads: Map<string, Upload>
}

export function emptyContents(): Contents {
  return { repositories: new Map(), uploads: new Map() }
}

export function repositoryOf(contents: Contents, name: string): Repository {
  const known = contents.repositories.get(name)
  if (known !== undefined) return known
  const fresh: Repository = { blobs: new Map(), manifests: new Map(), tags: new Map() }
  contents.repositories.set(name, fresh)
  return fresh
}

export function beginUpload(contents: Contents, repository: string): Upload {
  const upload: Upload = { id: randomUUID(), repository, chunks: [] }
  contents.uploads.set(upload.id, upload)
  return upload
}

export function uploadedSize(upload: Upload): number {
  return upload.chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0)
}

export function sha256(bytes: Uint8Array): `sha256:${string}` {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}
