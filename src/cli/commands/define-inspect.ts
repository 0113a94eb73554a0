import { Option } from 'commander'
import type { Command } from 'commander'
import { oneOf, registryOptions, repeatable } from './shared-options.ts'
import type { RegistryFlags } from './shared-options.ts'

export const INSPECT_FORMATS = ['text', 'json', 'mermaid', 'dot', 'html'] as const
export type InspectFormat = (typeof INSPECT_FORMATS)[number]

/** What commander makes of the command line of `inspect`, by the options' long names. */
export interface InspectFlags extends RegistryFlags {
  readonly platform?: readonly string[]
  readonly format?: InspectFormat
  readonly json?: true
  readonly raw?: true
  readonly files?: true
  readonly quiet?: true
  readonly verbose?: true
}

/** The arguments and options of `inspect` (SPEC-manifest.md), for parsing, help and completion alike. */
export function defineInspect(command: Command): Command {
  command
    .description('show what is in a package, a builder or an image index for each platform, and where platforms differ')
    .argument('<source>', 'image name, .cnb, layout folder or buildpack folder; docker://, oci:, file:, local: and daemon: before it force a reading')
    .argument('[other]', 'another source: shows what changed from the first to this one')
  for (const option of [...ownOptions(), ...registryOptions()]) command.addOption(option)
  return command
}

function ownOptions(): Option[] {
  return [
    repeatable('--platform <platform>', 'only this os/arch[/variant][:os.version], repeatable; default: all'),
    oneOf('-f, --format <format>', 'text (the default), json, mermaid or dot for a diagram, html for a page', INSPECT_FORMATS),
    new Option('--json', 'as --format json, errors as JSON on stderr').conflicts('format'),
    new Option('--raw', 'the index or manifest as it is stored').conflicts(['format', 'json', 'platform']),
    new Option('--files', 'read the layers too: paths, modes, sizes, machines of programs, compared over platforms').conflicts('raw'),
    new Option('-q, --quiet', 'only the result, warnings and errors (the default)').conflicts('verbose'),
    new Option('-v, --verbose', 'also labels, the order of each composite, retries and causes of errors'),
  ]
}
