import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseChallenges } from '../../src/registry/challenge.ts'

function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`
}

describe('WWW-Authenticate', () => {
  it.each([
    ['Basic realm="x"', [{ scheme: 'basic', parameters: { realm: 'x' } }]],
    ['Basic', [{ scheme: 'basic', parameters: {} }]],
    ['BEARER Realm="https://a/t",SERVICE="s"', [{ scheme: 'bearer', parameters: { realm: 'https://a/t', service: 's' } }]],
    ['Bearer realm=https,scope=a', [{ scheme: 'bearer', parameters: { realm: 'https', scope: 'a' } }]],
    ['Bearer realm = "a" , service = "b"', [{ scheme: 'bearer', parameters: { realm: 'a', service: 'b' } }]],
    ['Bearer realm="a, b=\\"c\\"",x=y', [{ scheme: 'bearer', parameters: { realm: 'a, b="c"', x: 'y' } }]],
    ['Negotiate, Basic realm="a", Bearer realm="b"', [
      { scheme: 'negotiate', parameters: {} },
      { scheme: 'basic', parameters: { realm: 'a' } },
      { scheme: 'bearer', parameters: { realm: 'b' } },
    ]],
    ['Bearer realm="first",realm="second"', [{ scheme: 'bearer', parameters: { realm: 'first' } }]],
    ['Bearer __proto__="x",realm="y"', [{ scheme: 'bearer', parameters: Object.fromEntries([['__proto__', 'x'], ['realm', 'y']]) }]],
    ['Bearer realm="never ends', [{ scheme: 'bearer', parameters: { realm: 'never ends' } }]],
    ['realm="of nothing"', []],
    ['', []],
  ])('%s', (header, expected) => {
    expect(parseChallenges(header).map(({ scheme, parameters }) => ({ scheme, parameters: { ...parameters } }))).toEqual(expected)
  })

  it('reads back what was written, in any order and spacing', () => {
    const name = fc.stringMatching(/^[a-z]{1,8}$/)
    const value = fc.string({ maxLength: 12 })
    const challenge = fc.tuple(name, fc.dictionary(name, value, { minKeys: 1, maxKeys: 3, noNullPrototype: true }))
    fc.assert(
      fc.property(fc.array(challenge, { minLength: 1, maxLength: 3 }), fc.constantFrom(',', ', ', ' , '), (challenges, comma) => {
        const header = challenges
          .map(([scheme, values]) => `${scheme} ${Object.entries(values).map(([key, text]) => `${key}=${quoted(text)}`).join(comma)}`)
          .join(comma)
        expect(parseChallenges(header).map(({ scheme, parameters }) => [scheme, { ...parameters }])).toEqual(challenges)
      }),
    )
  })

  it('of a hostile registry ends, whatever it is', () => {
    const noise = fc.string({ unit: fc.constantFrom('a', '=', '"', '\\', ',', ' ', '\t', '\u{0}'), maxLength: 200 })
    fc.assert(fc.property(noise, (header) => parseChallenges(header).length <= header.length))
    for (const piece of ['a ', 'a=', '"', '\\', ', ', 'a="\\']) expect(parseChallenges(piece.repeat(1_000_000)).length).toBeLessThan(8192)
  })
})
