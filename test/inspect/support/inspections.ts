import { digestOf } from '../../../src/oci/digest.ts'
import { ociIndex, ociLayerGzip, ociManifest } from '../../../src/oci/media-types.ts'
import { findDifferences } from '../../../src/inspect/differences.ts'
import { findFileDifferences } from '../../../src/inspect/file-differences.ts'
import type { InspectedFile, InspectedLayer, InspectedModule, InspectedPlatform, Inspection } from '../../../src/inspect/inspection.ts'
import { findNotes } from '../../../src/inspect/notes.ts'
import { platformOf } from './published.ts'

const digest = (text: string): ReturnType<typeof digestOf> => digestOf(Buffer.from(text))

/** A module as its label tells it. */
export function moduleOf(name: string, facts: Partial<InspectedModule> = {}): InspectedModule {
  const [id = '', version = ''] = name.split('@')
  return { id, version, api: '0.10', homepage: `https://example.com/${id}`, name: null, layerDiffID: digest(`diff ${name}`), targets: [], order: [], ...facts }
}

/** An order of one group of these modules, `id@version`. */
export function orderOf(...names: readonly string[]): InspectedModule['order'] {
  return [names.map((name) => ({ id: name.split('@')[0] ?? '', version: name.split('@')[1] ?? '', optional: name.includes('git') }))]
}

export function layerOf(module: string, size: number, where: string): InspectedLayer {
  return { digest: digest(`${module} ${where}`), diffID: digest(`diff ${module}`), mediaType: ociLayerGzip, size, modules: [module] }
}

export function fileOf(path: string, facts: Partial<InspectedFile> = {}): InspectedFile {
  return { path, type: 'file', mode: 0o755, size: 1200, machine: null, digest: digest(path), ...facts }
}

/** An image of a package for `os/arch[/variant]`, each module in a layer of its own. */
export function imageWith(platform: string, buildpacks: readonly InspectedModule[], facts: Partial<InspectedPlatform> = {}): InspectedPlatform {
  const layers = buildpacks.map(({ id, version }, at) => layerOf(`${id}@${version}`, 40_000 * (at + 1) ** 3, id.endsWith('-shared') ? 'everywhere' : platform))
  const size = layers.reduce((sum, layer) => sum + layer.size, 900)
  const none = { annotations: {}, extensions: [], attestations: 0, labels: {}, distro: null, stacks: ['*'] }
  return { ...none, platform: platformOf(platform), digest: digest(`image ${platform}`), mediaType: ociManifest, size, kind: 'buildpackage', buildpacks, layers, ...facts }
}

/** An index over these images, with what is found in it. */
export function inspectionOf(platforms: readonly InspectedPlatform[], facts: Partial<Inspection> = {}): Inspection {
  return {
    source: { type: 'registry', name: 'registry.example/acme/meta:1.2.0' },
    digest: digest('index'),
    mediaType: ociIndex,
    annotations: {},
    platforms,
    differences: [...findDifferences(platforms), ...findFileDifferences(platforms)],
    notes: findNotes(platforms),
    root: null,
    ...facts,
  }
}

/** A composite that is not the same on its three platforms: one lacks a module, one has another version, files differ. */
export function unlike(): Inspection {
  const order = orderOf('acme/jdk@17.0.1', 'acme/maven-shared@3.9.0', 'acme/git@1.0.0')
  const main = { id: 'acme/meta', version: '1.2.0' }
  const of = (platform: string, machine: string, ...names: readonly string[]): InspectedPlatform => {
    const modules = [...names.map((name) => moduleOf(name, name.includes('maven') ? { name: 'Maven, the build tool' } : {})), moduleOf('acme/meta@1.2.0', { order, homepage: null })]
    const files = [
      fileOf('/cnb/buildpacks/acme_maven-shared/3.9.0/bin/build', { machine }),
      fileOf('/cnb/buildpacks/acme_maven-shared/3.9.0/bin/detect', platform === 'linux/arm64' ? { mode: 0o644 } : {}),
      ...(platform === 'linux/amd64' ? [fileOf('/cnb/buildpacks/acme_maven-shared/3.9.0/share/notes.txt', { mode: 0o644 })] : []),
    ]
    return imageWith(platform, modules, { main, files, labels: { 'org.opencontainers.image.vendor': 'Acme' }, attestations: 1 })
  }
  return inspectionOf(
    [
      of('linux/amd64', 'amd64', 'acme/jdk@17.0.1', 'acme/maven-shared@3.9.0', 'acme/git@1.0.0'),
      of('linux/arm64', 'arm64', 'acme/jdk@17.0.2', 'acme/maven-shared@3.9.0', 'acme/git@1.0.0'),
      of('linux/arm/v7', 'arm', 'acme/jdk@17.0.1', 'acme/maven-shared@3.9.0'),
    ],
    { annotations: { 'org.opencontainers.image.source': 'https://example.com/acme/meta' } },
  )
}

/** A package of one module that is the same everywhere. */
export function alike(): Inspection {
  return inspectionOf(['linux/amd64', 'linux/arm64'].map((platform) => imageWith(platform, [moduleOf('acme/one-shared@1.0.0')])))
}

/** Words that try to leave wherever they are put. */
export const hostileWords = [
  '"><script>document.title="owned"</script>',
  "' onmouseover='document.title=1",
  '</style></title><img src=x onerror="document.title=1">',
  '%%{init: {"securityLevel": "loose", "theme": "dark"}}%%',
  '"\n    OWNED ||--o{ OWNED : owns\n    X { string a "',
  '"];\n  "OWNED" [label="',
  '#quot;#lt;b#gt; &lt;b&gt; `code` \\" \\\\ \\N',
  '\u202Egpj.exe\u2066\u0007\u001B[31mred\u001B[0m\u0000',
  'javascript:document.title=1',
  '${1}{{2}}[[3]]',
] as const

/** Every text that a label, a name or a path can be is one of {@link hostileWords}. */
export function hostile(): Inspection {
  const modules = hostileWords.map((word) => moduleOf('x@1', { id: word, version: word, api: word, name: word, homepage: word }))
  const order = [modules.map(({ id, version }) => ({ id, version, optional: true }))]
  const facts = { annotations: record(), labels: record(), problems: hostileWords, distro: { name: hostileWords[0], version: hostileWords[1] }, stacks: hostileWords, files: hostileWords.map((word) => fileOf(word)) }
  const platforms = ['linux/amd64', 'linux/arm64'].map((platform) => imageWith(platform, [...modules, moduleOf('acme/meta@1', { order })], { ...facts, main: { id: 'acme/meta', version: '1' } }))
  const [first, second] = platforms
  if (first === undefined || second === undefined) throw new Error('two platforms are made above')
  const odd: InspectedPlatform = { ...second, platform: { os: hostileWords[0], architecture: hostileWords[2], variant: hostileWords[4], 'os.version': hostileWords[7] }, buildpacks: [], files: [] }
  const values = { [hostileWords[0]]: hostileWords[4], 'linux/amd64': hostileWords[0] }
  const differences = hostileWords.flatMap((word) => (['order', 'file', 'missing'] as const).map((kind) => ({ kind, id: word, values })))
  return inspectionOf([first, second, odd], { source: { type: 'registry', name: hostileWords.join('/') }, annotations: record(), differences })
}

function record(): Record<string, string> {
  return Object.fromEntries(hostileWords.map((word) => [word, word]))
}
