/** Media types of the OCI image-spec, which is what this package writes. */
export const ociIndex = 'application/vnd.oci.image.index.v1+json'
export const ociManifest = 'application/vnd.oci.image.manifest.v1+json'
export const ociConfig = 'application/vnd.oci.image.config.v1+json'
export const ociLayerGzip = 'application/vnd.oci.image.layer.v1.tar+gzip'
export const ociLayerZstd = 'application/vnd.oci.image.layer.v1.tar+zstd'
export const ociLayer = 'application/vnd.oci.image.layer.v1.tar'

/** Docker's image manifest version 2, schema 2, which is read as well. */
export const dockerIndex = 'application/vnd.docker.distribution.manifest.list.v2+json'
export const dockerLayerGzip = 'application/vnd.docker.image.rootfs.diff.tar.gzip'
/** Of no specification: BuildKit and containerd write it. */
export const dockerLayerZstd = 'application/vnd.docker.image.rootfs.diff.tar.zstd'
export const dockerLayer = 'application/vnd.docker.image.rootfs.diff.tar'
export const dockerConfig = 'application/vnd.docker.container.image.v1+json'
export const dockerManifest = 'application/vnd.docker.distribution.manifest.v2+json'

/** The media types of an image whose parts all follow one specification; an index is of the same one. */
export interface MediaTypes {
  readonly index: string
  readonly manifest: string
  readonly config: string
  readonly layer: string
  readonly layerGzip: string
}

export const ociTypes: MediaTypes = { index: ociIndex, manifest: ociManifest, config: ociConfig, layer: ociLayer, layerGzip: ociLayerGzip }
export const dockerTypes: MediaTypes = { index: dockerIndex, manifest: dockerManifest, config: dockerConfig, layer: dockerLayer, layerGzip: dockerLayerGzip }

/** Whether a manifest of this type names images rather than layers. */
export function isIndexType(mediaType: string): boolean {
  return mediaType === ociIndex || mediaType === dockerIndex
}

/** Whether content of this type lives in a registry's manifests endpoint rather than its blobs. */
export function isManifestType(mediaType: string): boolean {
  return isIndexType(mediaType) || mediaType === ociManifest || mediaType === dockerManifest
}

/** What a reader of manifests says it accepts; a registry that is not told of indexes may answer with one platform's image. */
export const acceptedManifests: readonly string[] = [ociIndex, ociManifest, dockerIndex, dockerManifest]
