import { Option } from 'commander'
import type { Command } from 'commander'
import { defineBuilder } from './commands/define-builder.ts'
import type { RunBuilder } from './commands/define-builder.ts'
import { defineInspect } from './commands/define-inspect.ts'
import type { InspectFlags } from './commands/define-inspect.ts'
import { defineManifest } from './commands/define-manifest.ts'
import type { RunManifest } from './commands/define-manifest.ts'
import { definePackage } from './commands/define-package.ts'
import type { PackageFlags } from './commands/define-package.ts'
import { PRINTED } from './commands/shared-options.ts'
import { Misuse, TellingCommand } from './misuse.ts'
import { usageError } from './usage.ts'

/** Shells that `completion` writes a script for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

/** What each command does once its words are read. */
export interface Actions {
  readonly package: (words: readonly string[], flags: PackageFlags) => Promise<void>
  readonly inspect: (words: readonly string[], flags: InspectFlags) => Promise<void>
  readonly manifest: RunManifest
  readonly builder: RunBuilder
  readonly completion: (shell: Shell, program: Command) => Promise<void>
}

/** Commands that SPEC.md has and this version does not: refused by name, so that none is taken for a NAME. */
const NOT_YET = ['vendor'] as const

/** First words that mean a command and not a NAME. */
export const COMMAND_WORDS: readonly string[] = ['package', 'inspect', 'manifest', 'builder', 'completion', ...NOT_YET]

const EXAMPLES = `
Examples:
  $ bp-package                                          an OCI layout folder, one image per target
  $ bp-package registry.example/hello:1.0.0 --publish   the same, pushed, with an index over the images
  $ bp-package --dry-run -t linux/arm64                 what would be made for one target, file by file
  $ bp-package -c package.toml --format file            a composite, a .cnb for each target
`

/** The whole command line, as commander knows it. Nothing is printed or run until it is parsed; what is wrong with it goes to `misuse`. */
export function createProgram(version: string, actions: Actions, misuse: Misuse = new Misuse()): Command {
  const program = new TellingCommand(misuse, 'bp-package')
  program
    .description('Package a Cloud Native Buildpack for every target it declares and publish one image index over them.')
    .usage('[package] [name] [options]')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', EXAMPLES)
    .showSuggestionAfterError()
    .hook('preAction', (_program, command) => misuse.settle(command))
  // `bp-package --help` answers for the default command too: most users never type another one.
  program.configureHelp({
    visibleOptions: (command) => (command === program ? defaultOptions(packaging) : ownOptions(command)),
    // The words that an option takes stand in its description, or in the docs: commander's list of them breaks the lines.
    optionDescription: (option) => option.description,
  })

  const packaging = definePackage(program.command('package', { isDefault: true }))
  packaging.action(async (_name: string | undefined, flags: PackageFlags, command: Command) => actions.package(command.args, flags))
  defineInspect(program.command('inspect')).action(async (_source: string, _other: string | undefined, flags: InspectFlags, command: Command) => actions.inspect(command.args, flags))
  defineManifest(program.command('manifest'), actions.manifest)
  defineBuilder(program.command('builder'), actions.builder)
  program
    .command('completion')
    .description('print a completion script for your shell')
    .addArgument(program.createArgument('<shell>', 'the shell').choices(SHELLS))
    .action(async (shell: Shell) => actions.completion(shell, program))
  for (const name of NOT_YET) refuse(program, name)
  return program
}

function refuse(program: Command, name: string): void {
  const refusal = (): never => {
    throw usageError('run', 'not part of this version', { value: name, hint: `for a package of the name "${name}" write: bp-package package ${name}` })
  }
  program
    .command(name, { hidden: true })
    .helpOption(false)
    .configureHelp({ formatHelp: refusal })
    .allowUnknownOption()
    .allowExcessArguments()
    .action(refusal)
}

function defaultOptions(packaging: Command): Option[] {
  return [...packaging.options, new Option('-V, --version', 'print the version').helpGroup(PRINTED), helpOption().helpGroup(PRINTED)]
}

function ownOptions(command: Command): Option[] {
  const own = command.options.filter((option) => !option.hidden)
  return [...own, own.some((option) => option.helpGroupHeading === PRINTED) ? helpOption().helpGroup(PRINTED) : helpOption()]
}

function helpOption(): Option {
  return new Option('-h, --help', 'print this help')
}

