import { acceptedManifests } from '../../../src/oci/media-types.ts'
import type { Contents, Repository, Upload } from './contents.ts'
import { beginUpload, repositoryOf, sha256, uploadedSize } from './contents.ts'
import type { LoggedRequest, Reply } from './faults.ts'

/** What of the registry's temper the endpoints need. */
export interface Temper {
  /** PATCH bodies over this are answered 416, as GHCR does. */
  readonly largestChunk?: number
  /** Larger PUT bodies of blobs are answered 413, as ACR does. */
  readonly largestPut?: number
  /** `OCI-Chunk-Min-Length` of upload sessions. */
  readonly smallestChunk?: number
  /** Upload sessions forget what they have when a request breaks: GET of the session is 404. */
  readonly forgetBroken?: boolean
  /** An empty final PUT after chunks is answered 500, as ECR does. */
  readonly noEmptyPut?: boolean
  /** `Location` of uploads: a path, or a whole URL with a state in its query. */
  readonly location?: (path: string) => string
}

/** A request as the endpoints see it: `body` is what came, `broken` says that not all of it did. */
interface Call {
  readonly contents: Contents
  readonly temper: Temper
  readonly request: LoggedRequest
  readonly body: Buffer
  readonly broken: boolean
}

export function errorReply(status: number, code: string, message: string): Reply {
  return { status, headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify({ errors: [{ code, message }] })) }
}

/** The distribution API over {@link Contents}, as strict as registry:2: digests verified, references present, accepts obeyed. */
export function serve(call: Call): Reply {
  const { contents, request } = call
  const url = new URL(request.path, 'http://registry')
  if (url.pathname === '/v2/' || url.pathname === '/v2') return { status: 200, headers: { 'docker-distribution-api-version': 'registry/2.0' } }
  const match = /^\/v2\/(.+)\/(manifests|blobs|tags)\/((?:uploads\/)?[^/]*)$/.exec(url.pathname)
  const [, name, area, rest] = match ?? []
  if (name === undefined || area === undefined || rest === undefined) return errorReply(404, 'NAME_UNKNOWN', 'no such endpoint')
  if (area === 'manifests') return serveManifest(call, name, decodeURIComponent(rest))
  if (area === 'tags') return listTags(contents, name)
  if (rest.startsWith('uploads/')) return serveUpload(call, name, rest.slice('uploads/'.length), url.searchParams)
  return serveBlob(contents, name, decodeURIComponent(rest), request)
}

function serveBlob(contents: Contents, name: string, digest: string, request: LoggedRequest): Reply {
  const bytes = contents.repositories.get(name)?.blobs.get(digest)
  if (bytes === undefined) return errorReply(404, 'BLOB_UNKNOWN', 'blob unknown to registry')
  const headers = { 'content-type': 'application/octet-stream', 'docker-content-digest': digest, 'accept-ranges': 'bytes' }
  const range = /^bytes=(\d+)-$/.exec(request.headers['range'] ?? '')
  const start = Number(range?.[1] ?? 0)
  if (range === null) return { status: 200, headers, body: bytes }
  if (start >= bytes.byteLength) return { status: 416, headers: { 'content-range': `bytes */${bytes.byteLength}` } }
  const granted = `bytes ${start}-${bytes.byteLength - 1}/${bytes.byteLength}`
  return { status: 206, headers: { ...headers, 'content-range': granted }, body: bytes.subarray(start) }
}

function serveManifest({ contents, request, body }: Call, name: string, reference: string): Reply {
  if (request.method === 'PUT') return putManifest(repositoryOf(contents, name), name, reference, request.headers['content-type'] ?? '', body)
  const repository = contents.repositories.get(name)
  const digest = repository?.tags.get(reference) ?? reference
  const manifest = repository?.manifests.get(digest)
  if (manifest === undefined) return errorReply(404, 'MANIFEST_UNKNOWN', `manifest unknown: ${reference}`)
  if (!(request.headers['accept'] ?? '').includes(manifest.mediaType)) {
    return errorReply(404, 'MANIFEST_UNKNOWN', `accept header does not support ${manifest.mediaType}`)
  }
  return { status: 200, headers: { 'content-type': manifest.mediaType, 'docker-content-digest': digest }, body: manifest.bytes }
}

function putManifest(repository: Repository, name: string, reference: string, mediaType: string, bytes: Buffer): Reply {
  const digest = sha256(bytes)
  if (reference.includes(':') && reference !== digest) return errorReply(400, 'DIGEST_INVALID', `provided digest did not match: ${digest}`)
  if (!acceptedManifests.includes(mediaType)) return errorReply(400, 'MANIFEST_INVALID', `unknown media type ${mediaType}`)
  const problem = manifestProblem(repository, mediaType, bytes)
  if (problem !== undefined) return problem
  repository.manifests.set(digest, { mediaType, bytes: Buffer.from(bytes) })
  if (!reference.includes(':')) repository.tags.set(reference, digest)
  return { status: 201, headers: { location: `/v2/${name}/manifests/${digest}`, 'docker-content-digest': digest } }
}

interface AnyManifest {
  readonly schemaVersion?: number
  readonly mediaType?: string
  readonly config?: { readonly digest: string }
  readonly layers?: readonly { readonly digest: string }[]
  readonly manifests?: readonly { readonly digest: string }[]
}

function manifestProblem(repository: Repository, mediaType: string, bytes: Buffer): Reply | undefined {
  let manifest: AnyManifest
  try {
    manifest = JSON.parse(bytes.toString('utf8')) as AnyManifest
  } catch {
    return errorReply(400, 'MANIFEST_INVALID', 'manifest is not JSON')
  }
  if (manifest.schemaVersion !== 2 || (manifest.mediaType ?? mediaType) !== mediaType) return errorReply(400, 'MANIFEST_INVALID', 'manifest invalid')
  const blobs = [...(manifest.config === undefined ? [] : [manifest.config]), ...(manifest.layers ?? [])]
  const missingBlob = blobs.find(({ digest }) => !repository.blobs.has(digest))
  const missing = missingBlob ?? manifest.manifests?.find(({ digest }) => !repository.manifests.has(digest))
  return missing === undefined ? undefined : errorReply(400, 'MANIFEST_BLOB_UNKNOWN', `manifest blob unknown to registry: ${missing.digest}`)
}

function listTags(contents: Contents, name: string): Reply {
  const repository = contents.repositories.get(name)
  if (repository === undefined) return errorReply(404, 'NAME_UNKNOWN', 'repository name not known to registry')
  const body = Buffer.from(JSON.stringify({ name, tags: [...repository.tags.keys()].sort() }))
  return { status: 200, headers: { 'content-type': 'application/json' }, body }
}

function serveUpload(call: Call, name: string, id: string, query: URLSearchParams): Reply {
  const { contents, temper, request } = call
  if (request.method === 'POST') return postUpload(call, name, query)
  const upload = contents.uploads.get(id)
  if (upload === undefined || upload.repository !== name) return errorReply(404, 'BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry')
  if (request.method === 'GET') return sessionReply(upload, temper, 204)
  if (request.method === 'DELETE') return { status: contents.uploads.delete(id) ? 204 : 404 }
  if (request.method === 'PATCH') return patchUpload(call, upload)
  return request.method === 'PUT' ? finishUpload(call, upload, query) : errorReply(405, 'UNSUPPORTED', 'method not allowed')
}

function postUpload({ contents, temper }: Call, name: string, query: URLSearchParams): Reply {
  const digest = query.get('mount')
  const mounted = digest === null ? undefined : contents.repositories.get(query.get('from') ?? '')?.blobs.get(digest)
  if (digest !== null && mounted !== undefined) {
    repositoryOf(contents, name).blobs.set(digest, mounted)
    return { status: 201, headers: { location: `/v2/${name}/blobs/${digest}`, 'docker-content-digest': digest } }
  }
  return sessionReply(beginUpload(contents, name), temper, 202)
}

function sessionReply(upload: Upload, temper: Temper, status: number): Reply {
  const path = `/v2/${upload.repository}/blobs/uploads/${upload.id}`
  const size = uploadedSize(upload)
  const headers = {
    location: temper.location?.(path) ?? path,
    range: `0-${Math.max(0, size - 1)}`,
    'docker-upload-uuid': upload.id,
  }
  return { status, headers: temper.smallestChunk === undefined ? headers : { ...headers, 'oci-chunk-min-length': String(temper.smallestChunk) } }
}

function patchUpload(call: Call, upload: Upload): Reply {
  const { temper, request, body, broken } = call
  const range = /^(\d+)-(\d+)$/.exec(request.headers['content-range'] ?? '')
  const size = uploadedSize(upload)
  const wrongRange = range !== null && (Number(range[1]) !== size || (!broken && Number(range[2]) !== size + body.byteLength - 1))
  if (wrongRange || body.byteLength > (temper.largestChunk ?? Infinity)) return sessionReply(upload, temper, 416)
  keep(call, upload)
  return sessionReply(upload, temper, 202)
}

function finishUpload(call: Call, upload: Upload, query: URLSearchParams): Reply {
  const { contents, temper, request, body, broken } = call
  if (body.byteLength > (temper.largestPut ?? Infinity)) return { status: 413 }
  const range = /^(\d+)-\d+$/.exec(request.headers['content-range'] ?? '')
  if (range !== null && Number(range[1]) !== uploadedSize(upload)) return sessionReply(upload, temper, 416)
  if (body.byteLength === 0 && upload.chunks.length > 0 && temper.noEmptyPut === true) return { status: 500 }
  keep(call, upload)
  if (broken) return { status: 400 }
  const bytes = Buffer.concat(upload.chunks)
  contents.uploads.delete(upload.id)
  const digest = query.get('digest') ?? ''
  if (sha256(bytes) !== digest) return errorReply(400, 'DIGEST_INVALID', 'provided digest did not match uploaded content')
  repositoryOf(contents, upload.repository).blobs.set(digest, bytes)
  return { status: 201, headers: { location: `/v2/${upload.repository}/blobs/${digest}`, 'docker-content-digest': digest } }
}

function keep({ contents, temper, body, broken }: Call, upload: Upload): void {
  if (broken && temper.forgetBroken === true) contents.uploads.delete(upload.id)
  else if (body.byteLength > 0) upload.chunks.push(body)
}
