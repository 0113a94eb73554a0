import { Option } from 'commander'
import type { Command } from 'commander'
import type { MakingFlags } from './making-options.ts'
import { howOptions, outputOptions, whereOptions } from './making-options.ts'
import { oneOf, placeOption, PRINTED, registryOptions, repeatable } from './shared-options.ts'

/** What commander makes of the options of `builder create`, by their long names. */
export interface BuilderFlags extends MakingFlags {
  readonly config: string
  readonly flatten?: readonly string[]
  readonly skipRunImageCheck?: true
  readonly lifecycleTemplate?: string
  readonly lifecycleAnyArch?: true
}

export type RunBuilder = (words: readonly string[], flags: BuilderFlags) => Promise<void>

const EXAMPLES = `
Examples:
  $ bp-package builder create registry.example/acme/builder:1 -c builder.toml --publish     one builder per target, and an index
  $ bp-package builder create acme/builder:1 -c builder.toml --format image                 into the engine of this machine
  $ bp-package builder create acme/builder:1 -c builder.toml --dry-run                      what would be made, layer by layer
`

/** `builder` and its one command (SPEC-builder.md section 1), for parsing, help and completion alike. */
export function defineBuilder(builder: Command, run: RunBuilder): Command {
  builder.description('make builders: a build image, a lifecycle and buildpacks in one').usage('create <name> [options]').addHelpText('after', EXAMPLES)
  const create = builder
    .command('create')
    .description('make a builder for every target that builder.toml names, and one index over them')
    .argument('<name>', 'where it goes, such as registry.example/acme/builder:1; for a layout or file also a path')
  for (const [heading, options] of groups()) for (const option of options) create.addOption(heading === undefined ? option : option.helpGroup(heading))
  create.action(async (_name: string, flags: BuilderFlags) => run(create.args, flags))
  return builder
}

function groups(): readonly (readonly [heading: string | undefined, options: readonly Option[]])[] {
  return [
    ['What is in it:', whatOptions()],
    ['Where it goes:', whereOptions('default: ./<last part of name>-<tag>.oci, or .cnb')],
    ['How:', howOptions()],
    [undefined, registryOptions()],
    [PRINTED, outputOptions()],
  ]
}

function whatOptions(): Option[] {
  return [
    placeOption('-c, --config <file>', 'builder.toml').makeOptionMandatory(),
    repeatable('-t, --target <target>', 'os/arch[/variant], in place of [[targets]], repeatable'),
    repeatable('-l, --label <key=value[,key=value]>', 'label on each image, repeatable'),
    repeatable('--annotation <[scope:]key=value>', 'on index, manifest or manifest-descriptor, repeatable'),
    repeatable('--flatten <id@version,...>', 'one layer for these modules, repeatable'),
    new Option('--skip-run-image-check', 'do not look whether run images are there and fit'),
    new Option('--lifecycle-template <address>', 'where releases are, with {version}, {os} and {arch}'),
    new Option('--lifecycle-any-arch', 'take a lifecycle whose programs are for another machine'),
    oneOf('--pull-policy <policy>', 'always, if-not-present or never, for images that are read', ['always', 'if-not-present', 'never']),
    new Option('--registry-index <place>', 'buildpack registry: folder of a clone, or address'),
    new Option('--no-default-excludes', 'buildpack folders with .git, .DS_Store, *.swp and the like too'),
  ]
}
