import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { LifecycleRequest } from '../../src/builder/lifecycle-address.ts'
import type { Lifecycle, LifecycleContext } from '../../src/builder/lifecycle.ts'
import { Lifecycles } from '../../src/builder/lifecycle.ts'
import { lifecycleBinaries } from '../../src/builder/lifecycle-files.ts'
import { PackagerError, formatProblem } from '../../src/errors.ts'
import type { Target } from '../../src/targets/target.ts'
import { emptyTree, inlineTree } from '../support/tree/tree.ts'
import { descriptor, elf, imageStore, lifecycleContext, lifecycleMembers, writeArchive } from './support/lifecycles.ts'

const amd64: Target = { os: 'linux', arch: 'amd64' }
const arm64: Target = { os: 'linux', arch: 'arm64' }

async function open(folder: string, request: Omit<LifecycleRequest, 'folder'>, target = amd64, context: Partial<LifecycleContext> = {}): Promise<Lifecycle> {
  return new Lifecycles({ ...request, folder }, lifecycleContext(folder, context)).open(target)
}

async function refusal(opening: Promise<unknown>): Promise<string> {
  const cause = await opening.then(() => new Error('it was taken'), (failure: unknown) => failure)
  if (!(cause instanceof PackagerError)) throw cause
  return [cause.message, ...cause.problems.map(formatProblem), cause.hint ?? ''].join('\n')
}

function namesIn({ layer }: Lifecycle): readonly string[] {
  return layer.parts.flatMap(({ base, entries }) => Array.from(entries, ({ name }) => `${base}/${name}`))
}

async function unreachable(): Promise<string> {
  throw new PackagerError({ code: 'NETWORK', step: 'download', value: 'x', found: 'no such host', hint: 'check the name' })
}

const allNames = [...lifecycleBinaries.map((name) => `/cnb/lifecycle/${name}`), '/lifecycle']

describe('a lifecycle', () => {
  test('in an archive is read with its descriptor, whatever stands in front of its names', async () => {
    await using tree = await emptyTree()
    await writeArchive(tree.path, 'lifecycle.tgz', lifecycleMembers('x', { top: './' }))
    const lifecycle = await open(tree.path, { uri: 'lifecycle.tgz' })
    expect(lifecycle.facts).toEqual({
      version: '9.8.7',
      api: { buildpack: '0.9', platform: '0.12' },
      apis: { buildpack: { supported: ['0.9', '0.10'] }, platform: { deprecated: [], supported: ['0.12'] } },
    })
    expect(namesIn(lifecycle)).toEqual(allNames)
  })

  test('in a folder is read in the order of its names', async () => {
    const programs = Object.fromEntries(lifecycleBinaries.map((name) => [`lc/lifecycle/${name}`, { content: '#!/bin/sh\n', mode: 0o755 }]))
    await using tree = await inlineTree({ ...programs, 'lc/lifecycle.toml': descriptor, 'lc/lifecycle/sub/deep': 'no', 'lc/README': 'no' })
    const names = [...lifecycleBinaries, 'sub'].sort().map((name) => `/cnb/lifecycle/${name}`)
    expect(namesIn(await open(tree.path, { uri: './lc' }))).toEqual([...names, '/lifecycle'])
  })

  test('whose programs are links to one program is complete', async () => {
    await using tree = await emptyTree()
    const links = lifecycleBinaries.slice(1).map((name, at) => ({ name: `lifecycle/${name}`, flag: at % 2 === 0 ? '2' : '1', link: at % 2 === 0 ? 'detector' : 'lifecycle/detector' }))
    await writeArchive(tree.path, 'l.tgz', [...lifecycleMembers(elf(62), { names: ['detector'] }), ...links])
    const { layer } = await open(tree.path, { uri: 'l.tgz' })
    expect(Array.from(layer.parts[0]?.entries ?? []).find(({ type }) => type === 'hardlink')?.link).toBe('detector')
  })

  test('is read once for all targets that have the same', async () => {
    await using tree = await emptyTree()
    await writeArchive(tree.path, 'l.tgz', lifecycleMembers())
    const lifecycles = new Lifecycles({ uri: 'l.tgz', folder: tree.path }, lifecycleContext(tree.path))
    expect((await lifecycles.open(amd64)).layer).toBe((await lifecycles.open(arm64)).layer)
  })
})

describe('a lifecycle is refused', () => {
  test.each([
    ['without a descriptor', lifecycleMembers().slice(1), /"l\.tgz": got no lifecycle\.toml at its top/],
    ['whose version is none', lifecycleMembers('x', { toml: '[lifecycle]\nversion = "x.y"\n[api]\nbuildpack = "0.2"\n' }), /apis\.platform\.supported: is required.*\n.*lifecycle\.toml:2:1: lifecycle\.version: is "x\.y"/],
    ['whose descriptor is no TOML', lifecycleMembers('x', { toml: '[lifecycle\n' }), /lifecycle\.toml:1:\d+/],
    ['without one of its programs', lifecycleMembers('x', { names: lifecycleBinaries.filter((name) => name !== 'exporter') }), /got no exporter in a folder at its top/],
    ['for Windows, by its names', lifecycleMembers('x', { names: lifecycleBinaries.map((name) => `${name}.exe`) }), /programs for Windows: detector\.exe/],
    ['for Windows, by its bytes', lifecycleMembers('MZ\u0000\u0000'), /detector, a program for windows, want one for linux\/amd64/],
    ['for macOS', lifecycleMembers(Buffer.from('cffaedfe07000001', 'hex')), /detector, a program for darwin, want one for linux\/amd64/],
    ['for another machine', lifecycleMembers(elf(183)), /detector, a program for linux\/arm64, want one for linux\/amd64/],
    ['for the other byte order', lifecycleMembers(elf(62, true)), /a program for linux\/amd64be/],
    ['whose descriptor is not UTF-8', [{ name: 'lifecycle.toml', content: Buffer.concat([Buffer.from(descriptor), Buffer.from('# \u00ff', 'latin1')]) }, ...lifecycleMembers().slice(1)], /lifecycle\.toml:\d+:\d+: .*UTF-8/],
    ['with a name that removes files', [...lifecycleMembers(), { name: 'lifecycle/.wh.creator', content: '' }], /lifecycle\/\.wh\.creator, which engines take for the removal of another file/],
    ['with two programs of one name', [...lifecycleMembers(), { name: 'other/creator', content: 'y' }], /two files that would be \/cnb\/lifecycle\/creator/],
    ['with a link to what is dropped', [...lifecycleMembers(), { name: 'lifecycle/x', flag: '1', link: 'lifecycle.toml' }], /x, a hard link to lifecycle\.toml/],
    ['that leaves its archive', [...lifecycleMembers(), { name: 'lifecycle/../../x', content: 'y' }], /leaves the archive/],
  ])('%s', async (_, members, message) => {
    await using tree = await emptyTree()
    await writeArchive(tree.path, 'l.tgz', members)
    expect(await refusal(open(tree.path, { uri: 'l.tgz' }))).toMatch(message)
  })

  test('where there is nothing', async () => {
    await using tree = await emptyTree()
    expect(await refusal(open(tree.path, { uri: 'gone.tgz' }))).toMatch(/open lifecycle "gone\.tgz": got no such file or folder/)
  })

  test('for one of several targets, unless every machine is wanted', async () => {
    await using tree = await emptyTree()
    await writeArchive(tree.path, 'l.tgz', lifecycleMembers(elf(62)))
    expect(await refusal(open(tree.path, { uri: 'l.tgz' }, arm64))).toMatch(/linux\/amd64, want one for linux\/arm64\n.*\{arch\}.*--lifecycle-any-arch/)
    await open(tree.path, { uri: 'l.tgz' }, arm64, { anyMachine: true })
  })
})

describe('an address', () => {
  test('of several archives has the words of each target', async () => {
    await using tree = await emptyTree()
    await writeArchive(tree.path, 'linux-amd64-.tgz', lifecycleMembers(elf(62)))
    await writeArchive(tree.path, 'linux-arm64-v8.tgz', lifecycleMembers(elf(183)))
    const lifecycles = new Lifecycles({ uri: '{os}-{arch}-{variant}.tgz', folder: tree.path }, lifecycleContext(tree.path))
    expect((await lifecycles.open(amd64)).shown).toBe('linux-amd64-.tgz')
    expect((await lifecycles.open({ ...arm64, variant: 'v8' })).shown).toBe('linux-arm64-v8.tgz')
    expect(await refusal(open(tree.path, { uri: '{machine}.tgz' }))).toMatch(/got \{machine\}, want \{os\}, \{arch\}, \{variant\}/)
  })

  test('of a release is made from its version, in the project\'s downloads or where a template says', async () => {
    await using tree = await emptyTree()
    await writeArchive(tree.path, 'l.tgz', lifecycleMembers(elf(62)))
    const asked: string[] = []
    const download = async (url: URL): Promise<string> => {
      asked.push(url.href)
      return join(tree.path, 'l.tgz')
    }
    await open(tree.path, { version: 'v1.2.3' }, amd64, { download })
    await open(tree.path, {}, amd64, { download })
    await open(tree.path, { version: '1.2.3', template: 'https://mirror.example/{version}/{os}/{arch}.tgz' }, amd64, { download })
    expect(asked).toEqual([
      'https://github.com/buildpacks/lifecycle/releases/download/v1.2.3/lifecycle-v1.2.3+linux.x86-64.tgz',
      'https://github.com/buildpacks/lifecycle/releases/download/v0.21.0/lifecycle-v0.21.0+linux.x86-64.tgz',
      'https://mirror.example/1.2.3/linux/x86-64.tgz',
    ])
    await open(tree.path, { version: '1.2.3', template: 'l.tgz' })
    expect(await refusal(open(tree.path, { version: '1.2.3' }, { os: 'linux', arch: 'riscv64' }))).toMatch(/find lifecycle "1\.2\.3": got no release for linux\/riscv64, want one of amd64, arm64, ppc64le, s390x/)
  })

  test('of a release that cannot be had says where else it may be', async () => {
    expect(await refusal(open('/', {}, amd64, { download: unreachable }))).toMatch(/^get lifecycle: download "x": no such host\n.*--lifecycle-template.*check the name$/)
    expect(await refusal(open('/', { uri: 'https://h.example/l.tgz' }, amd64, { download: unreachable }))).toMatch(/^download "x": no such host\ncheck the name$/)
  })

  test('may say what its bytes have to be', async () => {
    await using tree = await emptyTree()
    await writeArchive(tree.path, 'l.tgz', lifecycleMembers())
    const sha256 = createHash('sha256').update(await readFile(join(tree.path, 'l.tgz'))).digest('hex')
    const download = async (): Promise<string> => join(tree.path, 'l.tgz')
    await open(tree.path, { uri: `https://h.example/l.tgz#sha256=${sha256}` }, amd64, { download })
    expect(await refusal(open(tree.path, { uri: `https://h.example/l.tgz#sha256=${'0'.repeat(64)}` }, amd64, { download }))).toMatch(new RegExp(`got sha256 ${sha256}, want 0000`))
    expect(await refusal(open(tree.path, { uri: 'https://h.example/l.tgz#md5=1' }, amd64, { download }))).toMatch(/got #md5=1, want #sha256=/)
  })

  test('of a buildpack registry is none', async () => {
    expect(await refusal(open('/', { uri: 'urn:cnb:registry:a/b' }))).toMatch(/got a buildpack of a registry/)
  })
})

describe('a lifecycle in an image', () => {
  const uri = 'docker://registry.example/lifecycle'

  test('is the one of the target, also where its names begin with no slash', async () => {
    await using tree = await emptyTree()
    const store = await imageStore([
      { arch: 'amd64', layers: [[{ name: '/etc/x', content: 'x' }], lifecycleMembers(elf(62), { top: '/cnb/' })] },
      { arch: 'arm64', layers: [lifecycleMembers(elf(183), { top: 'cnb/' })] },
    ])
    const lifecycles = new Lifecycles({ uri, folder: tree.path }, lifecycleContext(tree.path, { openRepository: async () => store }))
    expect(namesIn(await lifecycles.open(amd64))).toEqual(allNames)
    expect(namesIn(await lifecycles.open(arm64))).toEqual(allNames)
    expect(await refusal(lifecycles.open({ os: 'linux', arch: 's390x' }))).toMatch(/got images for linux\/amd64, linux\/arm64, want one for linux\/s390x/)
  })

  test('may be a single one, but not for another platform', async () => {
    await using tree = await emptyTree()
    const store = await imageStore([{ arch: 'amd64', layers: [lifecycleMembers('x', { top: '/cnb/' })] }], { single: true })
    const context = { openRepository: async () => store }
    expect(namesIn(await open(tree.path, { uri }, amd64, context))).toEqual(allNames)
    expect(await refusal(open(tree.path, { uri }, arm64, context))).toMatch(/got images for linux\/amd64, want one for linux\/arm64/)
  })

  test('may lie in several layers: what an upper one has or removes hides what is below', async () => {
    await using tree = await emptyTree()
    const lower = [...lifecycleMembers('old', { top: '/cnb/' }), { name: '/cnb/lifecycle/gone', content: 'x' }, { name: '/cnb/extra/tool', content: 'x' }]
    const upper = [{ name: 'cnb/lifecycle/creator', content: 'new' }, { name: 'cnb/lifecycle/.wh.gone', content: '' }, { name: 'cnb/.wh.extra', content: '' }]
    const store = await imageStore([{ arch: 'amd64', layers: [lower, upper] }])
    const { layer } = await open(tree.path, { uri }, amd64, { openRepository: async () => store })
    const entries = Array.from(layer.parts[0]?.entries ?? [])
    expect(entries.map(({ name, size }) => `${name} ${size}`).sort()).toEqual(lifecycleBinaries.map((name) => `${name} 3`).sort())
    expect(entries[0]?.name).toBe('creator')
  })

  test('reads no layer below the one that has all of it', async () => {
    await using tree = await emptyTree()
    const store = await imageStore([{ arch: 'amd64', layers: [[{ name: 'dev/null', flag: '3' }], lifecycleMembers('x', { top: '/cnb/' })] }])
    await open(tree.path, { uri }, amd64, { openRepository: async () => store })
  })

  test('with a broken layer is told by its name, not by that of a temporary file', async () => {
    await using tree = await emptyTree()
    const store = await imageStore([{ arch: 'amd64', layers: [[{ name: 'dev/null', flag: '3' }]] }])
    expect(await refusal(open(tree.path, { uri }, amd64, { openRepository: async () => store }))).toMatch(/^read archive "docker:\/\/registry\.example\/lifecycle layer sha256:[0-9a-f]{64}": got a character device: "dev\/null"/)
  })

  test.each([
    ['removed it', [{ name: '.wh.cnb', content: '' }]],
    ['hidden all there was', [{ name: '/.wh..wh..opq', content: '' }, { name: '/etc/os-release', content: '' }]],
    ['put a link in its place', [{ name: 'cnb', flag: '2', link: '/elsewhere' }]],
  ])('is refused where an upper layer has %s', async (_, upper) => {
    await using tree = await emptyTree()
    const store = await imageStore([{ arch: 'amd64', layers: [lifecycleMembers('x', { top: '/cnb/' }), upper] }])
    expect(await refusal(open(tree.path, { uri }, amd64, { openRepository: async () => store }))).toMatch(/got no lifecycle\.toml at its top/)
  })
})
