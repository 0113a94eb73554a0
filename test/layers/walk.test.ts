import { execFileSync } from 'node:child_process'
import { chmod, link, mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import type { Server } from 'node:net'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Excludes, LayerEntry } from '../../src/layers/entries.ts'
import { bytesEntry, displayName, modeOf } from '../../src/layers/entries.ts'
import { isLayoutFolder, walk } from '../../src/layers/walk.ts'
import { asOrdinaryUser } from '../support/tree/ordinary-user.ts'
import type { Tree } from '../support/tree/tree.ts'
import { emptyTree, writeEntries } from '../support/tree/tree.ts'
import { readPackageCase } from '../support/vectors/case.ts'

const nothing: Excludes = () => false

let tree: Tree

beforeEach(async () => {
  tree = await emptyTree()
})

afterEach(async () => {
  await tree.remove()
})

async function listed(folder = tree.path, excludes = nothing, overlay: readonly LayerEntry[] = []): Promise<readonly LayerEntry[]> {
  return Array.from((await walk({ folder, excludes, overlay })).entries)
}

async function names(...args: Parameters<typeof listed>): Promise<string[]> {
  return (await listed(...args)).map(displayName)
}

async function entryAt(name: string): Promise<LayerEntry | undefined> {
  return (await listed()).find((entry) => displayName(entry) === name)
}

describe('the order of a layer', () => {
  test('is by bytes within a folder, each folder followed at once by what is in it', async () => {
    await writeEntries(tree.path, ['a/b', 'a-b', 'a.b', 'aB', 'ab', 'Z', 'é', 'z', '.dot', 'a/0/x'].map((path) => ({ path, type: 'file', content: '' })))
    expect(await names()).toEqual(['.dot', 'Z', 'a', 'a/0', 'a/0/x', 'a/b', 'a-b', 'a.b', 'aB', 'ab', 'z', 'é'])
  })

  test('is the one of pack for names that are a trap', async () => {
    const { entries, expected } = readPackageCase('sort-traps')
    await writeEntries(tree.path, entries)
    const [layer] = Object.values(expected.peer.layers)
    const base = '/cnb/buildpacks/acme_hello/0.0.1/'
    const wanted = (layer?.entries ?? []).map((entry) => entry.name).filter((name) => name.startsWith(base))
    expect((await names(join(tree.path, 'bp'))).map((name) => base + name)).toEqual(wanted)
  })

  test('has a name that is no text in its place, with every byte of it', async () => {
    const name = Buffer.from([0x62, 0xff, 0xfe])
    await writeEntries(tree.path, ['a', 'c'].map((path) => ({ path, type: 'file', content: '' })))
    await writeFile(Buffer.concat([Buffer.from(`${tree.path}/`), name]), 'content')
    const found = await listed()
    expect(found.map((entry) => entry.name)).toEqual(['a', name.toString('latin1'), 'c'])
    expect(found[1]).toMatchObject({ type: 'file', size: 7 })
  })
})

describe('what is found', () => {
  test('empty folders and dot files are kept', async () => {
    await writeEntries(tree.path, [{ path: 'empty', type: 'dir' }, { path: '.env', type: 'file', content: 'X=1' }])
    expect(await names()).toEqual(['.env', 'empty'])
  })

  test('a symlink is kept as its text, whatever it leads to', async () => {
    await writeEntries(tree.path, [{ path: 'dir/file', type: 'file', content: '' }])
    for (const [name, text] of [['to-dir', 'dir'], ['dangling', 'no/such'], ['outside', '../../etc'], ['absolute', '/etc/passwd'], ['self', 'self']] as const) await symlink(text, join(tree.path, name))
    const links = (await listed()).filter((entry) => entry.type === 'symlink').map((entry) => [displayName(entry), entry.link])
    expect(links).toEqual([['absolute', '/etc/passwd'], ['dangling', 'no/such'], ['outside', '../../etc'], ['self', 'self'], ['to-dir', 'dir']])
    expect(await names()).not.toContain('to-dir/file')
  })

  test('a root that is a symlink is followed', async () => {
    await writeEntries(tree.path, [{ path: 'real/bin/build', type: 'file', content: '' }])
    await symlink('real', join(tree.path, 'root'))
    expect(await names(join(tree.path, 'root'))).toEqual(['bin', 'bin/build'])
  })

  test('later names of one file are links to its first', async () => {
    await writeEntries(tree.path, [{ path: 'b/first', type: 'file', content: 'same', mode: '0755' }, { path: 'other', type: 'file', content: 'same' }])
    await link(join(tree.path, 'b/first'), join(tree.path, 'c'))
    await link(join(tree.path, 'b/first'), join(tree.path, 'a'))
    const found = (await listed()).filter((entry) => entry.type !== 'folder').map((entry) => [displayName(entry), entry.type, entry.size, entry.link, entry.executable])
    expect(found).toEqual([
      ['a', 'file', 4, '', true],
      ['b/first', 'hardlink', 0, 'a', true],
      ['c', 'hardlink', 0, 'a', true],
      ['other', 'file', 4, '', false],
    ])
  })

  test('a name that is linked only to what is left out, or lies outside, carries the bytes itself', async () => {
    await writeEntries(tree.path, [{ path: 'root/a', type: 'file', content: 'x' }])
    await link(join(tree.path, 'root/a'), join(tree.path, 'root/b'))
    await link(join(tree.path, 'root/a'), join(tree.path, 'outside'))
    const [entry] = await listed(join(tree.path, 'root'), (path) => path === 'a')
    expect(entry).toMatchObject({ type: 'file', size: 1 })
  })

  test('a socket is left out', async () => {
    await writeFile(join(tree.path, 'file'), '')
    const server: Server = createServer()
    await new Promise<void>((resolve) => {
      server.listen(join(tree.path, 'socket'), resolve)
    })
    expect(await names()).toEqual(['file'])
    await new Promise((resolve) => {
      server.close(resolve)
    })
  })

  test('a named pipe is refused by its name, with a way out', async () => {
    await mkdir(join(tree.path, 'run'))
    execFileSync('mkfifo', [join(tree.path, 'run/pipe')])
    await expect(listed()).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: 'package "run/pipe": got a named pipe, want a file, a folder or a link',
      hint: 'leave it out with .bpignore or --exclude',
    })
    expect(await names(tree.path, (path) => path === 'run/pipe')).toEqual(['run'])
  })

  test('a folder that may not be read is named, with a way out', async () => {
    await mkdir(join(tree.path, 'secret'))
    await chmod(join(tree.path, 'secret'), 0)
    await asOrdinaryUser(tree.path, async () => {
      await expect(listed()).rejects.toMatchObject({ code: 'UNREADABLE', message: expect.stringContaining(join(tree.path, 'secret')), hint: 'make it readable, or leave it out with .bpignore or --exclude' })
    })
  })

  test('a path that is too long for the system is named by its beginning, with its length and a way out', async () => {
    const path = `/${'d/'.repeat(5000)}`
    await expect(listed(path)).rejects.toMatchObject({
      code: 'UNREADABLE',
      message: `list folder "${path.slice(0, 200)}...": a path of 10001 bytes, more than the system opens`,
      hint: 'leave it out with .bpignore or --exclude',
    })
  })

  test('a folder that is not there any more is named', async () => {
    await expect(listed(join(tree.path, 'gone'))).rejects.toMatchObject({ code: 'SOURCE_CHANGED', message: `list folder "${join(tree.path, 'gone')}": it vanished while the package was made` })
  })

  test('an interrupt ends a long walk', async () => {
    await writeEntries(tree.path, Array.from({ length: 600 }, (_, index) => ({ path: `f${index}`, type: 'file' as const, content: '' })))
    await expect(walk({ folder: tree.path, excludes: nothing, overlay: [], signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'CANCELLED' })
  })
})

describe('what is left out and what is laid over', () => {
  test('a folder that is left out is named once and not looked into', async () => {
    await writeEntries(tree.path, ['a/x', 'a/y', 'b', 'c'].map((path) => ({ path, type: 'file', content: '' })))
    const asked: string[] = []
    const { entries, excluded } = await walk({
      folder: tree.path,
      overlay: [],
      excludes: (path, isFolder) => {
        asked.push(isFolder ? `${path}/` : path)
        return path === 'a' || path === 'c'
      },
    })
    expect(Array.from(entries, displayName)).toEqual(['b'])
    expect(excluded).toEqual(['a/', 'c'])
    expect(asked).toEqual(['a/', 'b', 'c'])
  })

  test('an entry laid over the root stands at its place, instead of what lies there', async () => {
    await writeEntries(tree.path, [{ path: 'buildpack.toml', type: 'file', content: 'own' }, { path: 'bin/buildpack.toml', type: 'file', content: 'deeper' }, { path: 'z', type: 'file', content: '' }])
    const laid = bytesEntry('buildpack.toml', Buffer.from('laid over'))
    const found = await listed(tree.path, () => false, [laid])
    expect(found.map(displayName)).toEqual(['bin', 'bin/buildpack.toml', 'buildpack.toml', 'z'])
    expect(found[2]).toBe(laid)
    await rm(join(tree.path, 'buildpack.toml'))
    expect(await names(tree.path, () => false, [laid])).toEqual(['bin', 'bin/buildpack.toml', 'buildpack.toml', 'z'])
  })

  test('a folder with an oci-layout file is an image layout', async () => {
    await writeEntries(tree.path, [{ path: 'out.oci/oci-layout', type: 'file', content: '{}' }, { path: 'bin/build', type: 'file', content: '' }])
    expect(isLayoutFolder(join(tree.path, 'out.oci'))).toBe(true)
    expect(isLayoutFolder(join(tree.path, 'bin'))).toBe(false)
  })
})

function modeOfEmpty(name: string): number {
  return modeOf(bytesEntry(name, Buffer.alloc(0)))
}

describe('modes', () => {
  test.each([
    ['0755', 0o755],
    ['0711', 0o755],
    ['0010', 0o755],
    ['0644', 0o644],
    ['0600', 0o644],
    ['4755', 0o755],
    ['2644', 0o644],
    ['1666', 0o644],
  ])('a file of %s becomes %o', async (mode, wanted) => {
    await writeEntries(tree.path, [{ path: 'lib/file', type: 'file', content: '', mode }])
    const entry = await entryAt('lib/file')
    expect(entry === undefined ? 0 : modeOf(entry)).toBe(wanted)
  })

  test('the programs of a buildpack can always be executed, other files of their names cannot', () => {
    expect(['bin/build', 'bin/detect', 'bin/generate'].map(modeOfEmpty)).toEqual([0o755, 0o755, 0o755])
    expect(['build', 'bin/build.sh', 'lib/bin/build', 'bin/builder', 'Bin/build'].map(modeOfEmpty)).toEqual(Array.from({ length: 5 }, () => 0o644))
  })

  test('folders and symlinks are 0755 whatever they were', async () => {
    await writeEntries(tree.path, [{ path: 'private', type: 'dir', mode: '0700' }])
    await symlink('private', join(tree.path, 'link'))
    expect((await listed()).map(modeOf)).toEqual([0o755, 0o755])
  })
})
