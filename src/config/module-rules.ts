import type { ModuleConfig } from './buildpack.ts'
import type { Findings } from './findings.ts'
import type { Section } from './section.ts'

/** A module's file as read, before anything is judged. */
export interface ModuleDraft {
  readonly config: ModuleConfig
  /** None where the file has no `api`. */
  readonly writtenApi: string | undefined
  /** Whether the file has the table that it must have. */
  readonly declared: boolean
  readonly root: Section
}

/** Bytes that nearly every file system takes in a folder's name; what reads labels takes no more. */
const longestName = 255

/** One thing that must hold in a file. Every rule runs, so that an author sees all that is wrong at once. */
interface Rule {
  readonly name: string
  check(draft: ModuleDraft, findings: Findings): void
}

/** In the order of SPEC-package.md section 1, "Checks". */
const rules: readonly Rule[] = [
  {
    name: 'the file describes a module',
    check({ config: { kind }, declared, root }, findings) {
      if (declared || findings.has([kind])) return
      const other = kind === 'buildpack' ? 'extension' : 'buildpack'
      const remedy = root.has(other) ? `this file has [${other}], which belongs in ${other}.toml` : 'it needs one, with id and version'
      findings.problem([], `no [${kind}] table: ${remedy}`)
    },
  },
  {
    name: 'id and version are given',
    check({ config, declared }, findings) {
      if (!declared) return
      for (const key of ['id', 'version'] as const) {
        if (config[key] === '') findings.problem([config.kind, key], 'is required')
      }
    },
  },
  {
    name: 'id and version can name the folder that the module lies in',
    check({ config }, findings) {
      for (const key of ['id', 'version'] as const) {
        const value = config[key]
        const bytes = Buffer.byteLength(value)
        if (bytes > longestName) findings.problem([config.kind, key], `has ${bytes} bytes, which cannot name a folder: at most ${longestName}`)
        const isOdd = value === '.' || value === '..' || /\p{Cc}/u.test(value) || (key === 'version' && value.includes('/'))
        if (isOdd) findings.problem([config.kind, key], `is ${JSON.stringify(value)}, which cannot name a folder: no "/" in a version, no control characters, more than dots`)
      }
    },
  },
  {
    name: 'api is a version',
    check({ writtenApi }, findings) {
      if (writtenApi === undefined || apiVersion(writtenApi) !== undefined) return
      findings.problem(['api'], `is "${writtenApi}", must be a version such as 0.10`)
    },
  },
  {
    name: 'an order stands alone',
    check({ config: { id, version, order, targets, stacks } }, findings) {
      if (order.length === 0) return
      const why = `cannot stand beside [[order]]: ${id === '' ? 'this' : `${id}@${version}`} is a composite, which has the targets and stacks of its components`
      if (targets.length > 0) findings.problem(['targets'], `${why} (its own targets go into package.toml)`)
      if (stacks.length > 0) findings.problem(['stacks'], why)
    },
  },
  {
    name: 'order members name a module and its version',
    check({ config: { order } }, findings) {
      for (const [entry, group] of order.entries()) {
        for (const [index, member] of group.entries()) {
          const path = ['order', entry, 'group', index]
          if (member.id === '') findings.problem([...path, 'id'], 'is required')
          const module = member.id === '' ? 'the module' : member.id
          if (member.version === '') findings.problem([...path, 'version'], `is required: the version of ${module} to package`)
        }
      }
    },
  },
  {
    name: 'order entries have members',
    check({ config: { order } }, findings) {
      for (const [entry, group] of order.entries()) {
        if (group.length === 0) findings.warning(['order', entry], 'has no [[order.group]]: it never passes detection')
      }
    },
  },
]

/** Runs every rule; gives the configuration with `api` in its one form. */
export function checkModule(draft: ModuleDraft, findings: Findings): ModuleConfig {
  for (const rule of rules) rule.check(draft, findings)
  return draft.writtenApi === undefined ? draft.config : { ...draft.config, api: apiVersion(draft.writtenApi) ?? draft.writtenApi }
}

/** `N.M` of `N`, `N.M` or, as the lifecycle takes them too, `vN.M` and `N.`; undefined for anything else. */
export function apiVersion(text: string): string | undefined {
  const match = /^v?(\d+)(?:\.(\d*))?$/.exec(text)
  return match === null ? undefined : `${Number(match[1])}.${Number(match[2] ?? 0)}`
}
