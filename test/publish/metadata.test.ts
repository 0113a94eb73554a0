import { describe, expect, test } from 'vitest'
import { ownLabels } from '../../src/buildpacks/labels.ts'
import { createdTime, parseAnnotations, parseLabels } from '../../src/publish/metadata.ts'

describe('--label', () => {
  test('is split at its first "="; commas and empty values are kept', () => {
    expect(parseLabels(['a=1', 'b=x=y', 'c=', 'd=1,e=2', 'f= spaced '])).toEqual({ a: '1', b: 'x=y', c: '', d: '1,e=2', f: ' spaced ' })
  })

  test('counts the last time it is given', () => {
    expect(parseLabels(['a=1', 'a=2'])).toEqual({ a: '2' })
  })

  test.each([
    ['novalue', 'read --label "novalue": got no "=", want key=value'],
    ['=1', 'read --label "=1": got an empty key, want key=value'],
    ['', 'read --label "": got no "=", want key=value'],
  ])('"%s" is refused', (text, message) => {
    expect(() => parseLabels([text])).toThrow(message)
  })

  test.each(ownLabels)('%s is ours alone', (key) => {
    expect(() => parseLabels([`${key}=mine`])).toThrow(`read --label "${key}": got a label that packaging itself writes, want another name`)
  })

  test('may be a name that objects have of their own', () => {
    expect(Object.entries(parseLabels(['__proto__=1', 'constructor=2']))).toEqual([['__proto__', '1'], ['constructor', '2']])
  })
})

describe('--annotation', () => {
  test('goes where its scope says, to the images without one', () => {
    expect(parseAnnotations(['a=1', 'index:b=2', 'manifest:c=3', 'manifest-descriptor:d=4'])).toEqual({ index: { b: '2' }, manifest: { a: '1', c: '3' }, descriptor: { d: '4' } })
  })

  test('keeps what only looks like a scope as part of the name', () => {
    expect(parseAnnotations(['layer:a=1', 'index=2', 'x:index:b=4'])).toEqual({ index: {}, manifest: { 'layer:a': '1', index: '2', 'x:index:b': '4' }, descriptor: {} })
  })

  test.each(['idnex:a=1', 'manifest-descriptr:a=1'])('%s is no scope that there is, and one is meant', (text) => {
    expect(() => parseAnnotations([text])).toThrow(/unknown scope/)
  })

  test.each(['index:=3', 'manifest:='])('%s has no key', (text) => {
    expect(() => parseAnnotations([text])).toThrow(`read --annotation "${text}": got an empty key, want key=value`)
  })

  test('wins over the one of bp-package.toml, in its scope alone', () => {
    const configured = { 'index:a': 'file', b: 'file', 'manifest:c': 'file' }
    expect(parseAnnotations(['index:a=flag', 'c=flag', 'manifest-descriptor:b=flag'], configured)).toEqual({ index: { a: 'flag' }, manifest: { b: 'file', c: 'flag' }, descriptor: { b: 'flag' } })
  })

  test('without a value is refused', () => {
    expect(() => parseAnnotations(['index:a'])).toThrow('read --annotation "index:a": got no "=", want key=value')
  })
})

describe('the time of an image', () => {
  test('is a second into 1980 where nothing else is said', () => {
    expect(createdTime(undefined)).toBe('1980-01-01T00:00:01Z')
    expect(createdTime('')).toBe('1980-01-01T00:00:01Z')
  })

  test('is SOURCE_DATE_EPOCH, in UTC, to the second', () => {
    expect(createdTime('0')).toBe('1970-01-01T00:00:00Z')
    expect(createdTime('1700000000')).toBe('2023-11-14T22:13:20Z')
    expect(createdTime('253402300799')).toBe('9999-12-31T23:59:59Z')
  })

  test.each(['-1', '1.5', 'now', '253402300800', ' 1', '1e9', '0x10', '9'.repeat(30)])('is refused as "%s"', (value) => {
    expect(() => createdTime(value)).toThrow(`read SOURCE_DATE_EPOCH "${value}": got no time, want whole seconds since 1970, until the year 9999`)
  })
})
