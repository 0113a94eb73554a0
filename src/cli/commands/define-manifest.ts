import { Option } from 'commander'
import type { Argument, Command } from 'commander'
import { placeOption, positiveInteger, PRINTED, readBy, registryOptions, repeatable } from './shared-options.ts'
import type { RegistryFlags } from './shared-options.ts'

/** What commander makes of the options of all `manifest` commands, by their long names. */
export interface ManifestFlags extends RegistryFlags {
  readonly format?: string
  readonly amend?: true
  readonly replace?: true
  readonly platform?: readonly string[]
  readonly attestations?: boolean
  readonly publish?: true
  readonly from?: readonly string[]
  readonly tag?: readonly string[]
  readonly digestFile?: string
  readonly digestfile?: string
  readonly json?: true
  readonly quiet?: true
  readonly verbose?: true
  readonly dryRun?: true
  readonly concurrency?: number
  readonly os?: string
  readonly arch?: string
  readonly variant?: string
  readonly osVersion?: string
  readonly osFeatures?: string
  readonly features?: string
  readonly annotation?: readonly string[]
  readonly annotations?: readonly string[]
  readonly indexAnnotation?: readonly string[]
  readonly indexAnnotations?: readonly string[]
  readonly removeAnnotation?: readonly string[]
  readonly removeIndexAnnotation?: readonly string[]
  readonly missingOk?: true
  readonly keepAttestations?: true
  readonly ifExists?: true
  readonly purge?: true
  readonly rm?: true
  readonly local?: true
  readonly remote?: true
  readonly raw?: true
  readonly digest?: true
}

export const MANIFEST_COMMANDS = ['create', 'add', 'annotate', 'rm', 'remove', 'exists', 'push', 'inspect'] as const
export type ManifestCommand = (typeof MANIFEST_COMMANDS)[number]

export type RunManifest = (name: ManifestCommand, words: readonly string[], flags: ManifestFlags) => Promise<void>

const EXAMPLES = `
A list is kept on this machine until it is pushed; --publish works on the registry's index instead, with no local list.

Examples:
  $ bp-package manifest create host/bp:1 host/bp-amd64:1 host/bp-arm64:1        a local list over two images
  $ bp-package manifest push host/bp:1 --tag latest                             publish it under two tags
  $ bp-package manifest add --publish host/bp:1 host/bp-arm64:1                 add to an index in its registry
  $ bp-package manifest create --publish host/bp:1 --from results/              merge what the jobs of a CI matrix left
`

const ANNOTATIONS = 'Annotations:'

/** `manifest` and its commands (SPEC-manifest.md, "Commands"), for parsing, help and completion alike. */
export function defineManifest(manifest: Command, run: RunManifest): Command {
  manifest.description('make, change and publish image indexes by hand').usage('<command> [options]').addHelpText('after', EXAMPLES)
  // The words of a command fit beside its description; that all have options goes without saying.
  manifest.configureHelp({ ...manifest.configureHelp(), subcommandTerm: (command) => [command.name(), ...command.registeredArguments.map(argumentText)].join(' ') })
  define(manifest, run, 'create', '<list> [images...]', 'a list over images that exist', [...createOptions(), ...sendOptions('With --publish:')])
  define(manifest, run, 'add', '<list> <images...>', 'add images to a list', [...addOptions(), ...straightOptions()])
  define(manifest, run, 'annotate', '<list> [entry]', 'change the platform or the annotations of an entry, or annotations of the list', [
    ...platformOptions(),
    ...annotationOptions(),
    ...removeAnnotationOptions(),
    ...straightOptions(),
  ])
  define(
    manifest,
    run,
    'rm',
    '<list> [entries...]',
    'take entries out of a list',
    [new Option('--keep-attestations', 'leave the attestations of what is removed'), ...straightOptions()],
    'remove-entry',
  )
  define(manifest, run, 'remove', '<lists...>', 'delete local lists', [new Option('--if-exists', 'pass over lists that are not there')], 'delete')
  define(manifest, run, 'exists', '<list>', 'exit with 0 where there is such a local list, else with 1', [])
  define(manifest, run, 'push', '<list> [destination]', 'publish a local list', pushOptions())
  define(manifest, run, 'inspect', '<reference>', 'print an index, of a local list or of a registry', inspectOptions())
  return manifest
}

function argumentText(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`
  return argument.required ? `<${name}>` : `[${name}]`
}

/** What these show is what the registry itself has, or a local list: no mirror may answer for it. */
const OWN: ReadonlySet<ManifestCommand> = new Set(['inspect', 'exists', 'remove'])

function define(manifest: Command, run: RunManifest, name: ManifestCommand, words: string, description: string, options: readonly Option[], alias?: string): void {
  const command = manifest.command(name).description(description).arguments(words)
  if (alias !== undefined) command.alias(alias)
  const registries = registryOptions().filter(({ long }) => long !== '--registry-mirror' || !OWN.has(name))
  for (const option of [...options, ...registries, ...toldOptions()]) command.addOption(option)
  command.action(async () => run(name, command.args, command.opts()))
}

function createOptions(): Option[] {
  return [
    formatOption('media types of the list, fixed from now on: oci (default) or docker (v2s2)'),
    new Option('-a, --amend', 'add to the list if it is there').conflicts('replace'),
    new Option('--replace', 'start the list anew if it is there'),
    ...selectionOptions(),
    ...indexAnnotationOptions(),
    repeatable('--from <file>', 'take the images of this file of --metadata-file, or of a folder of them, repeatable'),
    new Option('--publish', 'push at once; no local list is read or written'),
  ]
}

function addOptions(): Option[] {
  return [
    ...platformOptions(),
    ...annotationOptions(),
    ...selectionOptions(),
    new Option('--replace', 'put the image in the place of the one that has its platform'),
    new Option('--missing-ok', 'create the list if it is not there'),
  ]
}

function selectionOptions(): Option[] {
  return [
    repeatable('--platform <platform>', 'only os/arch[/variant[:osversion]], repeatable'),
    new Option('--all', 'all images (the default)'),
    new Option('--no-attestations', 'leave attestations out'),
  ].map((option) => option.helpGroup('Images that are indexes themselves:'))
}

function platformOptions(): Option[] {
  return [
    new Option('--os <os>', 'operating system of the image'),
    new Option('--arch <arch>', 'architecture of the image'),
    new Option('--variant <variant>', 'variant of the architecture; "" removes it'),
    new Option('--os-version <version>', 'version of the operating system; "" removes it'),
    new Option('--os-features <a,b>', 'features of the operating system; "" removes them'),
    new Option('--features <a,b>', 'features of the processor, in Docker lists only'),
  ].map((option) => option.helpGroup('What the image runs on, in place of what its config says:'))
}

function annotationOptions(): Option[] {
  return [
    repeatable('--annotation <[scope:]key=value>', 'annotation of the entry, repeatable; scope is descriptor (default) or index'),
    repeatable('--annotations <key=value,...>', 'the same, several with commas, repeatable'),
    ...indexAnnotationOptions(),
  ].map((option) => option.helpGroup(ANNOTATIONS))
}

function indexAnnotationOptions(): Option[] {
  return [
    repeatable('--index-annotation <key=value>', 'annotation of the list itself, repeatable'),
    repeatable('--index-annotations <key=value,...>', 'the same, several with commas, repeatable'),
  ].map((option) => option.helpGroup(ANNOTATIONS))
}

function removeAnnotationOptions(): Option[] {
  return [
    repeatable('--remove-annotation <key>', 'take an annotation of the entry away, repeatable'),
    repeatable('--remove-index-annotation <key>', 'take an annotation of the list away, repeatable'),
  ].map((option) => option.helpGroup(ANNOTATIONS))
}

function straightOptions(): Option[] {
  return [new Option('--publish', "change the registry's index; no local list is read or written"), ...sendOptions('With --publish:')]
}

function pushOptions(): Option[] {
  return [
    formatOption("media types; default: the list's own"),
    new Option('-p, --purge', 'delete the local list when all is pushed'),
    new Option('--rm', 'the same as --purge').hideHelp(),
    new Option('--all', 'push all images (the default)'),
    ...sendOptions('Where it goes:'),
  ]
}

function inspectOptions(): Option[] {
  return [
    new Option('--local', 'only a local list').conflicts('remote'),
    new Option('--remote', 'only the registry'),
    new Option('--raw', 'byte for byte, as it is stored'),
    new Option('--digest', 'only the digest').conflicts('raw'),
  ]
}

function sendOptions(heading: string): Option[] {
  return [
    repeatable('--tag <tag>', 'another tag in the same repository, repeatable'),
    placeOption('--digest-file <file>', 'write the digest to this file'),
    placeOption('--digestfile <file>').hideHelp(),
    new Option('--dry-run', 'show what would be sent; send nothing'),
    readBy(new Option('--concurrency <n>', 'requests and uploads at a time'), positiveInteger),
  ].map((option) => option.helpGroup(heading))
}

function toldOptions(): Option[] {
  return [
    new Option('--json', 'the result as JSON on stdout, errors as JSON on stderr'),
    new Option('-q, --quiet', 'only the result, warnings and errors').conflicts('verbose'),
    new Option('-v, --verbose', 'also retries, and causes of errors'),
  ].map((option) => option.helpGroup(PRINTED))
}

function formatOption(description: string): Option {
  const option = new Option('-f, --format <format>', description)
  // For completion alone: parseFormat knows further words for the two.
  option.argChoices = ['oci', 'docker']
  return option
}
