import type { OrderMember } from '../buildpacks/module.ts'
import type { NamedImage } from './labels.ts'
import { required } from './labels.ts'

type Groups = readonly (readonly OrderMember[])[]
type Value = string | boolean | readonly string[]

/** One table: its own keys, then the lists of tables in it. */
interface Table {
  readonly values: readonly (readonly [key: string, value: Value])[]
  readonly lists?: readonly (readonly [key: string, tables: readonly Table[]])[]
}

/**
 * order.toml (SPEC-builder.md section 4, "The TOML files"): every member with the version that was found for it. Empty where
 * there is no order. The bytes are those of the encoder that pack uses, which is what gives the layer its diffID.
 *
 * @example
 * orderToml([[{ id: 'acme/hello', version: '0.0.1', optional: false, extra: {} }]], [])
 * // '[[order]]\n\n  [[order.group]]\n    id = "acme/hello"\n    version = "0.0.1"\n'
 */
export function orderToml(order: Groups, orderExtensions: Groups): string {
  return document([
    ['order', groups(order)],
    ['order-extensions', groups(required(orderExtensions))],
  ])
}

/** system.toml; undefined where no list has a member, for then there is no such file. */
export function systemToml(system: { readonly pre: readonly OrderMember[]; readonly post: readonly OrderMember[] }): string | undefined {
  if (system.pre.length === 0 && system.post.length === 0) return undefined
  const lines = ['[system]']
  for (const side of ['pre', 'post'] as const) {
    if (system[side].length === 0) continue
    lines.push(`  [system.${side}]`)
    writeList(lines, `system.${side}.buildpacks`, system[side].map(member), 2)
  }
  return `${lines.join('\n')}\n`
}

/** stack.toml: the run image of the stack's metadata, or the first of all. */
export function stackToml({ image, mirrors }: NamedImage): string {
  const lines = ['[run-image]']
  writeValues(lines, imageValues({ image, ...(mirrors === undefined ? {} : { mirrors }) }), 1)
  return `${lines.join('\n')}\n`
}

/** run.toml: every run image, and its mirrors where the file gave any, be it none. */
export function runToml(images: readonly NamedImage[]): string {
  return document([['images', images.map((image) => ({ values: imageValues(image) }))]])
}

function document(lists: readonly (readonly [key: string, tables: readonly Table[]])[]): string {
  const lines: string[] = []
  for (const [key, tables] of lists) writeList(lines, key, tables, 0)
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}

function writeList(lines: string[], path: string, tables: readonly Table[], depth: number): void {
  for (const { values, lists = [] } of tables) {
    if (lines.length > 0) lines.push('')
    lines.push(`${'  '.repeat(depth)}[[${path}]]`)
    writeValues(lines, values, depth + 1)
    for (const [key, below] of lists) writeList(lines, `${path}.${key}`, below, depth + 1)
  }
}

function writeValues(lines: string[], values: Table['values'], depth: number): void {
  for (const [key, value] of values) lines.push(`${'  '.repeat(depth)}${key} = ${tomlValue(value)}`)
}

function groups(order: Groups): Table[] {
  return order.map((group) => ({ values: [], lists: [['group', group.map(member)]] }))
}

/** Keys in the order of pack's own type; licenses are tables, which come after all other keys. */
function member({ id, version, optional, extra }: OrderMember): Table {
  const { name, licenses, ...rest } = extra
  const described = Object.entries(rest).flatMap(([key, value]) => (isValue(value) ? [[key, value] as const] : []))
  const values: (readonly [string, Value])[] = [['id', id]]
  if (typeof name === 'string') values.push(['name', name])
  if (version !== '') values.push(['version', version])
  values.push(...described)
  if (optional) values.push(['optional', true])
  return { values, lists: [['licenses', Array.isArray(licenses) ? licenses.map(license) : []]] }
}

function license(entry: { readonly Type?: unknown; readonly URI?: unknown }): Table {
  return { values: [['type', textOf(entry.Type)], ['uri', textOf(entry.URI)]] }
}

function imageValues({ image, mirrors }: NamedImage): Table['values'] {
  return mirrors === undefined ? [['image', image]] : [['image', image], ['mirrors', mirrors]]
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function isValue(value: unknown): value is Value {
  return typeof value === 'string' || typeof value === 'boolean' || (Array.isArray(value) && value.every((part) => typeof part === 'string'))
}

function tomlValue(value: Value): string {
  if (typeof value === 'boolean') return String(value)
  return typeof value === 'string' ? quoted(value) : `[${value.map(quoted).join(', ')}]`
}

const short: Readonly<Record<string, string>> = { '"': '\\"', '\\': '\\\\', '\b': '\\b', '\t': '\\t', '\n': '\\n', '\f': '\\f', '\r': '\\r' }

/** A basic string; control characters as `\u001f`, all else as it is. */
function quoted(text: string): string {
  return `"${text.replaceAll(/["\\\p{Cc}]/gu, (character) => short[character] ?? escaped(character))}"`
}

/** C1 controls stay: TOML allows them. */
function escaped(character: string): string {
  const code = character.charCodeAt(0)
  return code >= 0x80 ? character : `\\u${code.toString(16).padStart(4, '0')}`
}
