import type { Answer } from './call.ts'
import { discard } from './call.ts'
import { hasBlob } from './blobs.ts'
import { finishUpload, patchUpload, pushing, uploadStatus } from './endpoints.ts'
import { Setback } from './setback.ts'
import type { Upload, UploadSession } from './upload-session.ts'
import { bodyOf, finish, nextUrl, openSession } from './upload-session.ts'

/** GHCR answers 416 to more. */
const largestChunk = 4 * 1024 * 1024
/** How often an upload may begin again from nothing. */
const mostRestarts = 3

/** How far an upload has got. */
interface Progress {
  session: UploadSession
  /** What the registry has. */
  offset: number
  restarts: number
  /** The session is in doubt: ask before the next chunk. */
  broken: boolean
}

/**
 * Sends a blob piece by piece, the last piece with the request that ends the upload, since ECR answers 500 to an empty one.
 * Each piece has all its tries; a broken session is asked what it has, and one that is gone begins again.
 */
export async function sendChunks(upload: Upload, session: UploadSession, broken: boolean): Promise<void> {
  const { client, registry, repository, descriptor, signal } = upload
  const progress: Progress = { session, offset: 0, restarts: 0, broken }
  let done = false
  while (!done) {
    done = await client.retrying(registry, pushing(repository, descriptor), signal, async () => {
      const before = progress.offset
      if (progress.broken && (await resume(upload, progress))) return true
      // What got through counts: the next piece has all its tries again.
      if (progress.offset > before) return false
      return sendOne(upload, progress).catch((error: unknown) => {
        throw judged(error, progress)
      })
    })
  }
}

/** `true`: it was the last one. */
async function sendOne(upload: Upload, progress: Progress): Promise<boolean> {
  const { client, registry, repository, descriptor, signal } = upload
  const { session, offset } = progress
  const left = descriptor.size - offset
  const size = Math.min(left, Math.max(largestChunk, session.smallestChunk))
  const body = bodyOf(upload, offset, size)
  if (size === left) {
    await finish(upload, finishUpload(repository, descriptor, session.url, offset, body))
    return true
  }
  const answer = await client.once(registry, patchUpload(repository, descriptor, session.url, offset, body), signal)
  await discard(answer)
  progress.session = { ...session, url: nextUrl(client, answer) }
  progress.offset = offset + size
  return false
}

/** A session that the registry no longer agrees with us about can be asked, or replaced, so many times. */
function judged(error: unknown, progress: Progress): unknown {
  progress.broken = true
  if (!(error instanceof Setback)) return error
  const isOut = [400, 404, 416].includes(error.facts.status ?? 0)
  return isOut && progress.restarts < mostRestarts ? new Setback({ ...error.facts, transient: true }) : error
}

/** Finds out what has arrived, and begins again where that cannot be told. `true`: all of it had, and is stored. */
async function resume(upload: Upload, progress: Progress): Promise<boolean> {
  const { client, registry, repository, descriptor, signal } = upload
  const status = await client.once(registry, uploadStatus(repository, descriptor, progress.session.url), signal).catch((error: unknown) => {
    if (error instanceof Setback && !error.facts.transient) return undefined
    throw error
  })
  if (status !== undefined) await discard(status)
  const arrived = status === undefined ? undefined : arrivedBytes(status)
  if (status !== undefined && arrived !== undefined && arrived < descriptor.size && progress.restarts === 0) {
    progress.session = { ...progress.session, url: status.headers['location'] === undefined ? progress.session.url : nextUrl(client, status) }
    progress.offset = arrived
  } else {
    if (await hasBlob(client, upload, 'write', signal)) return true
    progress.session = await openSession(upload)
    progress.offset = 0
    progress.restarts += 1
  }
  progress.broken = false
  return false
}

/** `Range: 0-1023` is 1024 bytes. `0-0` is what registry:2 says of nothing at all, so it counts as not known. */
function arrivedBytes({ headers }: Answer): number | undefined {
  const match = /^(?:bytes=)?0-(\d{1,15})$/.exec(headers['range'] ?? '')
  return match?.[1] === undefined || match[1] === '0' ? undefined : Number(match[1]) + 1
}
