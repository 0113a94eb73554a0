import { hasBlob } from './blobs.ts'
import { sendChunks } from './chunks.ts'
import { finishUpload, pushing } from './endpoints.ts'
import { Setback } from './setback.ts'
import type { Upload, UploadSession } from './upload-session.ts'
import { bodyOf, finish, openSession } from './upload-session.ts'

/**
 * Sends a blob that the repository lacks: in one request where the registry takes that (ECR, and most others, are fastest so);
 * in chunks where the one was too large for it (ACR) or broke on the way, going on from what has arrived.
 * `session` is one that is open already, as a refused mount leaves it.
 */
export async function uploadBlob(upload: Upload, session?: UploadSession): Promise<void> {
  const { client, registry, repository, descriptor, signal } = upload
  let open = session ?? (await openSession(upload))
  let broken = false
  const done = await client.retrying(registry, pushing(repository, descriptor), signal, async (number) => {
    if (broken) return false
    if (number > 1) {
      // What was lost may have been the answer alone: a proxy says 504 while the registry still stores.
      if (await hasBlob(client, upload, 'write', signal)) return true
      open = await openSession(upload)
    }
    return sendWhole(upload, open).catch((error: unknown) => {
      // A connection that broke may have left something to build on; an answer such as 503 has not.
      broken = error instanceof Setback && error.facts.code === 'NETWORK'
      throw error
    })
  })
  if (!done) await sendChunks(upload, broken ? open : await openSession(upload), broken)
}

/** `false`: too large for one request. */
async function sendWhole(upload: Upload, session: UploadSession): Promise<boolean> {
  const { descriptor, repository } = upload
  const request = finishUpload(repository, descriptor, session.url, 0, bodyOf(upload, 0, descriptor.size))
  try {
    await finish(upload, request)
    return true
  } catch (error) {
    if (error instanceof Setback && error.facts.status === 413) return false
    throw error
  }
}
