import { PackagerError, refusalsOf } from '../errors.ts'
import type { Warning } from '../events.ts'
import { parseCompression } from '../layers/compression.ts'
import { createdTime, parseAnnotations } from '../publish/metadata.ts'
import { readMirrorFlags } from '../publish/mirrors.ts'
import { nameChecks } from '../publish/names.ts'
import { flagTargets } from '../targets/resolve.ts'
import { flattenGroups } from './flatten.ts'
import { buildConfigPath } from './folders.ts'
import { builderLabelNames } from './labels.ts'
import type { BuilderOptions } from './options.ts'

/** What is read from the base before a builder's own labels are written: a value from a flag would be taken for the base's. */
const readFromBase: ReadonlySet<string> = new Set(['io.buildpacks.builder.metadata', 'io.buildpacks.buildpack.layers', 'io.buildpacks.extension.layers', 'io.buildpacks.stack.mixins'])

/** What can be told from the flags alone, all that is wrong with any of them. */
export async function flagRefusals(options: BuilderOptions): Promise<readonly PackagerError[]> {
  const { name = '', targets = [], labels = [], annotations = [], flatten = [], compression, destination, pullPolicy, env, registry } = options
  return refusalsOf([
    () =>
      name === '' && refuse({ step: 'create builder', found: 'no name for it', wanted: 'a NAME such as registry.example/acme/builder:1' }),
    ...(name === '' ? [] : nameChecks(options)),
    ...(registry?.mirrors ?? []).map((mirror) => () => readMirrorFlags([mirror])),
    ...targets.map((target) => () => flagTargets([target])),
    ...labels.map((label) => () => builderLabelsOf([label])),
    ...annotations.map((annotation) => () => parseAnnotations([annotation])),
    ...flatten.map((group) => () => flattenGroups([group])),
    () => compression !== undefined && parseCompression(compression),
    () => createdTime(env['SOURCE_DATE_EPOCH']),
    () => buildConfigPath(env),
    () =>
      destination === 'registry' &&
      pullPolicy === 'never' &&
      refuse({
        step: 'read the command line',
        found: '--publish with --pull-policy never',
        wanted: 'one of them: what is published is made of images in registries',
      }),
  ])
}

function refuse(failure: { readonly step: string; readonly found: string; readonly wanted: string }): never {
  throw new PackagerError({ code: 'USAGE', ...failure })
}

/**
 * `--label` values: `key=value[,key=value]`. The first `=` of each separates; a part without one belongs to the value before.
 *
 * @example
 * builderLabelsOf(['a=1,b=2', 'c=x=y', 'd=one, two']) // { a: '1', b: '2', c: 'x=y', d: 'one, two' }
 * @throws PackagerError `USAGE`
 */
export function builderLabelsOf(texts: readonly string[]): Readonly<Record<string, string>> {
  const pairs = texts.flatMap((text) => pairsIn(text))
  for (const [key] of pairs) {
    if (readFromBase.has(key)) throw new PackagerError({ code: 'USAGE', step: 'read --label', value: key, found: 'a label that says what the build image holds', wanted: 'another name' })
  }
  return Object.fromEntries(pairs)
}

function pairsIn(text: string): readonly (readonly [string, string])[] {
  const parts: string[] = []
  for (const part of text.split(',')) {
    if (part.includes('=') || parts.length === 0) parts.push(part)
    else parts.push(`${parts.pop() ?? ''},${part}`)
  }
  return parts.map((part) => {
    const at = part.indexOf('=')
    if (at > 0) return [part.slice(0, at), part.slice(at + 1)] as const
    throw new PackagerError({ code: 'USAGE', step: 'read --label', value: text, found: at === 0 ? 'an empty key' : 'no "="', wanted: 'key=value' })
  })
}

/** What a builder's own labels are written over. */
export function idleLabels(labels: Readonly<Record<string, string>>): readonly Warning[] {
  const idle = Object.keys(labels).filter((key) => builderLabelNames.includes(key))
  return idle.length === 0 ? [] : [{ message: `--label ${idle.join(', ')} has no effect: builder create writes it itself`, hint: 'leave it out' }]
}
