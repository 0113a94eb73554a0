import { byName } from './differences.ts'
import type { Difference, InspectedFile, InspectedModule, InspectedPlatform, Note } from './inspection.ts'
import { platformNames } from './platform-names.ts'

/** Which module's folder a path lies in, and where in it. */
export interface ModulePath {
  /** `id@version`; empty for what lies in no module's folder. */
  readonly module: string
  readonly id: string
  readonly path: string
}

/** The folders of an image's modules (SPEC-package.md section 4): `/cnb/buildpacks/acme_hello/1.0.0/`. */
export class ModuleFolders {
  readonly #folders: ReadonlyMap<string, InspectedModule>

  constructor({ buildpacks, extensions }: Pick<InspectedPlatform, 'buildpacks' | 'extensions'>) {
    this.#folders = new Map([...foldersOf('buildpacks', buildpacks), ...foldersOf('extensions', extensions)])
  }

  locate(path: string): ModulePath {
    // A layer of Windows has all of it below Files.
    const own = path.startsWith('/Files/cnb/') ? path.slice('/Files'.length) : path
    const folder = own.split('/', 5).join('/')
    const module = this.#folders.get(folder)
    return module === undefined ? { module: '', id: '', path } : { module: `${module.id}@${module.version}`, id: module.id, path: own.slice(folder.length + 1) }
  }
}

function foldersOf(kind: string, modules: readonly InspectedModule[]): readonly (readonly [string, InspectedModule])[] {
  return modules.map((module) => [`/cnb/${kind}/${module.id.replaceAll('/', '_')}/${module.version}`, module])
}

/**
 * Where the files of platforms differ: one is missing, or has another mode, size or content. Programs for different machines
 * have different contents, which is as it should be; of a module that a platform does not have at all, or in another
 * version, no file is missing; and of a builder, whose base is another system on each platform, only modules count.
 */
export function findFileDifferences(platforms: readonly InspectedPlatform[]): readonly Difference[] {
  const read = platforms.flatMap((image, index) => (image.files === undefined || image.kind === 'other' ? [] : [{ image, index }]))
  if (read.length < 2) return []
  const names = platformNames(platforms.map(({ platform }) => platform))
  const tables = read.map(({ image }) => new Map(image.files?.map((file) => [file.path, file])))
  const modules = read.map(({ image }) => new Set([...image.buildpacks, ...image.extensions].map(({ id, version }) => `${id}@${version}`)))
  const folders = read.map(({ image }) => new ModuleFolders(image))
  const hasBase = read.some(({ image }) => image.kind === 'builder')
  const paths = [...new Set(tables.flatMap((table) => [...table.keys()]))].sort()
  return paths.flatMap((path): readonly Difference[] => {
    const module = folders.map((each) => each.locate(path).module).find((name) => name !== '') ?? ''
    if (hasBase && module === '') return []
    const relevant = read.flatMap(({ index }, at) => (module === '' || modules[at]?.has(module) === true ? [{ name: names[index] ?? '', file: tables[at]?.get(path) }] : []))
    if (!differ(relevant.map(({ file }) => file))) return []
    return [{ kind: 'file', id: path, values: byName(relevant.map(({ name }) => name), relevant.map(({ file }) => (file === undefined ? null : describeFile(file)))) }]
  })
}

/** Whether files that stand for the same path are not the same. A folder's own mode counts, its absence does not. */
export function differ(files: readonly (InspectedFile | undefined)[]): boolean {
  const present = files.filter((file) => file !== undefined)
  const [first] = present
  if (first === undefined) return false
  if (present.length < files.length && present.some(({ type }) => type !== 'folder')) return true
  return present.some((file) => file.type !== first.type || file.mode !== first.mode || !sameContent(file, first))
}

function sameContent(a: InspectedFile, b: InspectedFile): boolean {
  return a.digest === b.digest || (a.machine !== null && b.machine !== null && a.machine !== b.machine)
}

/** `file 0755 1234 bytes arm64 sha256:0123456789ab`: what two of them can differ in. */
export function describeFile({ type, mode, size, machine, digest }: InspectedFile): string {
  const words = [type, mode.toString(8).padStart(4, '0'), ...(type === 'file' ? [`${size} bytes`] : []), machine, digest?.slice(0, 19)]
  return words.filter((word) => word !== null && word !== undefined).join(' ')
}

/** Programs that run nowhere on their platform: an ELF on Linux, a Mach-O on macOS, a PE on Windows, for another architecture. */
export function findWrongMachines(platforms: readonly InspectedPlatform[]): readonly Note[] {
  const names = platformNames(platforms.map(({ platform }) => platform))
  return platforms.flatMap(({ platform, files = [] }, index) =>
    files.flatMap((file): readonly Note[] => {
      if (file.digest === null || file.machine === null || (file.mode & 0o111) === 0 || formats[platform.os] !== file.format) return []
      if (file.machine.split('+').some((machine) => runs(machine, platform.architecture))) return []
      return [{ kind: 'wrong-machine', digest: file.digest, platforms: [names[index] ?? ''], path: file.path, machine: file.machine }]
    }),
  )
}

const formats: Readonly<Record<string, InspectedFile['format']>> = { linux: 'elf', android: 'elf', freebsd: 'elf', netbsd: 'elf', openbsd: 'elf', darwin: 'mach-o', windows: 'pe' }

/** 32-bit programs run on amd64; those of Windows often are managed code that runs anywhere. */
function runs(machine: string, architecture: string): boolean {
  return machine === architecture || machine === '386'
}
