import { Option } from 'commander'
import type { RegistryFlags } from './shared-options.ts'
import { byteSize, oneOf, placeOption, positiveInteger, readBy, repeatable } from './shared-options.ts'

/** What commander makes of the options of every command that makes images, by their long names. */
export interface MakingFlags extends RegistryFlags {
  readonly target?: readonly string[]
  readonly label?: readonly string[]
  readonly annotation?: readonly string[]
  readonly pullPolicy?: 'always' | 'if-not-present' | 'never'
  readonly registryIndex?: string
  readonly defaultExcludes: boolean
  readonly publish?: true
  readonly publishByDigest?: true
  readonly format?: 'layout' | 'file' | 'image'
  readonly output?: string
  readonly tag?: readonly string[]
  readonly appendImageNameSuffix?: true
  readonly append?: true
  readonly singleFile?: true
  readonly archiveLimit?: number
  readonly strict?: true
  readonly dryRun?: true
  readonly metadataFile?: string
  readonly json?: true
  readonly cacheDir?: string
  readonly cache: boolean
  readonly concurrency?: number
  readonly compression?: string
  readonly quiet?: true
  readonly verbose?: true
  readonly progress: boolean
}

/**
 * Where what is made goes.
 *
 * @param output what is said of the default of `--output`
 */
export function whereOptions(output: string): Option[] {
  return [
    new Option('--publish', 'push to the registry that the name names').conflicts('format'),
    new Option('--publish-by-digest', 'push without a tag, for jobs that each build one target').conflicts(['format', 'output', 'tag', 'append', 'appendImageNameSuffix']),
    new Option('--append', "keep what the name's index has for other platforms"),
    oneOf('-f, --format <format>', 'layout (default), file or image', ['layout', 'file', 'image'], FORMATS_ELSEWHERE),
    new Option('--single-file', 'with --format file: one archive for all targets'),
    placeOption('-o, --output <path>', output),
    repeatable('--tag <reference>', 'another tag for the same result, repeatable'),
    new Option('--append-image-name-suffix', "also tag each platform's image <tag>-<os>-<arch>..."),
  ]
}

/** As pack, docker buildx, skopeo and ko name them. */
const FORMATS_ELSEWHERE = {
  oci: 'layout',
  dir: 'layout',
  folder: 'layout',
  cnb: 'file',
  tar: 'file',
  archive: 'file',
  'oci-archive': 'file',
  docker: 'image',
  podman: 'image',
  daemon: 'image',
  engine: 'image',
} as const

/** How it is made. */
export function howOptions(): Option[] {
  return [
    readBy(new Option('--archive-limit <size>', 'what an archive may unpack to; default: 8GiB'), byteSize),
    new Option('--strict', 'warnings are errors'),
    new Option('--dry-run', 'show the whole plan; build and send nothing').conflicts('metadataFile'),
    placeOption('--cache-dir <dir>', 'where layers are kept between runs; default: XDG cache'),
    new Option('--no-cache', 'neither use nor keep compressed layers').conflicts('cacheDir'),
    readBy(new Option('--concurrency <n>', 'layers and uploads at a time'), positiveInteger),
    new Option('--compression <kind>', 'gzip, gzip:1 to gzip:12, or none'),
  ]
}

/** What is printed. */
export function outputOptions(): Option[] {
  return [
    placeOption('--metadata-file <file>', 'write the result as JSON to this file'),
    new Option('--json', 'result as JSON on stdout, errors as JSON on stderr'),
    new Option('-q, --quiet', 'only the result, warnings and errors').conflicts('verbose'),
    new Option('-v, --verbose', 'also retries, whole file lists, and causes of errors'),
    new Option('--no-progress', 'lines instead of a live list on a terminal'),
  ]
}
