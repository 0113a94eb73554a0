import { execFileSync } from 'node:child_process'
import { chmod, link, mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ModuleSource } from '../../src/buildpacks/source.ts'
import { openSource } from '../../src/buildpacks/read.ts'
import type { LayerEntry } from '../../src/layers/entries.ts'
import { bytesEntry, displayName } from '../../src/layers/entries.ts'
import { hashLayer, spoolLayer } from '../../src/layers/spool.ts'
import { openTestWorkshop } from '../layers/support/workshop.ts'
import { asOrdinaryUser } from '../support/tree/ordinary-user.ts'
import type { Tree } from '../support/tree/tree.ts'
import { emptyTree, writeEntries } from '../support/tree/tree.ts'

let tree: Tree
let spool: string

beforeEach(async () => {
  tree = await emptyTree()
  spool = join(tree.path, 'temporary')
  await mkdir(spool)
})

afterEach(async () => {
  await tree.remove()
})

const toml = 'api = "0.10"\n[buildpack]\nid = "acme/hello"\nversion = "0.0.1"\n'

/** A buildpack with folders for two platforms, links between them, and what is left out. */
async function writeBuildpack(): Promise<string> {
  const folder = join(tree.path, 'bp')
  await writeEntries(folder, [
    { path: 'buildpack.toml', type: 'file', content: toml },
    { path: 'README.md', type: 'file', content: 'read me' },
    { path: 'linux/amd64/bin/build', type: 'file', content: '#!/bin/sh\n', mode: '0755' },
    { path: 'linux/amd64/bin/detect', type: 'hardlink', target: 'linux/amd64/bin/build' },
    { path: 'linux/amd64/buildpack.toml', type: 'file', content: 'of the folder' },
    { path: 'linux/arm64/bin/build', type: 'file', content: '#!/bin/sh\nexec arm\n', mode: '0755' },
    { path: 'linux/arm64/bin/detect', type: 'hardlink', target: 'linux/amd64/bin/build' },
    { path: 'linux/arm64/bin/again', type: 'hardlink', target: 'linux/amd64/bin/build' },
    { path: 'linux/arm64/empty', type: 'dir' },
    { path: 'linux/arm64/grüße', type: 'symlink', target: '../nowhere' },
  ])
  return folder
}

async function archiveOf(folder: string, ...options: readonly string[]): Promise<string> {
  const archive = join(tree.path, 'bp.tgz')
  execFileSync('tar', ['--create', '--gzip', '--sort=name', '--file', archive, '-C', folder, ...options, '.'])
  return archive
}

function opened(path: string): Promise<ModuleSource> {
  return openSource(path, path, () => Promise.resolve(spool))
}

function described({ name, type, executable, size, link: target }: LayerEntry): readonly unknown[] {
  return [displayName({ name }), type, executable, size, target]
}

const everything = (): boolean => false

describe.each([
  ['a folder', (folder: string) => Promise.resolve(folder)],
  ['an archive', (folder: string) => archiveOf(folder)],
])('%s', (_, packed) => {
  let source: ModuleSource

  beforeEach(async () => {
    source = await opened(await packed(await writeBuildpack()))
  })

  test('gives the files of its top, and nothing where there is none', async () => {
    expect((await source.read('buildpack.toml'))?.toString()).toBe(toml)
    expect(await source.read('extension.toml')).toBeUndefined()
  })

  test('knows its folders', () => {
    expect(['linux', 'linux/arm64', 'linux/arm64/bin', '.'].map((path) => source.isFolder(path))).toEqual([true, true, true, true])
    expect(['linux/s390x', 'README.md', 'windows', 'linux/arm64/grüße'].map((path) => source.isFolder(path))).toEqual([false, false, false, false])
  })

  test('lists a platform root with the toml laid over, a link out of it as a file of its own', async () => {
    const laid = bytesEntry('buildpack.toml', Buffer.from(toml))
    const entries = Array.from((await source.list('linux/arm64', everything, [laid])).entries)
    const sorted = entries.map(described).sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))
    expect(sorted).toEqual([
      ['bin', 'folder', true, 0, ''],
      ['bin/again', 'file', true, 10, ''],
      ['bin/build', 'file', true, 19, ''],
      ['bin/detect', 'hardlink', true, 0, 'bin/again'],
      ['buildpack.toml', 'file', false, toml.length, ''],
      ['empty', 'folder', true, 0, ''],
      ['grüße', 'symlink', true, 0, '../nowhere'],
    ])
    expect(entries).toContain(laid)
  })

  test('lays the toml over one that lies in the root', async () => {
    const laid = bytesEntry('buildpack.toml', Buffer.from(toml))
    const entries = Array.from((await source.list('linux/amd64', everything, [laid])).entries)
    expect(entries.map(displayName)).toEqual(['bin', 'bin/build', 'bin/detect', 'buildpack.toml'])
    expect(entries[3]).toBe(laid)
    expect(entries[2]).toMatchObject({ type: 'hardlink', link: 'bin/build' })
  })

  test('names what is left out, folders once', async () => {
    const asked = await source.list('.', (path, isFolder) => path === 'README.md' || (isFolder && path === 'linux/arm64'), [])
    expect([...asked.excluded].sort()).toEqual(['README.md', 'linux/arm64/'])
    expect(Array.from(asked.entries, displayName).filter((name) => name.startsWith('linux/'))).toEqual(['linux/amd64', 'linux/amd64/bin', 'linux/amd64/bin/build', 'linux/amd64/bin/detect', 'linux/amd64/buildpack.toml'])
  })

  test('gives a file its bytes where the first name of it is left out', async () => {
    const entries = Array.from((await source.list('linux/amd64', (path) => path === 'bin/build', [])).entries)
    expect(entries.map(described)).toContainEqual(['bin/detect', 'file', true, 10, ''])
  })

  test('makes the same layer as the other', async () => {
    await using shop = await openTestWorkshop(tree.path)
    const entries = Array.from((await source.list('linux/amd64', everything, [])).entries)
    const input = { parts: [{ folders: ['/cnb'], base: '/cnb', entries }], windows: false }
    const { diffID } = await spoolLayer(input, 'layer', shop, () => undefined)
    expect(diffID).toBe('sha256:4e75d00ed5234fb5bc214cdc8104200751d301b86bd241b4ff4d543f7787241a')
    expect(await hashLayer(input, shop, () => undefined)).toBe(diffID)
  })

  test('knows a folder that is an image layout', async () => {
    const folder = join(tree.path, 'bp')
    await writeEntries(folder, [{ path: 'out.oci/oci-layout', type: 'file', content: '{}' }, { path: 'lib/x', type: 'file', content: '' }])
    const again = await opened(await packed(folder))
    expect(again.isLayoutFolder('out.oci')).toBe(true)
    expect(again.isLayoutFolder('lib')).toBe(false)
  })

  test('follows platform folders that are symlinks', async () => {
    const folder = join(tree.path, 'bp')
    await symlink('amd64', join(folder, 'linux/386'))
    await symlink('../linux/./amd64/', join(folder, 'linux/riscv64'))
    await symlink('linux', join(folder, 'freebsd'))
    await symlink('loop', join(folder, 'loop'))
    const again = await opened(await packed(folder))
    expect(['linux/386', 'linux/riscv64', 'freebsd/arm64', 'loop', 'loop/x', 'linux/386/bin'].map((path) => again.isFolder(path))).toEqual([true, true, true, false, false, true])
    for (const root of ['linux/386', 'linux/riscv64', 'freebsd/amd64']) {
      const entries = Array.from((await again.list(root, everything, [])).entries)
      expect(entries.map(displayName)).toEqual(['bin', 'bin/build', 'bin/detect', 'buildpack.toml'])
    }
  })

  test('reads a toml that has another name as well', async () => {
    const folder = join(tree.path, 'linked')
    await writeEntries(folder, [{ path: 'a.toml', type: 'file', content: toml }])
    await link(join(folder, 'a.toml'), join(folder, 'buildpack.toml'))
    await symlink('a.toml', join(folder, 'extension.toml'))
    const again = await opened(await packed(folder))
    expect((await again.read('buildpack.toml'))?.toString()).toBe(toml)
    expect((await again.read('extension.toml'))?.toString()).toBe(toml)
  })
})

describe('an archive', () => {
  test('without entries for its folders has them all the same', async () => {
    const folder = await writeBuildpack()
    const archive = join(tree.path, 'files.tar')
    execFileSync('tar', ['--create', '--file', archive, '-C', folder, 'buildpack.toml', 'linux/amd64/bin/build'])
    const source = await opened(archive)
    expect(['linux', 'linux/amd64', 'linux/amd64/bin'].map((path) => source.isFolder(path))).toEqual([true, true, true])
    const entries = Array.from((await source.list('linux/amd64', everything, [bytesEntry('buildpack.toml', Buffer.from(toml))])).entries)
    expect(entries.map(displayName)).toEqual(['bin/build', 'buildpack.toml'])
  })

  test('does not lead out of itself by a symlink', async () => {
    const folder = await writeBuildpack()
    await mkdir(join(tree.path, 'outside/bin'), { recursive: true })
    await symlink('../outside', join(folder, 'windows'))
    await symlink(join(tree.path, 'outside'), join(folder, 'freebsd'))
    const source = await opened(await archiveOf(folder))
    expect(['windows', 'freebsd', 'windows/bin'].map((path) => source.isFolder(path))).toEqual([false, false, false])
  })

  test('may have the name of a file that a run makes itself, and two may have one name', async () => {
    const folder = await writeBuildpack()
    await archiveOf(folder)
    const archive = join(tree.path, 'layer-0')
    execFileSync('cp', [join(tree.path, 'bp.tgz'), archive])
    await writeFile(join(spool, 'layer-0'), 'a layer')
    await opened(archive)
    await opened(archive)
    expect((await readdir(spool)).length).toBe(3)
  })
})

test('a platform folder that may not be entered is named', async () => {
  const folder = await writeBuildpack()
  await chmod(join(folder, 'linux'), 0)
  await asOrdinaryUser(tree.path, async () => {
    const source = await opened(folder)
    expect(() => source.isFolder('linux/amd64')).toThrow(`look for folder "${join(folder, 'linux/amd64')}": EACCES`)
  })
})

describe('what is no source', () => {
  test('a path that is not there is told as it was written', async () => {
    await expect(openSource(join(tree.path, 'none'), './none', () => Promise.resolve(spool))).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'open buildpack "./none": got no such file or folder, want a folder with buildpack.toml or extension.toml, or a .tgz of one',
    })
  })

  test('a file that is no archive is refused, and the spool stays empty', async () => {
    await writeFile(join(tree.path, 'text'), 'just some text, long enough to be more than one block of a tar. '.repeat(20))
    await expect(opened(join(tree.path, 'text'))).rejects.toMatchObject({ code: 'UNREADABLE' })
    expect(await readdir(spool)).toEqual([])
  })
})
