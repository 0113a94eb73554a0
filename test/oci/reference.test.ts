import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PackagerError } from '../../src/errors.ts'
import { formatReference, parseReference, repositoryName, tagOf } from '../../src/oci/reference.ts'

const digest = `sha256:${'a1'.repeat(32)}` as const

describe('an image name', () => {
  it.each([
    ['foo', { registry: 'docker.io', repository: 'library/foo' }],
    ['foo:1', { registry: 'docker.io', repository: 'library/foo', tag: '1' }],
    ['acme/foo', { registry: 'docker.io', repository: 'acme/foo' }],
    ['docker.io/foo', { registry: 'docker.io', repository: 'library/foo' }],
    ['index.docker.io/foo', { registry: 'docker.io', repository: 'library/foo' }],
    ['index.docker.io/acme/foo:1', { registry: 'docker.io', repository: 'acme/foo', tag: '1' }],
    ['localhost/foo', { registry: 'localhost', repository: 'foo' }],
    ['localhost:5000/foo/bar:1.0.0', { registry: 'localhost:5000', repository: 'foo/bar', tag: '1.0.0' }],
    ['127.0.0.1:5000/foo', { registry: '127.0.0.1:5000', repository: 'foo' }],
    ['[::1]:5000/foo:latest', { registry: '[::1]:5000', repository: 'foo', tag: 'latest' }],
    ['[2001:db8::1]/foo', { registry: '[2001:db8::1]', repository: 'foo' }],
    ['Registry.Example/foo', { registry: 'registry.example', repository: 'foo' }],
    ['host:5000/a__b/c-d--e.f_g', { registry: 'host:5000', repository: 'a__b/c-d--e.f_g' }],
    [`registry.example/a/b@${digest}`, { registry: 'registry.example', repository: 'a/b', digest }],
    [`registry.example/a/b:t@${digest}`, { registry: 'registry.example', repository: 'a/b', tag: 't', digest }],
  ])('%s is read', (text, expected) => {
    expect(parseReference(text)).toEqual(expected)
  })

  it.each([
    ['', /got no repository/],
    [':1', /got no repository/],
    ['https://registry.example/foo', /got the scheme "https:\/\/"/],
    ['docker://foo', /got the scheme "docker:\/\/"/],
    ['acme/Foo', /got upper case in "Foo"/],
    ['Acme/foo', /got upper case in "Acme"/],
    ['registry.example/acme/Foo:1', /got upper case in "Foo"/],
    ['foo:', /got an empty tag/],
    ['foo:.1', /got the tag ".1"/],
    ['foo:a b', /got the tag "a b"/],
    [`foo:${'a'.repeat(129)}`, /got the tag/],
    ['foo@sha256:abc', /got the digest "sha256:abc"/],
    [`foo@${digest.toUpperCase()}`, /got the digest/],
    [`foo@sha512:${'a'.repeat(128)}`, /got the digest/],
    ['host:70000/foo', /got the host "host:70000"/],
    ['host:0/foo', /got the host "host:0"/],
    ['-host.example/foo', /got the host/],
    ['user:pw@registry.example/foo', /"user:REDACTED@registry.example\/foo": got a user and password/],
    ['https://user:pw@registry.example/foo', /"https:\/\/user:REDACTED@registry.example\/foo": got a user and password/],
    ['a//b', /got an empty part/],
    ['localhost:5000/', /got no repository after the host/],
    ['/foo', /got an empty part/],
    ['../foo', /got the host/],
    ['a/../b', /got the part ".."/],
    ['a___b', /got the part "a___b"/],
    ['foo\n', /got the part/],
    ['foo bar', /got the part "foo bar"/],
    ['a'.repeat(64), /looks like an image ID/],
    [`localhost/${'ab/'.repeat(100)}c`, /more than 255 characters/],
  ])('%j is refused as usage, with the grammar', (text, message) => {
    expect(() => parseReference(text)).toThrow(message)
    expect(() => parseReference(text)).toThrow(/want \[host\[:port\]\/\]path/)
    expect(() => parseReference(text)).toThrow(expect.objectContaining({ code: 'USAGE' }))
  })

  it('without a tag stands for latest, which is never written into it', () => {
    const reference = parseReference('registry.example/foo')
    expect(tagOf(reference)).toBe('latest')
    expect(tagOf(parseReference('registry.example/foo:1'))).toBe('1')
    expect(formatReference(reference)).toBe('registry.example/foo')
    expect(repositoryName(parseReference('foo:1'))).toBe('docker.io/library/foo')
  })

  it('round-trips through its full form, whatever it is made of', () => {
    const word = fc.stringMatching(/^[a-z0-9]{1,8}$/)
    const part = fc.tuple(word, fc.constantFrom('', '.', '_', '__', '-', '---'), word).map((parts) => parts.join(''))
    const path = fc.array(part, { minLength: 1, maxLength: 4 })
    const host = fc.constantFrom('docker.io', 'localhost', 'localhost:5000', 'registry.example', 'a-b.example:443', '[::1]:5000', '[fe80::1]')
    const tag = fc.option(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/))
    fc.assert(
      fc.property(host, path, tag, fc.boolean(), (host, path, tag, pinned) => {
        const text = `${host}/${path.join('/')}${tag === null ? '' : `:${tag}`}${pinned ? `@${digest}` : ''}`
        const reference = parseReference(text)
        expect(parseReference(formatReference(reference))).toEqual(reference)
        expect(formatReference(reference)).toBe(host === 'docker.io' && path.length === 1 ? text.replace('docker.io/', 'docker.io/library/') : text)
      }),
    )
  })

  it('that is anything at all is read or refused, and never breaks the reader', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', 'A', '.', ':', '/', '@', '[', ']', '-', '_', '1', '\n', 'é'), maxLength: 40 }), (text) => {
        try {
          const reference = parseReference(text)
          expect(parseReference(formatReference(reference))).toEqual(reference)
        } catch (error) {
          expect(error).toBeInstanceOf(PackagerError)
        }
      }),
    )
  })
})
