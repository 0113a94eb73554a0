import { Option } from 'commander'
import type { Command } from 'commander'
import { PRINTED, byteSize, positiveInteger, registryOptions, repeatable } from './shared-options.ts'
import type { RegistryFlags } from './shared-options.ts'

/** What commander makes of the command line of `package`, by the options' long names. */
export interface PackageFlags extends RegistryFlags {
  readonly path?: string
  readonly config?: string
  readonly target?: readonly string[]
  readonly publish?: true
  readonly format?: 'layout' | 'file' | 'image'
  readonly output?: string
  readonly tag?: readonly string[]
  readonly repository?: string
  readonly appendImageNameSuffix?: true
  readonly append?: true
  readonly publishByDigest?: true
  readonly label?: readonly string[]
  readonly annotation?: readonly string[]
  readonly flatten?: true
  readonly flattenExclude?: readonly string[]
  readonly pullPolicy?: 'always' | 'if-not-present' | 'never'
  readonly registryIndex?: string
  readonly singleFile?: true
  readonly exclude?: readonly string[]
  readonly defaultExcludes: boolean
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

/** The arguments and options of `package` (SPEC.md, "package: options"), for parsing, help and completion alike. */
export function definePackage(command: Command): Command {
  command
    .description('package a buildpack, composite or extension')
    .argument('[name]', 'where it goes, such as registry.example/sample/hello:1.0.0; for a layout or file also a path')
    .allowExcessArguments()
  for (const [heading, options] of groups()) {
    for (const option of options) command.addOption(heading === undefined ? option : option.helpGroup(heading))
  }
  return command
}

/** Under the headings of docs/cli.md. A description is short enough for one line of a terminal of 100 columns. */
function groups(): readonly (readonly [heading: string | undefined, options: readonly Option[]])[] {
  return [
    ['What is packaged:', whatOptions()],
    ['Where it goes:', whereOptions()],
    ['How:', howOptions()],
    [undefined, registryOptions()],
    [PRINTED, outputOptions()],
  ]
}

function whatOptions(): Option[] {
  return [
    new Option('-p, --path <path>', 'buildpack folder or .tgz; default: what package.toml names'),
    new Option('-c, --config <file>', 'package.toml; default: the one in the path, if any'),
    repeatable('-t, --target <target>', 'os/arch[/variant][:distro@version], repeatable'),
    repeatable('-l, --label <key=value>', 'label on each image, repeatable'),
    repeatable('--annotation <[scope:]key=value>', 'on index, manifest or manifest-descriptor, repeatable'),
    new Option('--flatten', "one layer for all of a composite's modules"),
    repeatable('--flatten-exclude <id@version>', 'module that keeps a layer of its own, repeatable').implies({ flatten: true }),
    new Option('--pull-policy <policy>', 'always, if-not-present or never, for image dependencies').choices(['always', 'if-not-present', 'never']),
    new Option('--registry-index <place>', 'buildpack registry: folder of a clone, or address'),
    repeatable('--exclude <glob>', 'leave files out, as a line of .bpignore; repeatable'),
    new Option('--no-default-excludes', 'package .git, .DS_Store, *.swp and the like too'),
  ]
}

function whereOptions(): Option[] {
  return [
    new Option('--publish', 'push to the registry that the name names').conflicts('format'),
    new Option('--publish-by-digest', 'push without a tag, for jobs that each build one target').conflicts(['format', 'output', 'tag', 'append', 'appendImageNameSuffix']),
    new Option('--append', "keep what the name's index has for other platforms"),
    new Option('-f, --format <format>', 'layout (default), file or image').choices(['layout', 'file', 'image']),
    new Option('--single-file', 'with --format file: one archive for all targets'),
    new Option('-o, --output <path>', 'default: ./<last part of id>-<version>.oci, or .cnb'),
    repeatable('--tag <reference>', 'another tag for the same result, repeatable'),
    new Option('--repository <repository>', 'what a name is made of where none is given'),
    new Option('--append-image-name-suffix', "also tag each platform's image <tag>-<os>-<arch>..."),
  ]
}

function howOptions(): Option[] {
  return [
    new Option('--archive-limit <size>', 'what an archive may unpack to; default: 8GiB').argParser(byteSize),
    new Option('--strict', 'warnings are errors'),
    new Option('--dry-run', 'show the whole plan; build and send nothing').conflicts('metadataFile'),
    new Option('--cache-dir <dir>', 'where layers are kept between runs; default: XDG cache'),
    new Option('--no-cache', 'neither use nor keep compressed layers').conflicts('cacheDir'),
    new Option('--concurrency <n>', 'layers and uploads at a time').argParser(positiveInteger),
    new Option('--compression <kind>', 'gzip, gzip:1 to gzip:12, or none'),
  ]
}

function outputOptions(): Option[] {
  return [
    new Option('--metadata-file <file>', 'write the result as JSON to this file'),
    new Option('--json', 'result as JSON on stdout, errors as JSON on stderr'),
    new Option('-q, --quiet', 'only the result, warnings and errors').conflicts('verbose'),
    new Option('-v, --verbose', 'also retries, whole file lists, and causes of errors'),
    new Option('--no-progress', 'lines instead of a live list on a terminal'),
  ]
}
