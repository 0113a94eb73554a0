import type { MirrorPulls, RegistryRule } from '../config/registries.ts'
import { PackagerError } from '../errors.ts'
import { parseReference } from '../oci/reference.ts'

/** A repository where an image may be pulled from. */
export interface PullPlace {
  readonly registry: string
  readonly repository: string
  readonly insecure: boolean
  readonly pulls: MirrorPulls
  /** Where this one fails or lacks the image, the next is asked; the last one is none. */
  readonly isMirror: boolean
  /** The tag or digest that is asked for there, where it is another one than here. */
  readonly name?: string
}

const step = 'read --registry-mirror'
const wanted = 'HOST=MIRROR, each with a path if need be'

/**
 * `--registry-mirror HOST[/PATH]=HOST[/PATH]`, as rules of registries.conf are: several for one host are asked in their order.
 * `*` is every host, as pack has it.
 */
export function readMirrorFlags(texts: readonly string[]): readonly RegistryRule[] {
  const rules = new Map<string, RegistryRule>()
  for (const text of texts) {
    const [, from = '', to = ''] = /^([^=\s]+)=([^=\s]+)$/.exec(text.trim()) ?? []
    const [prefix, location] = [from === '*' ? from : readPlace(from, text), readPlace(to, text)]
    const known = rules.get(prefix)?.mirrors ?? []
    const mirrors = [...known, { location, insecure: false, pulls: 'all' as const }]
    rules.set(prefix, { prefix, location: prefix === '*' ? '' : prefix, insecure: false, blocked: false, mirrors, file: '--registry-mirror' })
  }
  return [...rules.values()]
}

/** Docker Hub by its one name. */
function readPlace(place: string, text: string): string {
  const host = place.split('/')[0] ?? ''
  const isHost = /^(?:[A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/.test(host) && isPath(place.slice(host.length))
  if (isHost) return `${hubName(host.toLowerCase())}${place.slice(host.length).replace(/\/+$/, '')}`
  const hint = place.includes('://') ? 'leave the scheme out; --plain-http HOST asks for http' : undefined
  const found = text.split('=').length === 2 ? `"${place}"` : 'no "=" between two places'
  throw new PackagerError({ code: 'USAGE', step, value: text, found, wanted, hint })
}

function isPath(path: string): boolean {
  try {
    return path === '' || path === '/' || parseReference(`localhost${path.replace(/\/+$/, '')}`).tag === undefined
  } catch {
    return false
  }
}

function hubName(host: string): string {
  return host === 'index.docker.io' || host === 'registry-1.docker.io' ? 'docker.io' : host
}

/**
 * Where an image is pulled from, in order: the mirrors that flags name, those of registries.conf, and last the registry itself,
 * or what registries.conf has in its place. Of flags and of rules the ones with the longest prefix count; a prefix may be a
 * whole name with its tag or digest.
 *
 * @param name the tag or digest
 * @throws PackagerError where registries.conf blocks the image
 */
export function pullPlaces(flags: readonly RegistryRule[], rules: readonly RegistryRule[], registry: string, repository: string, name?: string): readonly PullPlace[] {
  const full = { repository: `${registry}/${repository}`, named: name === undefined ? undefined : `${registry}/${repository}${name.includes(':') ? '@' : ':'}${name}` }
  const [flag, rule] = [bestMatch(flags, full), bestMatch(rules, full)]
  if (rule?.rule.blocked === true) {
    throw new PackagerError({ code: 'UNSUPPORTED', step: 'pull image', value: rule.isName ? full.named : full.repository, found: `pulling it is blocked by ${rule.rule.file}` })
  }
  const mirrors = [flag, rule].flatMap((match): PullPlace[] =>
    (match?.rule.mirrors ?? []).map(({ location, insecure, pulls }) => ({ ...placeAt(location, match), insecure, pulls, isMirror: true })),
  )
  const own = rule === undefined || rule.rule.location === '' ? { registry, repository } : placeAt(rule.rule.location, rule)
  return [...mirrors, { ...own, insecure: rule?.rule.insecure === true, pulls: 'all', isMirror: false }]
}

/** Whether a rule is for one tag or digest of the repository alone: which places there are depends on the name then. */
export function hasNamedRules(rules: readonly RegistryRule[], registry: string, repository: string): boolean {
  const name = `${registry}/${repository}`
  return rules.some(({ prefix }) => prefix.startsWith(`${name}:`) || prefix.startsWith(`${name}@`))
}

interface FullName {
  readonly repository: string
  /** With its tag or digest. */
  readonly named: string | undefined
}

interface Match {
  readonly rule: RegistryRule
  /** What follows the prefix: `''`, or begins with a slash. */
  readonly rest: string
  /** The prefix has the tag or digest in it. */
  readonly isName: boolean
}

/** Of equal prefixes the later one: a drop-in file has the last word. */
function bestMatch(rules: readonly RegistryRule[], { repository, named }: FullName): Match | undefined {
  let best: Match | undefined
  for (const rule of rules) {
    const isName = rule.prefix === named
    const rest = isName ? '' : restAfter(rule.prefix, repository)
    if (rest !== undefined && (best === undefined || isMoreExact(rule.prefix, best.rule.prefix))) best = { rule, rest, isName }
  }
  return best
}

/** A prefix without a star tells more than one with it. */
function isMoreExact(prefix: string, than: string): boolean {
  const [star, otherStar] = [prefix.startsWith('*'), than.startsWith('*')]
  return star === otherStar ? prefix.length >= than.length : otherStar
}

function restAfter(prefix: string, name: string): string | undefined {
  const host = name.split('/')[0] ?? ''
  const isDomain = prefix === '*' || (prefix.startsWith('*.') && host.replace(/:\d+$/, '').endsWith(prefix.slice(1)))
  if (isDomain) return name.slice(host.length)
  return name === prefix || name.startsWith(`${prefix}/`) ? name.slice(prefix.length) : undefined
}

function placeAt(location: string, match: Match | undefined): Pick<PullPlace, 'registry' | 'repository' | 'name'> {
  const whole = `${location}${match?.rest ?? ''}`
  const slash = whole.indexOf('/')
  const [, repository = '', tag, digest] = /^(.*?)(?::([^/:@]+)|@([^/@]+))?$/.exec(whole.slice(slash + 1)) ?? []
  const registry = hubName(whole.slice(0, slash).toLowerCase())
  if (match?.isName !== true) return { registry, repository: whole.slice(slash + 1) }
  const name = tag ?? digest
  return { registry, repository, ...(name === undefined ? {} : { name }) }
}
