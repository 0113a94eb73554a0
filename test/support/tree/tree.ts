import { createHash, randomBytes } from 'node:crypto'
import { chmod, link, lstat, mkdir, readFile, readdir, readlink, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** One entry of a vector's tree.json (SPEC-package.md section 11). */
export interface TreeEntry {
  readonly path: string
  readonly type: 'file' | 'dir' | 'symlink' | 'hardlink'
  /** Octal text, as chmod takes it. */
  readonly mode?: string
  readonly content?: string | { readonly repeat: string; readonly bytes: number }
  readonly contentBase64?: string
  /** A symlink's text; for a hard link a path below the tree. */
  readonly target?: string
  /** Placeholders in the content count. */
  readonly fill?: boolean
}

/** A folder of this test's own. */
export interface Tree extends AsyncDisposable {
  readonly path: string
  remove(): Promise<void>
}

/** An empty folder below the system's own for temporary files; its path has no symlink in it and, if that has none, no capital. */
export async function emptyTree(): Promise<Tree> {
  const path = join(await realpath(tmpdir()), `bp-tree-${randomBytes(8).toString('hex')}`)
  await mkdir(path, { mode: 0o700 })
  // What was started and killed may still be writing into it, or let go of a mount.
  const remove = (): Promise<void> => rm(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
  return { path, remove, [Symbol.asyncDispose]: remove }
}

/** Writes the entries in order. Modes are set outright, so that whatever umask a test runs with, they are those of 022. */
export async function writeEntries(folder: string, entries: readonly TreeEntry[], fill = (text: string): string => text): Promise<void> {
  for (const entry of entries) {
    const path = join(folder, entry.path)
    await makeFolder(dirname(path))
    if (entry.type === 'dir') await makeFolder(path, entry.mode)
    else if (entry.type === 'symlink') await symlink(entry.target ?? '', path)
    else if (entry.type === 'hardlink') await link(join(folder, entry.target ?? ''), path)
    else {
      await writeFile(path, entry.fill === true ? fill(contentOf(entry).toString('utf8')) : contentOf(entry))
      await chmod(path, Number.parseInt(entry.mode ?? '0644', 8))
    }
  }
}

/** Files by path: their text, or their text and mode; a path that ends in `/` is an empty folder, `{ link }` a symlink. */
export type InlineFiles = Readonly<Record<string, string | { readonly content: string; readonly mode: number } | { readonly link: string }>>

/**
 * A tree written where the test can be read.
 *
 * @example
 * await inlineTree({ 'bp/bin/build': { content: '#!/bin/sh\n', mode: 0o755 }, 'bp/buildpack.toml': 'api = "0.10"\n', 'bp/empty/': '' })
 */
export async function inlineTree(files: InlineFiles): Promise<Tree> {
  const tree = await emptyTree()
  await writeEntries(tree.path, Object.entries(files).map(([path, value]) => inlineEntry(path, value)))
  return tree
}

/** What each path below `folder` is, by path: kind, mode, and content or link text. Two equal snapshots: nothing was touched. */
export async function snapshot(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const name of (await readdir(folder, { recursive: true })).sort()) {
    const path = join(folder, name)
    const info = await lstat(path)
    const mode = (info.mode & 0o7777).toString(8)
    if (info.isSymbolicLink()) found[name] = `symlink ${await readlink(path)}`
    else if (info.isDirectory()) found[name] = `dir ${mode}`
    else found[name] = `file ${mode} ${createHash('sha256').update(await readFile(path)).digest('hex')}`
  }
  return found
}

function inlineEntry(path: string, value: InlineFiles[string]): TreeEntry {
  if (typeof value === 'string') return path.endsWith('/') ? { path, type: 'dir' } : { path, type: 'file', content: value }
  if ('link' in value) return { path, type: 'symlink', target: value.link }
  return { path, type: 'file', content: value.content, mode: value.mode.toString(8) }
}

/** A file's bytes. */
export function contentOf({ content, contentBase64 }: TreeEntry): Buffer {
  if (contentBase64 !== undefined) return Buffer.from(contentBase64, 'base64')
  if (typeof content !== 'object') return Buffer.from(content ?? '')
  return Buffer.alloc(content.bytes, content.repeat)
}

async function makeFolder(path: string, mode?: string): Promise<void> {
  const topmost = await mkdir(path, { recursive: true })
  for (let folder = path; folder.length >= (topmost ?? `${path}/`).length; folder = dirname(folder)) await chmod(folder, 0o755)
  if (mode !== undefined) await chmod(path, Number.parseInt(mode, 8))
}
