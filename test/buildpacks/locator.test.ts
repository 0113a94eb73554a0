import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Locator } from '../../src/buildpacks/locator.ts'
import { parseLocator } from '../../src/buildpacks/locator.ts'
import { PackagerError } from '../../src/errors.ts'
import { formatReference, parseReference } from '../../src/oci/reference.ts'

const nothing = (): boolean => false
const everything = (): boolean => true
const hex = 'a'.repeat(64)

/** `path x`, `url x`, `image x`, `registry ns/name@version`. */
function show(locator: Locator): string {
  if (locator.kind === 'path') return `path ${locator.path}`
  if (locator.kind === 'url') return `url ${locator.url.href}`
  if (locator.kind === 'image') return `image ${formatReference(locator.reference)}`
  return `registry ${locator.namespace}/${locator.name}${locator.version === undefined ? '' : `@${locator.version}`}`
}

function failure(text: string, exists = nothing): PackagerError {
  try {
    parseLocator(text, exists)
  } catch (error) {
    if (error instanceof PackagerError) return error
    throw error
  }
  throw new Error(`${text} was taken`)
}

describe('a bare value', () => {
  test.each([
    'one',
    './one',
    'acme/hello',
    'acme/hello@1.0.0',
    'registry.example/acme/bp:1',
    'a folder',
    String.raw`back\slash`,
    'C:/x',
    '{{x}}',
    'Upper',
  ])('is a path where there is something: %s', (text) => {
    expect(show(parseLocator(text, everything))).toBe(`path ${text}`)
  })

  test.each([
    ['acme/hello', 'registry acme/hello'],
    ['acme/hello@1.2.3', 'registry acme/hello@1.2.3'],
    ['acme/hello@1.2.3-rc.1+build.5', 'registry acme/hello@1.2.3-rc.1+build.5'],
    ['a.b/c-d@2', 'registry a.b/c-d@2'],
    ['acme/hello:1', 'image docker.io/acme/hello:1'],
    [`acme/hello@sha256:${hex}`, `image docker.io/acme/hello@sha256:${hex}`],
    [`acme/hello:1@sha256:${hex}`, `image docker.io/acme/hello:1@sha256:${hex}`],
    ['acme/under_score', 'image docker.io/acme/under_score'],
    ['acme/a/b', 'image docker.io/acme/a/b'],
    ['localhost:5000/acme/bp', 'image localhost:5000/acme/bp'],
    ['localhost:5000/bp', 'image localhost:5000/bp'],
    ['gcr.io/paketo-buildpacks/procfile:1.3.9', 'image gcr.io/paketo-buildpacks/procfile:1.3.9'],
    ['bp:1', 'image docker.io/library/bp:1'],
    ['docker:27', 'image docker.io/library/docker:27'],
  ])('that is no path reads as what it looks like: %s', (text, expected) => {
    expect(show(parseLocator(text, nothing))).toBe(expected)
  })

  test.each(['./gone', '../gone', '/gone', '.', '..', 'gone.tgz', 'java/gone.tgz', 'gone.tar.gz', 'gone.tar', 'gone.cnb', '~/gone', 'gone/'])(
    'that can only be a path is one even where nothing is: %s',
    (text) => {
      expect(show(parseLocator(text, nothing))).toBe(`path ${text}`)
    },
  )
})

describe('a value with a scheme', () => {
  test.each([
    ['file:meta/bp.tgz', 'path meta/bp.tgz'],
    ['file:./meta', 'path ./meta'],
    ['file:../meta', 'path ../meta'],
    ['file:/abs/bp', 'path /abs/bp'],
    ['file://meta/bp.tgz', 'path meta/bp.tgz'],
    ['file://./meta', 'path ./meta'],
    ['file:///abs/bp+linux.x86-64.tgz', 'path /abs/bp+linux.x86-64.tgz'],
    ['file://localhost/abs', 'path /abs'],
    ['FILE:///abs', 'path /abs'],
    ['file:///with%20space', 'path /with space'],
    ['file:///100%', 'path /100%'],
    ['https://example.com/bp.tgz', 'url https://example.com/bp.tgz'],
    ['https://example.com/bp.tgz?token=a%2Fb&x', 'url https://example.com/bp.tgz?token=a%2Fb&x'],
    ['https://ann:pw@example.com:8443/bp', 'url https://ann:pw@example.com:8443/bp'],
    ['https://example.com/bp#part', 'url https://example.com/bp'],
    ['HTTP://example.com/a b', 'url http://example.com/a%20b'],
    ['docker://acme/bp:1', 'image docker.io/acme/bp:1'],
    ['docker://docker.io/acme/bp', 'image docker.io/acme/bp'],
    ['docker://localhost:5000/acme/bp:1', 'image localhost:5000/acme/bp:1'],
    ['docker://[::1]:5000/acme/bp', 'image [::1]:5000/acme/bp'],
    [`docker://acme/bp@sha256:${hex}`, `image docker.io/acme/bp@sha256:${hex}`],
    ['docker:/acme/bp:1', 'image docker.io/acme/bp:1'],
    ['docker:///acme/bp:1', 'image docker.io/acme/bp:1'],
    ['urn:cnb:registry:acme/hello', 'registry acme/hello'],
    ['urn:cnb:registry:paketo-buildpacks/yarn@1.3.15', 'registry paketo-buildpacks/yarn@1.3.15'],
    ['urn:cnb:registry:acme/gone.tgz', 'registry acme/gone.tgz'],
  ])('is what the scheme says: %s', (text, expected) => {
    expect(show(parseLocator(text, nothing))).toBe(expected)
  })

  test('means it, whatever may be found under that name', () => {
    for (const text of ['docker://acme/bp', 'https://example.com/x', 'urn:cnb:registry:a/b']) expect(parseLocator(text, everything).kind).not.toBe('path')
  })

  test('a file whose name has a percent sign is found as it is', () => {
    expect(parseLocator('file:a%20b', (path) => path === 'a%20b')).toEqual({ kind: 'path', path: 'a%20b' })
  })
})

describe('what can be nothing is refused, with the forms there are', () => {
  test.each([
    ['', /got nothing/, /^undefined$/],
    ['  ', /got nothing/, /^undefined$/],
    ['a\0b', /a zero byte/, /^undefined$/],
    ['from=builder', /a buildpack of a builder/, /name a folder/],
    ['from=builder:acme/x', /a buildpack of a builder/, /name a folder/],
    ['urn:cnb:builder:acme/x@1', /a buildpack of a builder/, /name a folder/],
    ['libcnb:heroku/nodejs', /only libcnb understands/, /cargo libcnb package/],
    ['libcnb://multiple-buildpacks/one', /only libcnb understands/, /cargo libcnb package/],
    ['urn:cnb:registry:', /no buildpack id/, /NAMESPACE\/NAME/],
    ['urn:cnb:registry:hello', /no buildpack id/, /NAMESPACE\/NAME/],
    ['urn:cnb:registry:Acme/hello', /no buildpack id/, /lower case/],
    ['urn:cnb:registry:a/b/c', /no buildpack id/, /NAMESPACE\/NAME/],
    ['urn:cnb:other:x', /a URN that is not/, /NAMESPACE\/NAME/],
    ['acme/hello@', /no version after "@"/, /leave the "@" out for the newest version: acme\/hello/],
    ['urn:cnb:registry:acme/hello@', /no version after "@"/, /leave the "@" out/],
    ['acme/hello@!', /the version "!"/, /^undefined$/],
    ['bp@', /nor an image name/, /as an image name|digest/],
    ['https://', /an address without a host/, /^undefined$/],
    ['https:/example.com/x', /an address without a host/, /^undefined$/],
    ['https:///x', /an address without a host/, /^undefined$/],
    ['http://exa mple/x', /an address without a host/, /^undefined$/],
    ['file:', /no path/, /^undefined$/],
    ['file://', /no path/, /^undefined$/],
    ['docker://', /no image name/, /no repository/],
    ['docker://Acme/bp', /no image name/, /upper case.*repositories are lower case: acme/],
    ['docker://docker://x', /no image name/, /scheme/],
    ['git://example.com/x', /the scheme "git:"/, /^undefined$/],
    ['oci://example.com/acme/bp:1', /the scheme "oci:"/, /write docker:\/\/example\.com\/acme\/bp:1/],
    [String.raw`C:\bp`, /a Windows path/, /"\/" between folders/],
    ['C:/bp', /a Windows path/, /"\/" between folders/],
    [String.raw`..\bp`, /a Windows path/, /"\/" between folders/],
    ['{{ .BuildpackURI }}', /a template that nobody has filled in/, /^undefined$/],
    ['${BP}/x', /a template that nobody has filled in/, /^undefined$/],
    ['No Such Thing', /neither something that exists, nor a buildpack id, nor an image name/, /read image name/],
  ])('%j', (text, found, hint) => {
    const error = failure(text)
    expect(error).toMatchObject({ code: 'USAGE', step: 'read buildpack uri' })
    expect(error.message).toMatch(found)
    expect(error.message).toContain('docker://IMAGE')
    expect(String(error.hint)).toMatch(hint)
  })
})

describe('any text', () => {
  const pieces = fc.constantFrom('a', 'acme', '/', '/', ':', '@', '.', '..', '1.0', 'docker:', 'file:', 'https:', 'urn:cnb:registry:', 'libcnb:', '//', '%', '%20', '{{', '\\', ' ', 'é', 'A', '\0', '[::1]', `sha256:${hex}`)
  const text = fc.oneof(fc.array(pieces, { maxLength: 8 }).map((parts) => parts.join('')), fc.string())

  test('is a place or an error of ours, and a path, where one is given, has no zero byte', () => {
    fc.assert(
      fc.property(text, fc.boolean(), (value, exists) => {
        try {
          const locator = parseLocator(value, () => exists)
          if (locator.kind === 'path') expect(locator.path).toMatch(/^[^\0]+$/)
        } catch (error) {
          expect(error).toBeInstanceOf(PackagerError)
        }
      }),
      { numRuns: 5000 },
    )
  })

  const idPart = fc.stringMatching(/^[a-z0-9.-]{1,20}$/).filter((part) => !/^\.{1,2}$|\.(tgz|tar|gz|cnb)$/.test(part))
  const version = fc.stringMatching(/^\d{1,3}\.\d{1,3}\.\d{1,3}(-[a-z0-9]{1,5})?$/)

  test('of the form namespace/name@version reads back, bare and as a URN', () => {
    fc.assert(
      fc.property(idPart, idPart, fc.option(version, { nil: undefined }), (namespace, name, wanted) => {
        const id = `${namespace}/${name}${wanted === undefined ? '' : `@${wanted}`}`
        const expected = { kind: 'registry', namespace, name, ...(wanted === undefined ? {} : { version: wanted }) }
        expect(parseLocator(`urn:cnb:registry:${id}`, nothing)).toEqual(expected)
        expect(parseLocator(id, nothing)).toEqual(expected)
      }),
    )
  })

  const repository = fc.array(fc.stringMatching(/^[a-z0-9]{1,8}$/), { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'))
  const host = fc.constantFrom('', 'localhost:5000/', 'ghcr.io/', 'registry.example:443/')
  const suffix = fc.constantFrom(':1', ':v1.2', `@sha256:${hex}`, `:1@sha256:${hex}`)

  test('that is an image name with a tag or digest is that image, with docker:// and without', () => {
    fc.assert(
      fc.property(host, repository, suffix, (registry, path, end) => {
        const name = `${registry}${path}${end}`
        const expected = { kind: 'image', reference: parseReference(name) }
        expect(parseLocator(name, nothing)).toEqual(expected)
        expect(parseLocator(`docker://${name}`, nothing)).toEqual(expected)
        expect(parseLocator(`docker:/${name}`, nothing)).toEqual(expected)
      }),
    )
  })
})

describe('what real files say', () => {
  const corpus = process.env['BP_CORPUS'] ?? fileURLToPath(new URL('../../../shared/corpus', import.meta.url))

  test.runIf(existsSync(`${corpus}/package`))('is a place, all but what libcnb and templates leave to fill in', () => {
    const texts = readdirSync(`${corpus}/package`).map((file) => readFileSync(`${corpus}/package/${file}`, 'utf8'))
    const uris = texts.flatMap((text) => Array.from(text.matchAll(/^\s*(?:uri|image)\s*=\s*"([^"]+)"/gm), ([, uri = '']) => uri))
    const refused = uris.filter((uri) => !/^libcnb:|\{/.test(uri) && !isPlace(uri))
    expect(uris.length).toBeGreaterThan(0)
    expect(refused.filter((uri) => !uri.endsWith('@'))).toEqual([])
  })
})

function isPlace(uri: string): boolean {
  try {
    return parseLocator(uri, nothing).kind !== undefined
  } catch (error) {
    expect(error).toBeInstanceOf(PackagerError)
    return false
  }
}
