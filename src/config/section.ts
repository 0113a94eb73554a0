import type { Checked } from './checked.ts'
import { Findings } from './findings.ts'
import { nearest } from './suggest.ts'
import type { Position } from './toml.ts'
import { parseToml } from './toml.ts'
import type { TomlSource } from './toml-bytes.ts'
import { decodeToml } from './toml-bytes.ts'
import type { KeyPath, TomlTable, TomlValue } from './toml-value.ts'
import { formatKey, isList, isTable, kindOf } from './toml-value.ts'

/** What to do with a key that nothing reads: `warn` where other tools keep keys of their own, `refuse` elsewhere. */
export type UnknownKeys = 'warn' | 'refuse'

/** Reads a whole file: what is not UTF-8 or broken TOML is its only problem, otherwise `read` says what else is wrong. */
export function readDocument<T>(source: TomlSource, file: string, read: (root: Section, findings: Findings) => T): Checked<T> {
  const decoded = decodeToml(source, file)
  const parsed = 'problem' in decoded ? decoded : parseToml(decoded.text, file)
  if ('problem' in parsed) return { value: undefined, problems: [parsed.problem], warnings: [] }
  const findings = new Findings(file, parsed.document)
  return findings.checked(read(new Section(parsed.document.table, [], findings), findings))
}

/**
 * One table, read key by key. A key of the wrong type is a problem and reads as absent; what was asked for is what is
 * known, so `close` can name the rest. Like pack's own decoder it takes `ID` for `id`, with a warning.
 */
export class Section {
  readonly path: KeyPath
  readonly #table: TomlTable
  readonly #findings: Findings
  readonly #asked = new Set<string>()
  readonly #read = new Set<string>()

  constructor(table: TomlTable, path: KeyPath, findings: Findings) {
    this.#table = table
    this.path = path
    this.#findings = findings
  }

  get position(): Position {
    return this.#findings.document.locate(this.path)
  }

  /** Where each of these keys stands, of those that are there. */
  places(keys: readonly string[]): Readonly<Record<string, Position>> {
    return Object.fromEntries(keys.filter((key) => this.has(key)).map((key) => [key, this.#findings.document.locate(this.at(key))]))
  }

  /** The path of a key, as the file spells it. */
  at(key: string): KeyPath {
    return [...this.path, this.#spelling(key) ?? key]
  }

  has(key: string): boolean {
    return this.#spelling(key) !== undefined
  }

  /** A string; `''` where the key is absent. */
  text(key: string): string {
    const value = this.#take(key)
    if (value === undefined || typeof value === 'string') return value ?? ''
    this.#wrongType(this.at(key), value, 'a string', typeof value === 'object' ? undefined : `write ${key} = "${this.#written(key)}"`)
    return ''
  }

  /** `true` or `false`; false where the key is absent. */
  flag(key: string): boolean {
    const value = this.#take(key)
    if (value === undefined || typeof value === 'boolean') return value ?? false
    this.#wrongType(this.at(key), value, 'true or false')
    return false
  }

  /** A list of strings; `[]` where the key is absent. */
  texts(key: string): readonly string[] {
    const value = this.#take(key)
    if (value === undefined) return []
    if (!isList(value)) {
      this.#wrongType(this.at(key), value, 'a list of strings', typeof value === 'string' ? `write ${key} = [${this.#written(key)}]` : undefined)
      return []
    }
    return value.flatMap((item, index) => {
      if (typeof item === 'string') return [item]
      this.#wrongType([...this.at(key), index], item, 'a string')
      return []
    })
  }

  /** A table; none where the key is absent. */
  section(key: string): Section | undefined {
    const value = this.#take(key)
    if (value === undefined) return undefined
    if (isTable(value)) return new Section(value, this.at(key), this.#findings)
    const header = formatKey(this.at(key))
    this.#wrongType(this.at(key), value, 'a table', isList(value) ? `write [${header}], once` : `write [${header}] with keys below it`)
    return undefined
  }

  /** A list of tables; `[]` where the key is absent. */
  sections(key: string): readonly Section[] {
    const value = this.#take(key)
    if (value === undefined) return []
    const header = formatKey(this.at(key).filter((part) => typeof part === 'string'))
    if (!isList(value)) {
      const below = isTable(value) ? [...value].find(([, inner]) => isList(inner) && inner.every(isTable))?.[0] : undefined
      const remedy = below === undefined ? `write [[${header}]] before each entry` : `write [[${header}]] before [[${header}.${below}]]`
      this.#wrongType(this.at(key), value, 'a list of tables', remedy)
      return []
    }
    return value.flatMap((item, index) => {
      const path = [...this.at(key), index]
      if (isTable(item)) return [new Section(item, path, this.#findings)]
      this.#wrongType(path, item, 'a table')
      return []
    })
  }

  /** A table of strings; `{}` where the key is absent. */
  textMap(key: string): Readonly<Record<string, string>> {
    const section = this.section(key)
    if (section === undefined) return {}
    return Object.fromEntries([...section.#table.keys()].map((name) => [name, section.text(name)]))
  }

  /** Leaves a key alone: anything may be below it. */
  ignore(key: string): void {
    this.#take(key)
  }

  /** Names every key that nothing asked for, with the known one it may be meant for. `elsewhere`: keys and where they belong. */
  close(policy: UnknownKeys, elsewhere: Readonly<Record<string, string>> = {}): void {
    for (const key of this.#table.keys()) {
      if (this.#read.has(key)) continue
      const meant = nearest(key, [...this.#asked])
      const place = Object.hasOwn(elsewhere, key) ? elsewhere[key] : undefined
      const advice = place === undefined ? (meant === undefined ? '' : `; did you mean ${meant}?`) : `; it belongs in ${place}`
      if (policy === 'warn') this.#findings.warning(this.at(key), `unknown key${advice}`)
      else this.#findings.problem(this.at(key), `unknown key${advice}`)
    }
  }

  #take(key: string): TomlValue | undefined {
    this.#asked.add(key)
    const spelling = this.#spelling(key)
    if (spelling === undefined) return undefined
    this.#read.add(spelling)
    if (spelling !== key) this.#findings.warning(this.at(key), `read as ${key}: write it so`)
    return this.#table.get(spelling)
  }

  #spelling(key: string): string | undefined {
    return this.#table.has(key) ? key : [...this.#table.keys()].find((name) => name.toLowerCase() === key)
  }

  #written(key: string): string {
    return this.#findings.document.written(this.at(key)) ?? ''
  }

  #wrongType(path: KeyPath, value: TomlValue, wanted: string, remedy?: string): void {
    const written = this.#findings.document.written(path)
    const found = written === undefined || typeof value === 'object' || written.includes('\n') ? kindOf(value) : `${kindOf(value)} (${written})`
    this.#findings.problem(path, `is ${found}, must be ${wanted}${remedy === undefined ? '' : `: ${remedy}`}`)
  }
}
