import type { Descriptor } from '../../../src/oci/descriptor.ts'
import type { ExpectedImage, ExpectedPlatform } from '../vectors/case.ts'
import type { Manifest } from './image.ts'
import { ImageReader, checkBytes, digestOf } from './image.ts'
import type { ReadOutput } from './output.ts'

const accept = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ')

/** The tags of a repository, sorted; none for a repository that is not there. */
export async function readTags(host: string, repository: string): Promise<string[]> {
  const response = await fetch(`http://${host}/v2/${repository}/tags/list`)
  if (response.status === 404) return []
  const { tags } = (await response.json()) as { tags: string[] | null }
  return (tags ?? []).sort()
}

/** Everything below `host/repository:tag`, with each digest, size and diffID checked on the way. */
export async function readOutput(host: string, repository: string, tag: string, name = `${host}/${repository}:${tag}`): Promise<ReadOutput> {
  const base = `http://${host}/v2/${repository}`
  const reader = new ImageReader((descriptor) => readBlob(base, descriptor))
  const { digest, manifest } = await readManifest(base, tag)
  const mediaTypes = [manifest.mediaType]
  const children = manifest.manifests
  const images: ExpectedImage[] = []
  for (const child of children ?? [undefined]) {
    const image = child === undefined ? manifest : (await readManifest(base, child.digest, child)).manifest
    if (child !== undefined) mediaTypes.push(image.mediaType)
    images.push(await reader.image(image))
  }
  return {
    name,
    digest,
    kind: children === undefined ? 'image' : 'index',
    annotations: manifest.annotations ?? null,
    ...(children === undefined ? {} : { manifests: children.map((child) => ({ platform: (child.platform ?? null) as ExpectedPlatform | null, annotations: child.annotations ?? null })) }),
    images,
    mediaTypes: [...mediaTypes, ...reader.mediaTypes],
    layers: reader.layers,
  }
}

async function readManifest(base: string, name: string, promised?: Descriptor): Promise<{ readonly digest: string; readonly manifest: Manifest }> {
  const response = await fetch(`${base}/manifests/${name}`, { headers: { accept } })
  const bytes = Buffer.from(await response.arrayBuffer())
  if (!response.ok) throw new Error(`manifest ${name}: ${response.status} ${bytes.toString('utf8')}`)
  const manifest = JSON.parse(bytes.toString('utf8')) as Manifest
  const type = response.headers.get('content-type')
  if (type !== manifest.mediaType) throw new Error(`manifest ${name}: served as ${String(type)}, says ${manifest.mediaType}`)
  if (promised !== undefined) checkBytes(bytes, promised)
  return { digest: digestOf(bytes), manifest }
}

async function readBlob(base: string, descriptor: Descriptor): Promise<Buffer> {
  const response = await fetch(`${base}/blobs/${descriptor.digest}`)
  const bytes = Buffer.from(await response.arrayBuffer())
  if (!response.ok) throw new Error(`blob ${descriptor.digest}: ${response.status} ${bytes.toString('utf8')}`)
  return bytes
}
