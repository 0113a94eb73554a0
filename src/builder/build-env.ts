import type { BuildEnvironment } from '../config/builder.ts'

/** One file of the builder's environment folder. */
export interface EnvironmentFile {
  readonly name: string
  readonly text: string
}

/**
 * `[[build.env]]` as files (SPEC-builder.md section 2), sorted by name: the value, without a newline, under the name and its
 * suffix; a delimiter in a file of its own. Of two entries that make the same file the last one wins, which the reader of
 * builder.toml has told, as it has refused what makes no file.
 *
 * @example
 * environmentFiles([{ name: 'PATH', value: '/opt/bin', suffix: 'append', delim: ':', ... }])
 * // [{ name: 'PATH.append', text: '/opt/bin' }, { name: 'PATH.delim', text: ':' }]
 */
export function environmentFiles(entries: readonly BuildEnvironment[]): readonly EnvironmentFile[] {
  const files = new Map<string, string>()
  for (const { name, value, suffix, delim } of entries) {
    files.set(suffix === '' ? name : `${name}.${suffix}`, value)
    if (delim !== '') files.set(`${name}.delim`, delim)
  }
  return Array.from(files, ([name, text]) => ({ name, text })).sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)))
}
