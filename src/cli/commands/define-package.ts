import { Option } from 'commander'
import type { Command } from 'commander'
import type { MakingFlags } from './making-options.ts'
import { howOptions, outputOptions, whereOptions } from './making-options.ts'
import { oneOf, placeOption, PRINTED, registryOptions, repeatable } from './shared-options.ts'

/** What commander makes of the command line of `package`, by the options' long names. */
export interface PackageFlags extends MakingFlags {
  readonly path?: string
  readonly config?: string
  readonly repository?: string
  readonly flatten?: true
  readonly flattenExclude?: readonly string[]
  readonly exclude?: readonly string[]
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
    ['Where it goes:', [...whereOptions('default: ./<last part of id>-<version>.oci, or .cnb'), new Option('--repository <repository>', 'what a name is made of where none is given')]],
    ['How:', howOptions()],
    [undefined, registryOptions()],
    [PRINTED, outputOptions()],
  ]
}

function whatOptions(): Option[] {
  return [
    placeOption('-p, --path <path>', 'buildpack folder or .tgz; default: what package.toml names'),
    placeOption('-c, --config <file>', 'package.toml; default: the one in the path, if any'),
    repeatable('-t, --target <target>', 'os/arch[/variant][:distro@version], repeatable'),
    repeatable('-l, --label <key=value>', 'label on each image, repeatable'),
    repeatable('--annotation <[scope:]key=value>', 'on index, manifest or manifest-descriptor, repeatable'),
    new Option('--flatten', "one layer for all of a composite's modules"),
    repeatable('--flatten-exclude <id@version>', 'module that keeps a layer of its own, repeatable').implies({ flatten: true }),
    oneOf('--pull-policy <policy>', 'always, if-not-present or never, for image dependencies', ['always', 'if-not-present', 'never']),
    new Option('--registry-index <place>', 'buildpack registry: folder of a clone, or address'),
    repeatable('--exclude <glob>', 'leave files out, as a line of .bpignore; repeatable'),
    new Option('--no-default-excludes', 'package .git, .DS_Store, *.swp and the like too'),
  ]
}
