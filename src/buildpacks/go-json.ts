const escapes: Readonly<Record<string, string>> = {
  '<': String.raw`\u003c`,
  '>': String.raw`\u003e`,
  '&': String.raw`\u0026`,
  '\u2028': String.raw`\u2028`,
  '\u2029': String.raw`\u2029`,
}

/**
 * JSON as Go's encoder writes it: what could matter inside HTML or a script is escaped. A `Map` is an object whose members
 * stay in their order: an object would put a key such as `9` in front of `10`, and before all that are no numbers.
 *
 * @example
 * goJson({ a: '<b>' }) // '{"a":"\u003cb\u003e"}'
 */
export function goJson(value: unknown): string {
  if (value instanceof Map) return `{${Array.from(value as ReadonlyMap<string, unknown>, ([key, member]) => `${goJson(key)}:${goJson(member)}`).join(',')}}`
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (character) => escapes[character] ?? character)
}

/** Go's `omitempty`: the member, or none. */
export function filled(key: string, value: string | boolean | readonly unknown[]): Record<string, unknown> {
  const empty = typeof value === 'object' ? value.length === 0 : value === '' || value === false
  return empty ? {} : { [key]: value }
}
