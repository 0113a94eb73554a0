import type { Checked } from './checked.ts'
import type { Findings } from './findings.ts'
import type { Section } from './section.ts'
import { readDocument } from './section.ts'

/** Which names are looked up at a mirror: a tag may stand for something else there, a digest may not. */
export type MirrorPulls = 'all' | 'digest-only' | 'tag-only'

export interface MirrorRule {
  /** `host[:port][/path]`, in the place of the rule's prefix. */
  readonly location: string
  /** https with any certificate, or http. */
  readonly insecure: boolean
  readonly pulls: MirrorPulls
}

/** Where images come from whose names begin with `prefix`. */
export interface RegistryRule {
  /** `host[:port][/path]`, or `*.domain`. */
  readonly prefix: string
  /** What stands there instead of the prefix; the prefix itself where nothing does, and `''` for a domain that is left as it is. */
  readonly location: string
  readonly insecure: boolean
  readonly blocked: boolean
  /** In the order in which they are asked. */
  readonly mirrors: readonly MirrorRule[]
  /** Whose word it is, for messages. */
  readonly file: string
}

/**
 * Reads a `registries.conf` as far as it says where images are pulled from (containers-registries.conf(5), version 2): short
 * names and all else that is there is left alone. A file of version 1 has no such rules.
 *
 * @example
 * readRegistriesConf('[[registry]]\nlocation = "docker.io"\n[[registry.mirror]]\nlocation = "mirror.example/hub"', 'registries.conf')
 * // [{ prefix: 'docker.io', location: 'docker.io', mirrors: [{ location: 'mirror.example/hub', pulls: 'all', ... }], ... }]
 */
export function readRegistriesConf(text: string, file: string): Checked<readonly RegistryRule[]> {
  return readDocument(text, file, (root, findings) => root.sections('registry').map((section) => readRule(section, file, findings)))
}

function readRule(section: Section, file: string, findings: Findings): RegistryRule {
  const location = readLocation(section, 'location', findings)
  const prefix = readLocation(section, 'prefix', findings) || location
  const isTold = findings.has(section.at('prefix')) || findings.has(section.at('location'))
  if (prefix === '' && !isTold) findings.problem(section.path, 'needs a prefix or a location')
  if (location === '' && prefix !== '' && !prefix.startsWith('*.')) findings.problem(section.at('location'), 'is required: only a prefix such as "*.example.com" goes without one')
  const digestOnly = section.flag('mirror-by-digest-only')
  return {
    prefix,
    location,
    insecure: section.flag('insecure'),
    blocked: section.flag('blocked'),
    mirrors: section.sections('mirror').map((mirror) => readMirror(mirror, digestOnly, findings)),
    file,
  }
}

function readMirror(section: Section, digestOnly: boolean, findings: Findings): MirrorRule {
  const location = readLocation(section, 'location', findings)
  if (location === '') findings.problem(section.at('location'), 'is required: where the mirror is')
  return { location, insecure: section.flag('insecure'), pulls: digestOnly ? 'digest-only' : readPulls(section, findings) }
}

function readPulls(section: Section, findings: Findings): MirrorPulls {
  const pulls = section.text('pull-from-mirror')
  if (pulls === '') return 'all'
  if (pulls === 'all' || pulls === 'digest-only' || pulls === 'tag-only') return pulls
  findings.problem(section.at('pull-from-mirror'), `is "${pulls}", must be all, digest-only or tag-only`)
  return 'all'
}

function readLocation(section: Section, key: string, findings: Findings): string {
  const text = section.text(key).replace(/\/+$/, '')
  if (text.includes('://')) findings.problem(section.at(key), 'has a scheme: write host[:port][/path]; insecure = true allows http')
  return text
}
