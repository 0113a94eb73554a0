import { createHash } from 'node:crypto'
import { lstat, readFile, readdir, readlink } from 'node:fs/promises'
import { join } from 'node:path'

/** What a file is, as an image keeps it: kind, mode, and content or link text. Owners and times are the same for all. */
export async function contentsOf(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const name of (await readdir(folder, { recursive: true })).sort()) {
    const path = join(folder, name)
    const info = await lstat(path)
    const mode = (info.mode & 0o7777).toString(8)
    if (info.isSymbolicLink()) found[name] = `link to ${await readlink(path)}`
    else if (info.isDirectory()) found[name] = `folder ${mode}`
    else found[name] = `file ${mode} ${createHash('sha256').update(await readFile(path)).digest('hex')}`
  }
  return found
}

/** What the package for a platform root should unpack to: the root's files, with buildpack.toml of the top folder. */
export async function packageOf(fixture: string, root: string): Promise<Record<string, string>> {
  const own = await contentsOf(join(fixture, root))
  const { 'buildpack.toml': top = '' } = await contentsOf(fixture)
  return { ...own, 'buildpack.toml': top }
}
