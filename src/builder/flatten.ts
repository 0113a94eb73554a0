import { PackagerError } from '../errors.ts'

/**
 * The groups of `--flatten` (SPEC-builder.md section 8): each use of the flag one, its modules separated by commas.
 *
 * @example
 * flattenGroups(['acme/a@1, acme/b@2']) // [['acme/a@1', 'acme/b@2']]
 * @throws PackagerError `USAGE` for what is no `id@version`
 */
export function flattenGroups(texts: readonly string[]): readonly (readonly string[])[] {
  return texts.map((text) =>
    text.split(',').map((part) => {
      const name = part.trim()
      if (/^[^@]+@[^@]+$/.test(name)) return name
      throw new PackagerError({ code: 'USAGE', step: 'read --flatten', value: text, found: `"${name}"`, wanted: 'id@version' })
    }),
  )
}
