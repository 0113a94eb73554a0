import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { allowsHttp, isLoopback, originsOf, verifiesTls } from '../../src/registry/origin.ts'
import { proxyFor } from '../../src/registry/proxy.ts'
import { printable, redactUrl } from '../../src/registry/redact.ts'
import { retryAfterMs } from '../../src/registry/retry.ts'
import { covers, formatScope, mergeScopes, parseScopes } from '../../src/registry/scope.ts'

describe('the origin of a registry', () => {
  it.each([
    ['registry.example', {}, ['https://registry.example/']],
    ['docker.io', {}, ['https://registry-1.docker.io/']],
    ['localhost:5000', {}, ['http://localhost:5000/', 'https://localhost:5000/']],
    ['127.8.9.1:5000', {}, ['http://127.8.9.1:5000/', 'https://127.8.9.1:5000/']],
    ['[::1]:5000', {}, ['http://[::1]:5000/', 'https://[::1]:5000/']],
    ['10.0.0.1:5000', {}, ['https://10.0.0.1:5000/']],
    ['localhost.example', {}, ['https://localhost.example/']],
    ['127.0.0.1.example', {}, ['https://127.0.0.1.example/']],
    ['registry.example', { plainHttp: ['registry.example'] }, ['http://registry.example/']],
    ['registry.example:5000', { plainHttp: ['registry.example'] }, ['http://registry.example:5000/']],
    ['registry.example:5000', { plainHttp: ['registry.example:5000'] }, ['http://registry.example:5000/']],
    ['registry.example:5000', { plainHttp: ['http://Registry.example:5000/'] }, ['http://registry.example:5000/']],
    ['registry.example:5000', { plainHttp: ['registry.example:5001'] }, ['https://registry.example:5000/']],
    ['evil-registry.example', { plainHttp: ['registry.example'] }, ['https://evil-registry.example/']],
    ['registry.example', { insecure: ['registry.example'] }, ['https://registry.example/', 'http://registry.example/']],
  ])('%s with %j', (registry, settings, expected) => {
    expect(originsOf(registry, settings).map((url) => url.href)).toEqual(expected)
  })

  it('is verified unless its host is named', () => {
    const settings = { skipTlsVerify: ['a.example'], insecure: ['b.example:5000'] }
    const hosts = ['a.example', 'b.example:5000', 'b.example', 'c.example']
    expect(hosts.filter((host) => verifiesTls(new URL(`https://${host}`), settings))).toEqual(['b.example', 'c.example'])
  })

  it('is spoken to without TLS only on this machine or when asked for', () => {
    const settings = { plainHttp: ['a.example'], skipTlsVerify: ['c.example'] }
    const hosts = ['a.example', 'localhost:1', 'c.example', 'd.example']
    expect(hosts.filter((host) => allowsHttp(new URL(`http://${host}`), settings))).toEqual(['a.example', 'localhost:1'])
    const near = ['localhost', 'a.localhost', '127.0.0.1', '[::1]']
    expect([...near, '128.0.0.1', 'notlocalhost', 'localhost.example'].filter(isLoopback)).toEqual(near)
  })
})

describe('the proxy for a URL', () => {
  const all = { HTTPS_PROXY: 'http://secure:1', HTTP_PROXY: 'plain:2' }
  it.each([
    ['https://registry.example', all, 'http://secure:1/'],
    ['http://registry.example', all, 'http://plain:2/'],
    ['https://registry.example', { ...all, https_proxy: 'http://lower:3' }, 'http://lower:3/'],
    ['https://registry.example', {}, undefined],
    ['https://registry.example', { HTTPS_PROXY: '' }, undefined],
    ['http://localhost:5000', all, undefined],
    ['http://127.0.0.1:5000', all, undefined],
    ['https://[::1]', all, undefined],
    ['https://registry.example', { ...all, NO_PROXY: '*' }, undefined],
    ['https://registry.example', { ...all, NO_PROXY: 'example' }, undefined],
    ['https://registry.example', { ...all, no_proxy: ' a.b, .example' }, undefined],
    ['https://registry.example', { ...all, NO_PROXY: '*.example' }, undefined],
    ['https://registry.example', { ...all, NO_PROXY: 'registry.example:443' }, undefined],
    ['https://registry.example', { ...all, NO_PROXY: 'registry.example:5000' }, 'http://secure:1/'],
    ['https://myregistry.example', { ...all, NO_PROXY: 'registry.example' }, 'http://secure:1/'],
    ['https://10.1.2.3', { ...all, NO_PROXY: '10.0.0.0/8' }, undefined],
    ['https://11.1.2.3', { ...all, NO_PROXY: '10.0.0.0/8,10.0.0.0/99,x/8' }, 'http://secure:1/'],
    ['https://10.1.2.3', { ...all, NO_PROXY: '10.1.2.3' }, undefined],
    ['https://[2001:db8::5]', { ...all, NO_PROXY: '2001:db8::/32' }, undefined],
  ])('%s with %j is %s', (url, env, expected) => {
    expect(proxyFor(new URL(url), env)?.href).toBe(expected)
  })

  it('is refused where it is no proxy we speak to, without its password', () => {
    expect(() => proxyFor(new URL('https://a.example'), { HTTPS_PROXY: 'socks5://ann:secret@p:1' })).toThrow(/a proxy of the kind "socks5:"/)
    expect(() => proxyFor(new URL('https://a.example'), { HTTPS_PROXY: 'http://ann:secret@:bad:' })).toThrow(/^(?!.*secret).*no URL/)
  })
})

describe('what is shown', () => {
  it('of a URL has no password and no signature', () => {
    const url = new URL('https://ann:pw@s3.example/b?X-Amz-Signature=abc&digest=sha256:00&_state=s&from=acme/bp')
    expect(redactUrl(url)).toBe('https://s3.example/b?X-Amz-Signature=REDACTED&digest=sha256:00&_state=REDACTED&from=acme/bp')
  })

  it('of a text from outside is one short line without control characters', () => {
    expect(printable('a\r\n\u001b[31mred\u0000 \u202Eb')).toBe('a [31mred b')
    expect(printable('x'.repeat(1000))).toHaveLength(503)
  })
})

describe('scopes', () => {
  it('of one repository are merged, so that none overrides another', () => {
    const merged = mergeScopes(parseScopes('repository:a/b:pull repository:c:pull repository:a/b:push,pull registry:catalog:*'))
    expect(merged.map(formatScope)).toEqual(['registry:catalog:*', 'repository:a/b:pull,push', 'repository:c:pull'])
  })

  it('that make no sense are left out', () => {
    expect(parseScopes('nonsense repository:x  repository:host:5000/a:pull')).toEqual([{
      resource: 'repository:host:5000/a',
      actions: ['pull'],
    }])
  })

  it('cover what they hold and no more', () => {
    const action = fc.constantFrom('pull', 'push', 'delete')
    const scope = fc.record({ resource: fc.constantFrom('repository:a', 'repository:b'), actions: fc.uniqueArray(action, { minLength: 1 }) })
    fc.assert(
      fc.property(fc.array(scope), fc.array(scope), (held, needed) => {
        const [has, wants] = [held, needed].map((scopes) => scopes.flatMap(({ resource, actions }) => actions.map((name) => `${resource}:${name}`)))
        expect(covers(mergeScopes(held), mergeScopes(needed))).toBe(wants?.every((name) => has?.includes(name)))
      }),
    )
  })
})

describe('Retry-After', () => {
  it('is seconds, a date, or nothing', () => {
    const now = Date.UTC(2024, 0, 1)
    const texts = ['3', ' 0 ', 'Mon, 01 Jan 2024 00:00:10 GMT', 'Sun, 31 Dec 2023 00:00:00 GMT', 'soon', undefined]
    expect(texts.map((text) => retryAfterMs(text, now))).toEqual([3000, 0, 10_000, 0, undefined, undefined])
  })
})
