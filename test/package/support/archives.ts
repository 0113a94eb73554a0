import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { TarMember } from '../../support/archives/tar-bytes.ts'
import { tarBytes } from '../../support/archives/tar-bytes.ts'
import type { InlineFiles } from '../../support/tree/tree.ts'

/** These files and their folders as `tar -z --sort=name` would pack them; `below` is left out of their names. */
export function tgzOf(files: InlineFiles, below = ''): Buffer {
  const members = Object.entries(files).flatMap(([path, file]): TarMember[] => {
    const name = path.slice(below.length)
    const content = typeof file === 'string' ? { content: file } : 'link' in file ? { flag: '2', link: file.link } : file
    return [...foldersAbove(name).map((folder) => ({ name: folder, flag: '5', mode: 0o755 })), { name, ...content }]
  })
  const once = new Map(members.map((member) => [String(member.name), member]))
  const sorted = [...once].sort(([a], [b]) => (a.replaceAll('/', '\0') < b.replaceAll('/', '\0') ? -1 : 1))
  return gzipSync(tarBytes([{ name: './', flag: '5', mode: 0o755 }, ...sorted.map(([name, member]) => ({ ...member, name: `./${name}` }))]))
}

function foldersAbove(name: string): string[] {
  return name.split('/').slice(0, -1).map((_, at, parts) => parts.slice(0, at + 1).join('/'))
}

/** A folder's files as `tar -z` would pack it. */
export async function tgzOfFolder(folder: string): Promise<Buffer> {
  const names = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const members = await Promise.all(names.map(async (path) => ({ name: `.${path.slice(folder.length)}`, content: await readFile(path) })))
  return gzipSync(tarBytes(members))
}
