import type { Checked } from './checked.ts'
import type { Findings } from './findings.ts'
import type { Section } from './section.ts'
import { readDocument } from './section.ts'
import type { TomlSource } from './toml-bytes.ts'

/** The versions of one API that a lifecycle speaks, as listed; a list that is absent is undefined, which labels write as null. */
export interface ApiLists {
  readonly deprecated?: readonly string[]
  readonly supported?: readonly string[]
}

/** lifecycle.toml, the descriptor of a lifecycle's release (SPEC-builder.md section 5). */
export interface LifecycleFacts {
  readonly version: string
  /** The oldest version of each API that it takes. */
  readonly api: { readonly buildpack: string; readonly platform: string }
  readonly apis: { readonly buildpack: ApiLists; readonly platform: ApiLists }
}

type Kind = 'buildpack' | 'platform'

const semanticVersion = /^v?\d+(?:\.\d+){0,2}(?:[-+][0-9A-Za-z.+-]+)?$/
const apiVersion = /^v?(\d+)(?:\.(\d*))?$/

/**
 * Reads lifecycle.toml. Keys beside the known ones are its own business. Where `[apis]` lists what is supported, the oldest of
 * all listed takes the place of `[api]`; a descriptor that only has `[api]`, as those before 0.9 do, supports just that.
 */
export function readLifecycleToml(source: TomlSource, file: string): Checked<LifecycleFacts> {
  return readDocument(source, file, (root, findings) => {
    const version = root.section('lifecycle')?.text('version') ?? ''
    if (!semanticVersion.test(version)) findings.problem(['lifecycle', 'version'], version === '' ? 'is required' : `is "${version}", must be a semantic version such as 0.21.0`)
    const old = root.section('api')
    const apis = root.section('apis')
    const lists = { buildpack: readLists(apis, 'buildpack', findings), platform: readLists(apis, 'platform', findings) }
    const hasLists = lists.buildpack.supported !== undefined || lists.platform.supported !== undefined
    const buildpack = resolved('buildpack', old, lists.buildpack, hasLists, findings)
    const platform = resolved('platform', old, lists.platform, hasLists, findings)
    return { version, api: { buildpack: buildpack.oldest, platform: platform.oldest }, apis: { buildpack: buildpack.lists, platform: platform.lists } }
  })
}

function readLists(apis: Section | undefined, kind: Kind, findings: Findings): ApiLists {
  const section = apis?.section(kind)
  const read = (key: 'deprecated' | 'supported'): ApiLists => {
    if (section?.has(key) !== true) return {}
    return { [key]: section.texts(key).map((text) => readApi(text, ['apis', kind, key], findings)) }
  }
  return { ...read('deprecated'), ...read('supported') }
}

function resolved(kind: Kind, old: Section | undefined, lists: ApiLists, hasLists: boolean, findings: Findings): { oldest: string; lists: ApiLists } {
  const listed = [...(lists.deprecated ?? []), ...(lists.supported ?? [])]
  if (lists.supported !== undefined && lists.supported.length > 0) return { oldest: [...listed].sort(compareApis)[0] ?? '', lists }
  const written = old?.text(kind) ?? ''
  const own = written === '' ? '' : readApi(written, ['api', kind], findings)
  if (own === '') findings.problem(['apis', kind, 'supported'], `is required: the ${kind} APIs that the lifecycle supports`)
  return { oldest: own, lists: hasLists || own === '' ? lists : { ...lists, supported: [own] } }
}

/** `0.10`; a version of one number has a second that is 0. */
function readApi(text: string, path: readonly string[], findings: Findings): string {
  const [, major, minor] = apiVersion.exec(text) ?? []
  if (major === undefined) findings.problem(path, `is "${text}", must be a version such as 0.10`)
  return `${major ?? 0}.${minor === undefined || minor === '' ? 0 : minor}`
}

/** By numbers: `0.9` is older than `0.10`. */
export function compareApis(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => text.split('.').map(Number))
  return (left?.[0] ?? 0) - (right?.[0] ?? 0) || (left?.[1] ?? 0) - (right?.[1] ?? 0)
}
