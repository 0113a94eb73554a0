import type { Answer } from './call.ts'
import { discard } from './call.ts'
import { hasBlob } from './blobs.ts'
import { finishUpload, patchUpload, pushing, uploadStatus } from './endpoints.ts'
import { Setback } from './setback.ts'
import type { Upload, UploadSession } from './upload-session.ts'
import { bodyOf, finish, nextUrl, openSession } from './upload-session.ts'

/** GHCR answers 416 to more. */
const largestChunk = 4 * 1024 * 1024
/** How often an upload may begin again from nothing: registry:2 cancels a session that holds part of a chunk. */
const mostRestarts = 5

/** How far an upload has got. */
interface Progress {
  session: UploadSession
  /** What the registry has. */
  offset: number
  restarts: number
  /** What the last failure leaves of the session: something to ask about, or nothing to build on. */
  doubt: 'none' | 'broken' | 'refused'
}

/**
 * Sends a blob piece by piece, the last piece with the request that ends the upload, since ECR answers 500 to an empty one.
 * Each piece has all its tries; a broken session is asked what it has, and one that is gone begins again.
 */
export async function sendChunks(upload: Upload, session: UploadSession, broken: boolean): Promise<void> {
  const { client, registry, repository, descriptor, signal } = upload
  const progress: Progress = { session, offset: 0, restarts: 0, doubt: broken ? 'broken' : 'none' }
  let done = false
  while (!done) {
    done = await client.retrying(registry, pushing(repository, descriptor), signal, async () => {
      const before = progress.offset
      if (progress.doubt !== 'none' && (await resume(upload, progress))) return true
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
  progress.doubt = 'broken'
  if (!(error instanceof Setback)) return error
  if (error.facts.status === 400 || error.facts.status === 404) progress.doubt = 'refused'
  const isOut = progress.doubt === 'refused' || error.facts.status === 416
  const goesOn = (isOut || error.facts.transient) && progress.restarts < mostRestarts
  return new Setback({ ...error.facts, transient: goesOn })
}

/** Finds out what has arrived, and begins again where that cannot be told. `true`: all of it had, and is stored. */
async function resume(upload: Upload, progress: Progress): Promise<boolean> {
  const known = progress.doubt === 'broken' ? await askSession(upload, progress.session) : undefined
  if (known === undefined) {
    if (await hasBlob(upload.client, upload, 'write', upload.signal)) return true
    progress.session = await openSession(upload)
    progress.restarts += 1
  } else {
    progress.session = known.session
  }
  progress.offset = known?.offset ?? 0
  progress.doubt = 'none'
  return false
}

/** `undefined`: the registry has forgotten the session, or does not say what it has. */
async function askSession(upload: Upload, session: UploadSession): Promise<{ session: UploadSession; offset: number } | undefined> {
  const { client, registry, repository, descriptor, signal } = upload
  try {
    const answer = await client.once(registry, uploadStatus(repository, descriptor, session.url), signal)
    await discard(answer)
    const offset = arrivedBytes(answer)
    if (offset === undefined || offset >= descriptor.size) return undefined
    return { session: answer.headers['location'] === undefined ? session : { ...session, url: nextUrl(client, answer) }, offset }
  } catch (error) {
    if (error instanceof Setback && !error.facts.transient) return undefined
    throw error
  }
}

/** `Range: 0-1023` is 1024 bytes. `0-0` is what registry:2 says of nothing at all, so it counts as not known. */
function arrivedBytes({ headers }: Answer): number | undefined {
  const match = /^(?:bytes=)?0-(\d{1,15})$/.exec(headers['range'] ?? '')
  return match?.[1] === undefined || match[1] === '0' ? undefined : Number(match[1]) + 1
}
