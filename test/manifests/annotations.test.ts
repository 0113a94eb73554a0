import { assert, property, string } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readAnnotations } from '../../src/manifests/annotations.ts'
import type { AnnotationWords } from '../../src/manifests/annotations.ts'

const nothing = { entry: {}, index: {}, removeEntry: [], removeIndex: [] }

describe('annotation flags', () => {
  test('are split at the first "=" and, one each, not at commas', () => {
    expect(readAnnotations({ annotation: ['a=1,b=2', 'c=x=y', 'd='] })).toEqual({ ...nothing, entry: { a: '1,b=2', c: 'x=y', d: '' } })
  })

  test('in their plural form are split at commas', () => {
    expect(readAnnotations({ annotations: ['a=1,b=2', 'c=3'], indexAnnotations: ['d=4,e=5'] })).toEqual({ ...nothing, entry: { a: '1', b: '2', c: '3' }, index: { d: '4', e: '5' } })
  })

  test('know words for what they are about; other words with a colon are keys', () => {
    const annotation = ['index:a=1', 'descriptor:b=2', 'manifest-descriptor:c=3', 'org:d=4', 'http://e=5']
    expect(readAnnotations({ annotation })).toEqual({ ...nothing, index: { a: '1' }, entry: { b: '2', c: '3', 'org:d': '4', 'http://e': '5' } })
    expect(readAnnotations({ indexAnnotation: ['index:a=1', 'k=x=y, z'] })).toEqual({ ...nothing, index: { a: '1', k: 'x=y, z' } })
  })

  test('can hold any key and value, also those of an object in JavaScript', () => {
    const key = string({ minLength: 1 }).filter((text) => !/[=:]/.test(text) && text.trim() !== '')
    assert(property(key, string(), (name, value) => {
      expect(Object.entries(readAnnotations({ annotation: [`${name}=${value}`] }).entry)).toEqual([[name, value]])
    }))
    expect(Object.entries(readAnnotations({ annotation: ['__proto__=x'] }).entry)).toEqual([['__proto__', 'x']])
    expect(Object.entries(readAnnotations({ annotation: ['constructor:a=x', '__proto__:b=y', ':c=z'] }).entry)).toEqual([['constructor:a', 'x'], ['__proto__:b', 'y'], [':c', 'z']])
  })

  test.each<[string, AnnotationWords, string]>([
    ['no "="', { annotation: ['a'] }, 'read --annotation "a": got no "=", want key=value'],
    ['no "=" after a comma', { annotations: ['a=1,b'] }, 'read --annotations "b": got no "="'],
    ['an empty key', { indexAnnotation: ['=v'] }, 'read --index-annotation "=v": got an empty key'],
    ['an empty key after a scope', { annotation: ['index:=v'] }, 'got an empty key'],
    ['an empty key to remove', { removeAnnotation: [''] }, 'read --remove-annotation "": got an empty key'],
    ['the scope of the child', { annotation: ['manifest:a=1'] }, 'got scope "manifest:", want index: or descriptor:'],
    ['an entry where the index is meant', { indexAnnotation: ['descriptor:a=1'] }, 'got scope "descriptor:", want annotations of the index'],
  ])('are refused with %s', (_, words, message) => {
    expect(() => readAnnotations(words)).toThrow(message)
    expect(() => readAnnotations(words)).toThrow(expect.objectContaining({ code: 'USAGE' }))
  })
})
