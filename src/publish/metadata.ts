import { ownLabels } from '../buildpacks/labels.ts'
import { nearest } from '../config/suggest.ts'
import { PackagerError } from '../errors.ts'
import type { Annotations } from '../oci/manifest.ts'
import { fixedTime } from '../tar/header.ts'

/** Annotations by where they are written (SPEC.md, `--annotation [scope:]k=v`). */
export interface ScopedAnnotations {
  readonly index: Annotations
  readonly manifest: Annotations
  readonly descriptor: Annotations
}

const scopes = { index: 'index', manifest: 'manifest', 'manifest-descriptor': 'descriptor' } as const

/** `k=v` texts; the first `=` splits, an empty value is kept, a comma is part of the value. */
export function parseLabels(texts: readonly string[]): Record<string, string> {
  const labels = new Map<string, string>()
  for (const text of texts) {
    const [key, value] = splitPair(text, '--label')
    if (ownLabels.includes(key)) {
      throw new PackagerError({ code: 'USAGE', step: 'read --label', value: key, found: 'a label that packaging itself writes', wanted: 'another name' })
    }
    labels.set(key, value)
  }
  return Object.fromEntries(labels)
}

/** `[scope:]k=v` texts over the ones of bp-package.toml; without a scope an annotation goes to each image's manifest. */
export function parseAnnotations(texts: readonly string[], configured: Readonly<Record<string, string>> = {}): ScopedAnnotations {
  const result = { index: new Map<string, string>(), manifest: new Map<string, string>(), descriptor: new Map<string, string>() }
  const given = texts.map((text) => splitPair(text, '--annotation'))
  for (const [name, value] of [...Object.entries(configured), ...given]) {
    const match = /^(index|manifest|manifest-descriptor):(.*)$/s.exec(name)
    if (match?.[2] === '') throw new PackagerError({ code: 'USAGE', step: 'read --annotation', value: `${name}=${value}`, found: 'an empty key', wanted: 'key=value' })
    const meant = match === null ? nearest(/^([a-z-]+):/.exec(name)?.[1] ?? '', Object.keys(scopes)) : undefined
    if (meant !== undefined) {
      throw new PackagerError({
        code: 'USAGE',
        step: 'read --annotation',
        value: name,
        found: 'an unknown scope',
        wanted: 'index:, manifest: or manifest-descriptor:',
        hint: `did you mean ${meant}:?`,
      })
    }
    const scope = match?.[1] as keyof typeof scopes | undefined
    result[scope === undefined ? 'manifest' : scopes[scope]].set(match?.[2] ?? name, value)
  }
  return { index: Object.fromEntries(result.index), manifest: Object.fromEntries(result.manifest), descriptor: Object.fromEntries(result.descriptor) }
}

function splitPair(text: string, option: string): [string, string] {
  const at = text.indexOf('=')
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)]
  throw new PackagerError({ code: 'USAGE', step: `read ${option}`, value: text, found: at === 0 ? 'an empty key' : 'no "="', wanted: 'key=value' })
}

/** RFC 3339 time of the images: `SOURCE_DATE_EPOCH` in seconds, else 1980-01-01T00:00:01Z (SPEC-package.md section 5). */
export function createdTime(sourceDateEpoch: string | undefined): string {
  if (sourceDateEpoch === undefined || sourceDateEpoch === '') return rfc3339(fixedTime)
  const seconds = /^\d{1,12}$/.test(sourceDateEpoch) ? Number(sourceDateEpoch) : Number.NaN
  if (seconds <= 253_402_300_799) return rfc3339(seconds)
  throw new PackagerError({ code: 'USAGE', step: 'read SOURCE_DATE_EPOCH', value: sourceDateEpoch, found: 'no time', wanted: 'whole seconds since 1970, until the year 9999' })
}

function rfc3339(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z')
}
