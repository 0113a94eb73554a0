import { isUtf8 } from 'node:buffer'
import type { Problem } from '../errors.ts'

/** A file's bytes, or its text where somebody has read it already. */
export type TomlSource = string | Uint8Array

/**
 * The text of a file. TOML is UTF-8 and nothing else: other bytes are one problem, at the first of them, and never read as
 * something near: `{ line: 3, column: 12, key: '', message: 'not TOML: byte 0xe9 is not UTF-8: save the file as UTF-8' }`.
 */
export function decodeToml(source: TomlSource, file: string): { readonly text: string } | { readonly problem: Problem } {
  if (typeof source === 'string') return { text: source }
  const bytes = Buffer.from(source.buffer, source.byteOffset, source.byteLength)
  const text = bytes.toString('utf8')
  if (isUtf8(bytes)) return { text }
  const at = firstBroken(bytes, Buffer.from(text))
  const before = bytes.toString('utf8', 0, at)
  const lineStart = before.lastIndexOf('\n') + 1
  const line = before.split('\n').length
  const byte = (bytes[at] ?? 0).toString(16).padStart(2, '0')
  return { problem: { file, line, column: before.length - lineStart + 1, key: '', message: `not TOML: byte 0x${byte} is not UTF-8: save the file as UTF-8` } }
}

/** Where the first character begins that is none. What stands in its place can begin with the same bytes. */
function firstBroken(bytes: Buffer, replaced: Buffer): number {
  let at = 0
  while (at < bytes.length && bytes[at] === replaced[at]) at += 1
  while (!isUtf8(bytes.subarray(0, at))) at -= 1
  return at
}
