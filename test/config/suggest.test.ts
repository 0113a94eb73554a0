import { describe, expect, it } from 'vitest'
import { nearest } from '../../src/config/suggest.ts'

const commands = ['package', 'inspect', 'manifest', 'builder', 'vendor', 'completion']

describe('the nearest word', () => {
  it.each([
    ['manfest', 'manifest'],
    ['Manifest', 'manifest'],
    ['isnpect', 'inspect'],
    ['biulder', 'builder'],
    ['pakage', 'package'],
    ['vendor_', 'vendor'],
    ['vodner', 'vendor'],
  ])('to %s is %s', (word, expected) => {
    expect(nearest(word, commands)).toBe(expected)
  })

  it.each(['hello', 'registry.example/bp', 'x', '', 'my-buildpack', 'samples/hello'])('to %s is none', (word) => {
    expect(nearest(word, commands)).toBeUndefined()
  })

  it('is the nearest of several, the first of equals', () => {
    expect(nearest('image', ['images', 'mirage', 'age'])).toBe('images')
    expect(nearest('v9', ['v1', 'v2'])).toBe('v1')
  })
})
