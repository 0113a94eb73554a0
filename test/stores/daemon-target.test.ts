import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { engineTarget } from '../../src/stores/daemon.ts'

const words = { os: ['linux', 'windows', 'freebsd'], arch: ['amd64', 'arm64', 'arm', ''], variant: ['', 'v1', 'v2', 'v5', 'v6', 'v7', 'v8', 'softfloat'] }

const candidate = fc
  .record({ os: fc.constantFrom(...words.os), arch: fc.constantFrom(...words.arch), variant: fc.constantFrom(...words.variant) })
  .map(({ os, arch, variant }) => (variant === '' ? { os, arch } : { os, arch, variant }))
const candidates = fc.array(candidate, { maxLength: 6 })
const platform = fc
  .record({ os: fc.constantFrom(...words.os), architecture: fc.constantFrom(...words.arch.slice(0, 3)), variant: fc.constantFrom(...words.variant) })
  .map(({ os, architecture, variant }) => (variant === '' ? { os, architecture } : { os, architecture, variant }))

/** Targets as text, the first of them the one that is wanted. */
function read(text: string): readonly { readonly os: string; readonly arch: string; readonly variant?: string }[] {
  return text.split(' ').map((target) => {
    const [os = '', arch = '', variant] = target.split('/')
    return variant === undefined ? { os, arch } : { os, arch, variant }
  })
}

function engineOf(text: string): { readonly os: string; readonly architecture: string; readonly variant?: string } {
  const [{ os, arch, ...variant } = { os: '', arch: '' }] = read(text)
  return { os, architecture: arch, ...variant }
}

describe('the target for an engine', () => {
  test.each([
    ['linux/amd64', 'linux/amd64', 'linux/arm64 windows/amd64'],
    ['linux/arm64', 'linux/arm64/v8', 'linux/arm/v7 linux/amd64'],
    ['linux/amd64', 'linux/amd64/v1', 'linux/amd64/v2'],
    ['linux/arm/v7', 'linux/arm/v7', 'linux/arm linux/arm/v6 linux/arm/v5'],
    ['linux/arm/v7', 'linux/arm', 'linux/arm/v6 linux/arm/v5 linux/arm/v8'],
    ['linux/arm/v7', 'linux/arm/v6', 'linux/arm/v5 linux/arm/v8'],
    ['linux/arm', 'linux/arm/v5', 'linux/arm/v6 linux/arm/v7'],
    ['linux/amd64', 'linux', 'linux/arm64 windows'],
    ['linux/amd64', 'linux/amd64/v3', 'linux linux/arm64'],
  ])('of an engine of %s is %s, before %s', (engine, wanted, others) => {
    const targets = [...read(others), ...read(wanted)]
    expect(engineTarget(targets, engineOf(engine))).toBe(targets.at(-1))
  })

  test.each([
    ['linux/amd64', 'linux/arm64 windows/amd64'],
    ['linux/arm/v6', 'linux/arm/v7'],
    ['windows/amd64', 'linux linux/amd64'],
  ])('of an engine of %s is none of %s: both are listed', (engine, others) => {
    const message = `choose the target for the engine: got ${others.replaceAll(' ', ', ')}, want ${engine}, which is what the engine runs`
    expect(() => engineTarget(read(others), engineOf(engine))).toThrow(expect.objectContaining({ code: 'NOT_FOUND', message, hint: expect.stringContaining(`--target`) }))
  })

  test('of no targets is none', () => {
    expect(() => engineTarget([], { os: 'linux', architecture: 'amd64' })).toThrow('got no target')
  })

  test('is one of the targets, with the os of the engine and its architecture or none', () => {
    fc.assert(
      fc.property(candidates, platform, (targets, engine) => {
        const chosen = choose(targets, engine)
        if (chosen === undefined) return
        expect(targets).toContain(chosen)
        expect(chosen.os).toBe(engine.os)
        expect([engine.architecture, '']).toContain(chosen.arch)
      }),
    )
  })

  test('is there wherever one equals the platform of the engine, and is that one', () => {
    fc.assert(
      fc.property(candidates, platform, fc.nat(6), (others, engine, at) => {
        const { os, architecture, ...variant } = engine
        const equal = { os, arch: architecture, ...variant }
        const targets = [...others.slice(0, at), equal, ...others.slice(at)]
        expect(plain(engineTarget(targets, engine))).toEqual(plain(equal))
      }),
    )
  })

  test('is the same in whatever order targets are declared', () => {
    fc.assert(
      fc.property(candidates, platform, (targets, engine) => {
        const distinct = [...new Map(targets.map((target) => [JSON.stringify(plain(target)), target])).values()]
        expect(plainOrNone(choose(distinct, engine))).toEqual(plainOrNone(choose(distinct.toReversed(), engine)))
      }),
    )
  })

  test('never needs more than the engine tells that it has', () => {
    fc.assert(
      fc.property(candidates, fc.integer({ min: 5, max: 7 }), (targets, level) => {
        const chosen = choose(targets, { os: 'linux', architecture: 'arm', variant: `v${level}` })
        const own = /^v(\d)$/.exec(chosen?.arch === 'arm' ? (chosen.variant ?? '') : '')?.[1]
        expect(Number(own ?? 0)).toBeLessThanOrEqual(level)
      }),
    )
  })
})

type Candidate = Parameters<typeof engineTarget>[0][number]

function choose(targets: readonly Candidate[], engine: Parameters<typeof engineTarget>[1]): Candidate | undefined {
  try {
    return engineTarget(targets, engine)
  } catch {
    return undefined
  }
}

/** Without the variants that say nothing. */
function plain({ os, arch, variant = '' }: Candidate): string {
  const says = arch !== '' && !(arch === 'arm64' && variant === 'v8') && !(arch === 'amd64' && variant === 'v1')
  return [os, arch, says ? variant : ''].join('/')
}

function plainOrNone(target: Candidate | undefined): string {
  return target === undefined ? 'none' : plain(target)
}
