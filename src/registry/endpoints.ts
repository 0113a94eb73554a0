import type { Descriptor } from '../oci/descriptor.ts'
import { acceptedManifests } from '../oci/media-types.ts'
import type { Method, RequestBody } from './call.ts'
import type { Scope } from './scope.ts'
import { mergeScopes, pullScope, pushScope } from './scope.ts'

/** A request to a registry, as a value: what is sent, what may come back, and how a failure is told. */
export interface RegistryRequest {
  readonly method: Method
  readonly repository: string
  /** A path on the registry, or a URL that the registry handed out. */
  readonly target: string | URL
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | RequestBody
  readonly scopes: readonly Scope[]
  /** Statuses that the caller understands. Any other is a failure. */
  readonly expects: readonly number[]
  /** A verb phrase. */
  readonly step: string
  /** What it is done to, below `registry/repository`: `@sha256:...`, `:tag` or nothing. */
  readonly subject: string
}

/** What a run does with a repository: one that writes asks for all its rights at once, so that one token serves. */
export type Purpose = 'read' | 'write'

function scopesFor(repository: string, purpose: Purpose): readonly Scope[] {
  return [purpose === 'read' ? pullScope(repository) : pushScope(repository)]
}

function manifestPath(repository: string, reference: string): string {
  return `/v2/${repository}/manifests/${reference}`
}

function subjectOf(reference: string): string {
  return reference.includes(':') ? `@${reference}` : `:${reference}`
}

/** What a server says that does not know HEAD: some proxies let GET through alone. */
export const withoutHead: readonly number[] = [405, 501]

/** end-3 */
export function headManifest(repository: string, reference: string, purpose: Purpose): RegistryRequest {
  return {
    method: 'HEAD',
    repository,
    target: manifestPath(repository, reference),
    headers: { accept: acceptedManifests.join(', ') },
    scopes: scopesFor(repository, purpose),
    expects: [200, 404, ...withoutHead],
    step: 'look for manifest',
    subject: subjectOf(reference),
  }
}

/** end-3 */
export function getManifest(repository: string, reference: string): RegistryRequest {
  return { ...headManifest(repository, reference, 'read'), method: 'GET', expects: [200], step: 'read manifest' }
}

/** end-7 */
export function putManifest(repository: string, reference: string, mediaType: string, bytes: Uint8Array): RegistryRequest {
  return {
    method: 'PUT',
    repository,
    target: manifestPath(repository, reference),
    headers: { 'content-type': mediaType },
    body: bytes,
    scopes: scopesFor(repository, 'write'),
    expects: [200, 201],
    step: reference.includes(':') ? 'push manifest' : 'push tag',
    subject: subjectOf(reference),
  }
}

/** end-2 */
export function headBlob(repository: string, { digest }: Descriptor, purpose: Purpose): RegistryRequest {
  return {
    method: 'HEAD',
    repository,
    target: `/v2/${repository}/blobs/${digest}`,
    scopes: scopesFor(repository, purpose),
    expects: [200, 404, ...withoutHead],
    step: 'look for blob',
    subject: `@${digest}`,
  }
}

/** end-2, from the byte `start` on. */
export function getBlob(repository: string, descriptor: Descriptor, start: number): RegistryRequest {
  const range: Record<string, string> = start === 0 ? {} : { range: `bytes=${start}-` }
  return { ...headBlob(repository, descriptor, 'read'), method: 'GET', headers: range, expects: [200, 206], step: 'read blob' }
}

/** What all requests of one upload have in common. */
export function pushing(repository: string, { digest }: Descriptor): Pick<RegistryRequest, 'repository' | 'scopes' | 'step' | 'subject'> {
  return { repository, scopes: scopesFor(repository, 'write'), step: 'push blob', subject: `@${digest}` }
}

/** end-4a: opens an upload session. */
export function beginUpload(repository: string, descriptor: Descriptor): RegistryRequest {
  const common = pushing(repository, descriptor)
  return { ...common, method: 'POST', target: `/v2/${repository}/blobs/uploads/`, body: new Uint8Array(), expects: [202] }
}

/** end-11: 201 is mounted, 202 an upload session as of {@link beginUpload}. Docker Hub wants to see the right to pull from the source. */
export function mountBlob(repository: string, descriptor: Descriptor, from: string): RegistryRequest {
  const query = new URLSearchParams({ mount: descriptor.digest, from })
  return {
    ...beginUpload(repository, descriptor),
    target: `/v2/${repository}/blobs/uploads/?${query.toString()}`,
    scopes: mergeScopes([...scopesFor(repository, 'write'), ...scopesFor(from, 'read')]),
    expects: [201, 202],
    step: 'mount blob',
  }
}

/** end-13: how far an upload got. */
export function uploadStatus(repository: string, descriptor: Descriptor, session: URL): RegistryRequest {
  return { ...pushing(repository, descriptor), method: 'GET', target: session, expects: [200, 202, 204] }
}

/** end-5: one chunk that is not the last. */
export function patchUpload(repository: string, descriptor: Descriptor, session: URL, start: number, body: RequestBody): RegistryRequest {
  const headers = { 'content-type': 'application/octet-stream', 'content-range': `${start}-${start + body.size - 1}` }
  return { ...pushing(repository, descriptor), method: 'PATCH', target: session, headers, body, expects: [201, 202, 204] }
}

/** end-6: the whole content, or what is left of it from `start` on. */
export function finishUpload(repository: string, descriptor: Descriptor, session: URL, start: number, body: RequestBody): RegistryRequest {
  const target = new URL(session)
  // Appended by hand: a state in the query is to come back as it was, not as URLSearchParams would write it.
  target.search = `${session.search === '' ? '?' : `${session.search}&`}digest=${encodeURIComponent(descriptor.digest)}`
  const range: Record<string, string> = start === 0 || body.size === 0 ? {} : { 'content-range': `${start}-${start + body.size - 1}` }
  const headers = { 'content-type': 'application/octet-stream', ...range }
  return { ...pushing(repository, descriptor), method: 'PUT', target, headers, body, expects: [200, 201, 204] }
}
