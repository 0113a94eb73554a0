import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readRegistriesConf } from '../../src/config/registries.ts'
import type { PullPlace } from '../../src/publish/mirrors.ts'
import { pullPlaces, readMirrorFlags } from '../../src/publish/mirrors.ts'

const rulesOf = (text: string): ReturnType<typeof readMirrorFlags> => readRegistriesConf(text, 'r.conf').value ?? []
const shown = (places: readonly PullPlace[]): string[] =>
  places.map(({ registry, repository, insecure, pulls, isMirror }) => [`${registry} ${repository}`, ...(isMirror ? [] : ['itself']), ...(insecure ? ['insecure'] : []), ...(pulls === 'all' ? [] : [pulls])].join(', '))

describe('the places to pull from', () => {
  test('without any rule are the registry itself', () => {
    expect(shown(pullPlaces([], [], 'docker.io', 'library/foo'))).toEqual(['docker.io library/foo, itself'])
  })

  test.each([
    ['docker.io=mirror.example', ['mirror.example library/foo']],
    ['index.docker.io=mirror.example:5000', ['mirror.example:5000 library/foo']],
    ['docker.io=mirror.example/hub/', ['mirror.example hub/library/foo']],
    ['docker.io/library=mirror.example/lib', ['mirror.example lib/foo']],
    ['docker.io/library/foo=10.0.0.1/bar', ['10.0.0.1 bar']],
    ['*=10.0.0.1', ['10.0.0.1 library/foo']],
    ['*=localhost:5000/all', ['localhost:5000 all/library/foo']],
    ['docker.io=[::1]:5000', ['[::1]:5000 library/foo']],
    ['docker.io/lib=mirror.example', []],
    ['quay.io=mirror.example', []],
    ['MIRROR.example=x', []],
  ])('by --registry-mirror %s', (flag, mirrors) => {
    expect(shown(pullPlaces(readMirrorFlags([flag]), [], 'docker.io', 'library/foo'))).toEqual([...mirrors, 'docker.io library/foo, itself'])
  })

  test('by several flags are those of the longest prefix, in their order', () => {
    const flags = readMirrorFlags(['*=star.example', 'docker.io=one.example', 'docker.io=two.example', 'quay.io=other.example'])
    expect(shown(pullPlaces(flags, [], 'docker.io', 'acme/foo')).slice(0, -1)).toEqual(['one.example acme/foo', 'two.example acme/foo'])
  })

  const conf = `[[registry]]
prefix = "example.com/foo"
location = "internal.example/bar"
insecure = true
[[registry.mirror]]
location = "mirror-0.local/mirror-for-foo"
[[registry.mirror]]
location = "mirror-1.local/mirrors/foo"
insecure = true
pull-from-mirror = "digest-only"
[[registry]]
prefix = "*.corp.example"
[[registry.mirror]]
location = "mirror.corp.example"
[[registry]]
prefix = "blocked.corp.example"
location = "blocked.corp.example"
blocked = true
`

  test.each([
    ['example.com', 'foo/image', ['mirror-0.local mirror-for-foo/image', 'mirror-1.local mirrors/foo/image, insecure, digest-only', 'internal.example bar/image, itself, insecure']],
    ['example.com', 'foo', ['mirror-0.local mirror-for-foo', 'mirror-1.local mirrors/foo, insecure, digest-only', 'internal.example bar, itself, insecure']],
    ['example.com', 'food', ['example.com food, itself']],
    ['a.corp.example:5000', 'x/y', ['mirror.corp.example x/y', 'a.corp.example:5000 x/y, itself']],
    ['corp.example', 'x', ['corp.example x, itself']],
  ])('by registries.conf, for %s/%s', (registry, repository, expected) => {
    expect(shown(pullPlaces([], rulesOf(conf), registry, repository))).toEqual(expected)
  })

  const digest = `sha256:${'a'.repeat(64)}`
  const whole = `[[registry]]
prefix = "example.com/foo/image:1"
location = "one.example/pinned:old"
[[registry.mirror]]
location = "mirror.example/pinned"
[[registry]]
prefix = "example.com/foo/image@${digest}"
location = "two.example:5000/x"
[[registry]]
location = "example.com/foo/bad:2"
blocked = true
[[registry]]
prefix = "example.com/foo"
location = "all.example/foo"
`

  test.each([
    ['foo/image', '1', ['mirror.example pinned', 'one.example pinned, itself'], [undefined, 'old']],
    ['foo/image', '2', ['all.example foo/image, itself'], [undefined]],
    ['foo/image', digest, ['two.example:5000 x, itself'], [undefined]],
    ['foo/image', `sha256:${'b'.repeat(64)}`, ['all.example foo/image, itself'], [undefined]],
    ['foo/image', undefined, ['all.example foo/image, itself'], [undefined]],
    ['foo/image/1', '1', ['all.example foo/image/1, itself'], [undefined]],
  ])('by a prefix that is a whole name, for example.com/%s and %s', (repository, name, expected, names) => {
    const places = pullPlaces([], rulesOf(whole), 'example.com', repository, name)
    expect(shown(places)).toEqual(expected)
    expect(places.map((place) => place.name)).toEqual(names)
  })

  test('are none for a whole name that is blocked, and others of its repository are not', () => {
    expect(() => pullPlaces([], rulesOf(whole), 'example.com', 'foo/bad', '2')).toThrow('pull image "example.com/foo/bad:2": pulling it is blocked by r.conf')
    expect(shown(pullPlaces([], rulesOf(whole), 'example.com', 'foo/bad', '1'))).toEqual(['all.example foo/bad, itself'])
  })

  test('by both: what the command line names is asked first', () => {
    const flags = readMirrorFlags(['example.com=flag.example'])
    expect(shown(pullPlaces(flags, rulesOf(conf), 'example.com', 'foo/image'))[0]).toBe('flag.example foo/image')
  })

  test('are none where registries.conf blocks it, whatever else is named', () => {
    expect(() => pullPlaces(readMirrorFlags(['*=x.example']), rulesOf(conf), 'blocked.corp.example', 'x')).toThrow('pull image "blocked.corp.example/x": pulling it is blocked by r.conf')
  })

  test('by a drop-in file with the same prefix are its own', () => {
    const later = '[[registry]]\nprefix = "example.com/foo"\nlocation = "later.example"\n'
    expect(shown(pullPlaces([], [...rulesOf(conf), ...rulesOf(later)], 'example.com', 'foo/image'))).toEqual(['later.example image, itself'])
  })

  test('keep what follows the prefix, whatever it is', () => {
    const part = fc.stringMatching(/^[a-z0-9]{1,8}$/)
    const path = fc.array(part, { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(path, path, path, (prefix, rest, location) => {
        const flags = readMirrorFlags([`r.example/${prefix.join('/')}=m.example/${location.join('/')}`])
        const [mirror] = pullPlaces(flags, [], 'r.example', [...prefix, ...rest].join('/'))
        expect(mirror).toMatchObject({ registry: 'm.example', repository: [...location, ...rest].join('/') })
      }),
    )
  })
})

test.each(['docker.io', 'docker.io=', '=x', 'a=b=c', 'docker.io=https://mirror.example', 'docker.io=mirror.example/Upper', 'docker.io=mirror.example/x:1', 'do cker.io=x', 'docker.io=*', 'x/../y=z', 'a=b/../c'])('--registry-mirror %s is a mistake', (flag) => {
  expect(() => readMirrorFlags([flag])).toThrow(/^read --registry-mirror .* want HOST=MIRROR/)
})
