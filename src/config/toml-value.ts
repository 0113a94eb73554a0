/** A table as the file has it: keys in the order written. A map, so that a key such as `__proto__` is only a key. */
export type TomlTable = ReadonlyMap<string, TomlValue>

/** A date, time or both, as written: nothing here reckons with it. */
export interface TomlDate {
  readonly date: string
}

export type TomlValue = string | number | bigint | boolean | TomlDate | readonly TomlValue[] | TomlTable

/** Where a value lies in the file: names of keys, and for lists the index, such as `['targets', 1, 'os']`. */
export type KeyPath = readonly (string | number)[]

export function isTable(value: TomlValue | undefined): value is TomlTable {
  return value instanceof Map
}

export function isList(value: TomlValue | undefined): value is readonly TomlValue[] {
  return Array.isArray(value)
}

/** `targets[1].distros[0].name`; a key that is not a bare word is quoted, as TOML would. */
export function formatKey(path: KeyPath): string {
  let text = ''
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`
    else text += `${text === '' ? '' : '.'}${/^[A-Za-z0-9_-]+$/.test(part) ? part : JSON.stringify(part)}`
  }
  return text
}

/** What a value is, in the words of TOML: `a string`, `a table`, `a list of tables`. */
export function kindOf(value: TomlValue): string {
  if (typeof value === 'string') return 'a string'
  if (typeof value === 'boolean') return 'true or false'
  if (typeof value === 'number' || typeof value === 'bigint') return 'a number'
  if (isTable(value)) return 'a table'
  if (isList(value)) return value.length > 0 && value.every(isTable) ? 'a list of tables' : 'a list'
  return 'a date'
}
