import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { RegistryLocator } from '../../src/buildpacks/locator.ts'
import { findInIndex, indexPath } from '../../src/buildpacks/registry-index.ts'
import { compareVersions } from '../../src/buildpacks/version-order.ts'
import { emptyTree, inlineTree } from '../support/tree/tree.ts'

const digest = (character: string): string => `sha256:${character.repeat(64)}`
const address = (character: string): string => `registry.example/acme/bp@${digest(character)}`

function line(version: string, character: string, more: object = {}): string {
  return JSON.stringify({ ns: 'acme', name: 'nodejs', version, yanked: false, addr: address(character), ...more })
}

const some = [line('1.9.0', 'a'), line('1.10.0', 'b'), line('2.0.0', 'c', { yanked: true }), line('0.1.0', 'd', { yanked: true }), ''].join('\n')
const locator = (version?: string): RegistryLocator => ({ kind: 'registry', namespace: 'acme', name: 'nodejs', ...(version === undefined ? {} : { version }) })

/** Answers with `text` whatever is asked, and keeps what was asked. */
function answering(text: string | undefined): { readonly asked: string[]; readonly fetch: (url: URL) => Promise<string | undefined> } {
  const asked: string[] = []
  return {
    asked,
    fetch: async (url) => {
      asked.push(url.href)
      return text
    },
  }
}

const find = (text: string | undefined, version?: string) => findInIndex(locator(version), 'https://index.example', answering(text).fetch)

describe('a buildpack in a registry index', () => {
  test.each([
    ['a', '1/ns_a'],
    ['go', '2/ns_go'],
    ['php', '3/ph/ns_php'],
    ['java', 'ja/va/ns_java'],
    ['ca-certificates', 'ca/-c/ns_ca-certificates'],
    ['apt-deps', 'ap/t-/ns_apt-deps'],
  ])('%s lies at %s', (name, path) => {
    expect(indexPath({ namespace: 'ns', name })).toBe(path)
  })

  test.each(['', '....', '..x', 'a...', '..ab'])('a name that would lead out of the index is refused: "%s"', (name) => {
    expect(() => indexPath({ namespace: 'ns', name })).toThrow(/a name that no registry index can hold/)
  })

  test('is found in the folder of a clone', async () => {
    await using tree = await inlineTree({ 'no/de/acme_nodejs': some })
    const find = (version?: string) => findInIndex(locator(version), tree.path, () => Promise.reject(new Error('nothing to fetch')))
    expect(await find('1.9.0')).toEqual({ version: '1.9.0', address: address('a') })
    expect(await find()).toEqual({ version: '1.10.0', address: address('b') })
  })

  test.each([
    ['https://index.example', 'https://index.example/no/de/acme_nodejs'],
    ['https://index.example/main/?token=x', 'https://index.example/main/no/de/acme_nodejs?token=x'],
    ['http://localhost:8080/a', 'http://localhost:8080/a/no/de/acme_nodejs'],
    ['https://github.com/buildpacks/registry-index', 'https://raw.githubusercontent.com/buildpacks/registry-index/HEAD/no/de/acme_nodejs'],
    ['https://github.com/acme/index.git', 'https://raw.githubusercontent.com/acme/index/HEAD/no/de/acme_nodejs'],
    ['https://github.com/acme/index/', 'https://raw.githubusercontent.com/acme/index/HEAD/no/de/acme_nodejs'],
    ['https://github.com/acme/index/raw/main', 'https://github.com/acme/index/raw/main/no/de/acme_nodejs'],
  ])('is fetched for the address %s', async (place, url) => {
    const server = answering(some)
    await findInIndex(locator(), place, server.fetch)
    expect(server.asked).toEqual([url])
  })

  test('without a version is the highest one by semver that is not yanked, wherever it stands', async () => {
    expect((await find(some)).version).toBe('1.10.0')
    expect((await find([line('1.0.0', 'a'), line('1.0.0-rc.1', 'b')].join('\r\n'))).version).toBe('1.0.0')
  })

  test('lines of other buildpacks count for nothing', async () => {
    expect((await find([line('9.0.0', 'a', { name: 'node.js' }), line('1.0.0', 'b')].join('\n'))).version).toBe('1.0.0')
  })

  test('of a version that stands there twice the later line counts', async () => {
    expect((await find([line('1.0.0', 'a', { yanked: true }), line('1.0.0', 'b')].join('\n'), '1.0.0')).address).toBe(address('b'))
    await expect(find([line('1.0.0', 'a'), line('1.0.0', 'b', { yanked: true })].join('\n'), '1.0.0')).rejects.toThrow(/yanked/)
  })
})

describe('a lookup that fails', () => {
  test.each([
    ['1.8.0', 'find buildpack "acme/nodejs@1.8.0": no such version in the registry index https://index.example'],
    ['2.0.0', 'find buildpack "acme/nodejs@2.0.0": a version that was yanked in the registry index https://index.example'],
  ])('for version %s lists what there is, the newest first', async (version, message) => {
    await expect(find(some, version)).rejects.toMatchObject({ code: 'NOT_FOUND', message, hint: 'there is 1.10.0, 1.9.0' })
  })

  test('where all is yanked says so', async () => {
    await expect(find(line('1.0.0', 'a', { yanked: true }))).rejects.toMatchObject({ code: 'NOT_FOUND', hint: 'all its versions were yanked, or it never had one' })
    await expect(find('')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('lists no more than helps', async () => {
    const many = Array.from({ length: 50 }, (_, index) => line(`1.${index}.0`, 'a')).join('\n')
    await expect(find(many, '2.0.0')).rejects.toMatchObject({ hint: expect.stringMatching(/^there is 1\.49\.0, .*1\.30\.0, and 30 older ones$/) as string })
  })

  test('for an unknown buildpack says where, and how an image is written', async () => {
    const wanted = { code: 'NOT_FOUND', message: 'find buildpack "acme/nodejs": no such buildpack in the registry index https://index.example', hint: expect.stringContaining('docker://acme/nodejs') as string }
    await expect(find(undefined, '1.0.0')).rejects.toMatchObject(wanted)
    await using tree = await inlineTree({ README: '' })
    await expect(findInIndex(locator(), tree.path, answering(undefined).fetch)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('in a folder that is none says that', async () => {
    await using tree = await emptyTree()
    await expect(findInIndex(locator(), join(tree.path, 'gone'), answering(undefined).fetch)).rejects.toMatchObject({ code: 'UNREADABLE', step: 'read registry index' })
  })

  test.each([
    ['a line that is no JSON', `${line('1.0.0', 'a')}\n<html>`, 'no JSON in line 2 of acme/nodejs'],
    ['a line that is no object', 'null', 'no JSON object in line 1 of acme/nodejs'],
    ['a line without an address', JSON.stringify({ ns: 'acme', name: 'nodejs', version: '1' }), 'no ns, name, version or addr in line 1'],
    ['an image by tag', line('1.0.0', 'a', { addr: 'registry.example/acme/bp:1' }), 'the image "registry.example/acme/bp:1" of acme/nodejs'],
    ['an image that is none', line('1.0.0', 'a', { addr: 'Not An Image' }), 'the image "Not An Image"'],
  ])('on %s tells the line', async (_, text, message) => {
    await expect(find(text)).rejects.toMatchObject({ code: 'UNREADABLE', message: expect.stringContaining(message) as string })
  })
})

describe('versions', () => {
  const sorted = ['', 'edge', 'vNext', '0.0.1', '0.9', '1-alpha', '1.0.0-alpha.1', '1.0.0-alpha.beta', '1.0.0-beta', '1.0.0-beta.2', '1.0.0-beta.11', '1.0.0-rc.1', '1.0.0', '1.2', '1.2.10', '1.10.0', '2.0.0', '99999999999999999999999.0.0', '99999999999999999999999.0.1']

  test('are ordered as semver orders them, after all that is no version', () => {
    expect(sorted.toReversed().toSorted(compareVersions)).toEqual(sorted)
  })

  test('build metadata and a leading v make no difference', () => {
    expect([compareVersions('1.0.0+a', '1.0.0+b'), compareVersions('v1.0.0', '1.0'), compareVersions('1', '1.0.0')]).toEqual([0, 0, 0])
  })

  test('have one order, whichever way they are compared', () => {
    const version = fc.oneof(fc.constantFrom(...sorted), fc.stringMatching(/^\d{1,2}\.\d{1,2}\.\d{1,2}(-[a-z0-9]{1,2}(\.[a-z0-9]{1,2})?)?$/))
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        expect(Math.sign(compareVersions(a, b))).toBe(0 - Math.sign(compareVersions(b, a)))
        if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0) expect(compareVersions(a, c)).toBeLessThanOrEqual(0)
      }),
      { numRuns: 2000 },
    )
  })
})
