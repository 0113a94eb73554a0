import type { Command } from 'commander'
import { nearest } from '../config/suggest.ts'

interface ForeignOption {
  readonly words: readonly string[]
  /** The option here, or where there is none, one by which a command is known that the hint is true of. */
  readonly own: string
  /** A value that it has to take: `--format` of other commands is for something else. */
  readonly choice?: string
  readonly hint: string
}

/** Options by which users of pack, docker buildx, podman, ko, skopeo and their like know what an option here does. */
const FOREIGN: readonly ForeignOption[] = [
  {
    words: ['--platform', '--platforms', '--os', '--arch', '--goos', '--goarch', '--architecture'],
    own: '--target',
    hint: 'what to build for is named with --target os/arch[/variant]',
  },
  { words: ['--target', '--targets', '-t'], own: '--platform', hint: 'platforms are chosen with --platform os/arch[/variant]' },
  {
    words: ['--all', '--all-platforms', '--multi-arch'],
    own: '--target',
    hint: 'every target that the file declares is made, unless --target names some',
  },
  { words: ['--push', '--upload'], own: '--publish', hint: 'here it is --publish' },
  {
    words: ['--load', '--local', '--daemon', '--docker', '--podman'],
    own: '--format',
    choice: 'image',
    hint: 'into the Docker or Podman engine with --format image',
  },
  { words: ['--type', '--output-type', '--output-format'], own: '--format', hint: 'here it is --format' },
  {
    words: ['--tarball', '--tar', '--tar-path', '--archive', '--cnb'],
    own: '--output',
    hint: 'a .cnb with --format file, its place with --output',
  },
  {
    words: ['--oci', '--oci-layout', '--oci-layout-path', '--layout'],
    own: '--output',
    hint: 'a layout is what is written without --publish; its place with --output',
  },
  {
    words: ['--dest', '--destination', '--out', '--output-dir'],
    own: '--output',
    hint: 'a place on this machine is named with --output; an image by its name alone, without an option',
  },
  {
    words: ['--name', '-n', '--image', '--image-name', '-i'],
    own: '--tag',
    hint: 'the name stands without an option; further ones with --tag',
  },
  { words: ['--repo', '--registry', '--docker-repo'], own: '--repository', hint: 'here it is --repository' },
  {
    words: ['--buildpack', '-b', '--bp', '--context', '--source', '--src', '--dir', '--folder'],
    own: '--path',
    hint: "the buildpack's folder is named with --path",
  },
  {
    words: ['--file', '--package-config', '--package-toml', '--builder-config', '--builder-toml'],
    own: '--config',
    hint: 'the config file is named with --config',
  },
  { words: ['--build-arg', '--env', '-e'], own: '--path', hint: 'nothing is run while packaging: there is nothing to pass it to' },
  {
    words: ['--iidfile', '--digest-file', '--digestfile', '--image-refs', '--report-output-dir'],
    own: '--metadata-file',
    hint: 'the result with its digests goes to --metadata-file FILE',
  },
  { words: ['--pull', '--no-pull', '--pull-always'], own: '--pull-policy', hint: 'always, if-not-present or never with --pull-policy' },
  {
    words: ['--cache', '--cache-from', '--cache-to', '--cache-image'],
    own: '--cache-dir',
    hint: 'the cache is a folder of this machine: --cache-dir DIR, or --no-cache',
  },
  {
    words: ['--jobs', '-j', '--parallel', '--parallelism', '--max-concurrent-uploads'],
    own: '--concurrency',
    hint: 'here it is --concurrency',
  },
  {
    words: ['--ignore', '--ignorefile', '--ignore-file', '--exclude-from'],
    own: '--exclude',
    hint: 'one glob with each --exclude, or a file .bpignore in the buildpack',
  },
  { words: ['--squash', '--squash-all', '--single-layer'], own: '--flatten', hint: 'modules go into one layer with --flatten' },
  { words: ['--debug', '--trace', '--loglevel', '--log-level'], own: '--verbose', hint: 'more is told with --verbose' },
  { words: ['--silent', '--no-output'], own: '--quiet', hint: 'here it is --quiet' },
  { words: ['--no-color', '--no-colour', '--color'], own: '--verbose', hint: 'colours are turned off by the environment: NO_COLOR=1' },
  {
    words: ['--tls-verify', '--dest-tls-verify', '--src-tls-verify', '--insecure-skip-tls-verify', '-k'],
    own: '--skip-tls-verify',
    hint: 'for each host: --skip-tls-verify HOST, or --plain-http HOST where it speaks no TLS',
  },
  { words: ['--insecure-registries', '--allow-insecure'], own: '--insecure', hint: 'for each host: --insecure-registry HOST' },
  { words: ['--http', '--allow-http'], own: '--plain-http', hint: 'for each host: --plain-http HOST' },
  { words: ['--cert-dir', '--cacert', '--ca', '--certificate-authority'], own: '--ca-file', hint: 'here it is --ca-file FILE' },
  {
    words: ['--annotation', '--annotations'],
    own: '--index-annotation',
    hint: 'of the list itself with --index-annotation; of its entries with "manifest annotate"',
  },
  { words: ['--mirror', '--registry-mirrors'], own: '--registry-mirror', hint: 'here it is --registry-mirror HOST=MIRROR' },
  {
    words: ['--creds', '--dest-creds', '--username', '-u', '--password', '--authfile', '--auth'],
    own: '--plain-http',
    hint: 'credentials are those of "docker login" or "podman login", or in CNB_REGISTRY_AUTH',
  },
]

/**
 * What to write in place of an option of another tool, also where that is misspelt; none where the command has nothing like it.
 * `foreignHint('--push', packaging)` is `here it is --publish`.
 */
export function foreignHint(word: string, command: Command, isExact: boolean): string | undefined {
  const known = FOREIGN.filter(({ own, choice }) =>
    command.options.some(({ long, argChoices }) => long === own && (choice === undefined || argChoices?.includes(choice) === true)),
  )
  const exact = known.find(({ words }) => words.includes(word))
  if (isExact || exact !== undefined || !word.startsWith('--')) return exact?.hint
  const meant = nearest(word.slice(2), known.flatMap(({ words }) => words.filter((each) => each.startsWith('--')).map((each) => each.slice(2))))
  return meant === undefined ? undefined : known.find(({ words }) => words.includes(`--${meant}`))?.hint
}
