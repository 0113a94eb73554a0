import { cp, mkdir, mkdtemp, readFile, readdir, rename, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { assert, property, string } from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { inlineBlob } from '../../src/oci/descriptor.ts'
import { hexOf } from '../../src/oci/digest.ts'
import { encodeIndex } from '../../src/oci/manifest.ts'
import { ociManifest } from '../../src/oci/media-types.ts'
import { parseReference } from '../../src/oci/reference.ts'
import { listFolderName, listReference, listsFolder } from '../../src/stores/list-names.ts'
import { deleteList, writeList } from '../../src/stores/list-write.ts'
import { hasList, readList } from '../../src/stores/lists.ts'

let root: string
const reference = 'registry.example/acme/bp:1'
const child = inlineBlob(ociManifest, Buffer.from('{"layers":[]}'))
const index = encodeIndex([{ ...child.descriptor, platform: { os: 'linux', architecture: 'amd64' } }])
const list = { reference, format: 'oci', index, manifests: new Map([[child.descriptor.digest, child.bytes]]), sources: new Map([[child.descriptor.digest, ['registry.example/acme/bp']]]) } as const
const empty = { ...list, index: encodeIndex([]), manifests: new Map(), sources: new Map() }

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'bp-lists-'))
})
afterEach(() => rm(root, { recursive: true }))

describe('the folder of a list', () => {
  test('is called by its full name, byte by byte', () => {
    expect(listFolderName(listReference(parseReference('127.0.0.1:5001/a/b:V1')))).toBe('127.0.0.1%3A5001%2Fa%2Fb%3A%561')
    expect(listReference(parseReference('busybox'))).toBe('docker.io/library/busybox:latest')
  })

  test('is another one for every name, also where case counts for nothing', () => {
    const name = string({ minLength: 1, maxLength: 400, unit: 'binary' })
    assert(property(name, name, (a, b) => (listFolderName(a).toLowerCase() === listFolderName(b).toLowerCase()) === (Buffer.from(a).equals(Buffer.from(b)))))
    assert(property(name, (text) => /^[a-z0-9._%A-F-]+$/.test(listFolderName(text)) && listFolderName(text).length <= 180))
  })

  test('is below the XDG data folder, where that is an absolute path', () => {
    expect(listsFolder({ HOME: '/home/ann', XDG_DATA_HOME: '/data' })).toBe('/data/bp-package/manifests')
    for (const XDG_DATA_HOME of ['', 'data']) expect(listsFolder({ HOME: '/home/ann', XDG_DATA_HOME })).toBe('/home/ann/.local/share/bp-package/manifests')
    expect(() => listsFolder({})).toThrow('no home folder')
  })

  test('is an image layout with notes beside it', async () => {
    await writeList(root, list)
    const folder = join(root, listFolderName(reference))
    expect((await readdir(folder)).sort()).toEqual(['blobs', 'index.json', 'list.json', 'oci-layout'])
    expect(JSON.parse(await readFile(join(folder, 'index.json'), 'utf8'))).toMatchObject({ manifests: [{ ...index.descriptor, annotations: { 'org.opencontainers.image.ref.name': reference } }] })
    expect(await readFile(join(folder, 'list.json'), 'utf8')).toBe(`{"version":1,"format":"oci","sources":{"${child.descriptor.digest}":["registry.example/acme/bp"]}}`)
    expect((await readdir(join(folder, 'blobs/sha256'))).sort()).toEqual([hexOf(child.descriptor.digest), hexOf(index.descriptor.digest)].sort())
  })
})

describe('a list', () => {
  test('is read back as it was written, with the manifests of its children', async () => {
    expect(await readList(root, reference)).toBeUndefined()
    await writeList(root, list)
    const stored = await readList(root, reference)
    expect(stored).toMatchObject({ reference, format: 'oci', root: index.descriptor, bytes: Buffer.from(index.bytes), sources: list.sources })
    expect(stored && (await text(await stored.source.open(child.descriptor)))).toBe('{"layers":[]}')
    expect(await stored?.source.resolve('1')).toEqual(index.descriptor)
    expect(await stored?.source.has({ ...child.descriptor, digest: `sha256:${'0'.repeat(64)}` })).toBe(false)
  })

  test('takes the place of a former one, of which nothing stays', async () => {
    await writeList(root, list)
    await writeList(root, empty)
    expect((await readList(root, reference))?.content.manifests).toEqual([])
    expect(await readdir(root)).toEqual([listFolderName(reference)])
  })

  test('that was moved aside when its exchange was cut off is still there, and goes back with the next change', async () => {
    await writeList(root, list)
    const [place, aside] = [join(root, listFolderName(reference)), join(root, `.tmp-old-${listFolderName(reference)}`)]
    await rename(place, aside)
    expect(await hasList(root, reference)).toBe(true)
    expect((await readList(root, reference))?.root).toEqual(index.descriptor)
    await writeList(root, { ...empty, reference: 'registry.example/other:1' })
    expect((await readList(root, reference))?.root).toEqual(index.descriptor)
    expect(await deleteList(root, reference)).toBe(true)
    expect(await hasList(root, reference)).toBe(false)
    expect(await deleteList(root, reference)).toBe(false)
  })

  test('that was moved aside beside its new one stays while others are written, however old, and goes with its own next change', async () => {
    await writeList(root, list)
    const aside = join(root, `.tmp-old-${listFolderName(reference)}`)
    await cp(join(root, listFolderName(reference)), aside, { recursive: true })
    const before = new Date(Date.now() - 2 * 3_600_000)
    await utimes(aside, before, before)
    await writeList(root, { ...empty, reference: 'registry.example/other:1' })
    expect(await readdir(root)).toContain(`.tmp-old-${listFolderName(reference)}`)
    await writeList(root, empty)
    expect(await readdir(root)).not.toContain(`.tmp-old-${listFolderName(reference)}`)
  })

  test('that is written sweeps what others left more than an hour ago, and nothing younger', async () => {
    await Promise.all(['.tmp-new-old', '.tmp-new-young', 'somebody'].map((name) => mkdir(join(root, name))))
    await writeFile(join(root, '.tmp-lock-old'), '')
    const before = new Date(Date.now() - 2 * 3_600_000)
    for (const name of ['.tmp-new-old', '.tmp-lock-old', 'somebody']) await utimes(join(root, name), before, before)
    await writeList(root, list)
    expect((await readdir(root)).sort()).toEqual(['.tmp-new-young', listFolderName(reference), 'somebody'].sort())
  })

  test.each([
    ['index.json', '{', 'JSON'],
    ['index.json', '{"manifests":[]}', 'no descriptors'],
    ['list.json', '[1', 'JSON'],
    ['list.json', '{"version":2,"format":"oci","sources":{}}', 'version 2'],
    ['list.json', '{"version":1,"format":"zip","sources":{}}', 'format "zip"'],
    ['list.json', '{"version":1,"format":"oci","sources":{"a":[]}}', 'sources of "a"'],
    ['list.json', `{"version":1,"format":"oci","sources":{"${child.descriptor.digest}":["registry.example/../x"]}}`, 'want a list of repositories'],
    [`blobs/sha256/${hexOf(index.descriptor.digest)}`, '{"manifests":[]}', index.descriptor.digest],
    [`blobs/sha256/${hexOf(child.descriptor.digest)}`, '{}', child.descriptor.digest],
  ])('with %s of %s is an error that names the file', async (name, content, found) => {
    await writeList(root, list)
    const path = join(root, listFolderName(reference), name)
    await writeFile(path, content)
    const reading = readList(root, reference)
    await expect(reading).rejects.toMatchObject({ code: 'LIST_CORRUPT', message: expect.stringContaining(found) as string, hint: expect.stringContaining('--replace') as string })
    await expect(reading).rejects.toThrow(path)
  })

  test('with a folder, a device or something endless for a file is an error too', async () => {
    await writeList(root, list)
    const path = join(root, listFolderName(reference), 'index.json')
    await rm(path)
    for (const [other, found] of [['/dev/zero', 'no regular file'], [root, 'a folder']] as const) {
      await symlink(other, path)
      await expect(readList(root, reference)).rejects.toMatchObject({ code: 'LIST_CORRUPT', message: expect.stringContaining(found) as string })
      await rm(path)
    }
    await writeFile(path, '')
    await truncate(path, 17 * 1024 ** 2)
    await expect(readList(root, reference)).rejects.toMatchObject({ code: 'LIST_CORRUPT', message: expect.stringContaining('at most') as string })
  })

  test('that lacks a file is an error too, and can be deleted and written anew', async () => {
    await writeList(root, list)
    const folder = join(root, listFolderName(reference))
    await rm(join(folder, 'list.json'))
    await expect(readList(root, reference)).rejects.toMatchObject({ code: 'LIST_CORRUPT' })
    await rm(join(folder, 'index.json'))
    expect(await hasList(root, reference)).toBe(true)
    await expect(readList(root, reference)).rejects.toMatchObject({ code: 'LIST_CORRUPT' })
    await writeList(root, list)
    expect((await readList(root, reference))?.root).toEqual(index.descriptor)
    expect(await deleteList(root, reference)).toBe(true)
  })
})
