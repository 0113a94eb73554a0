import { describe, expect, test } from 'vitest'
import type { PathKind } from '../../src/inspect/source.ts'
import { parseSource } from '../../src/inspect/source.ts'

const there: Readonly<Record<string, PathKind>> = { 'bp.cnb': 'file', out: 'layout', 'a:b': 'layout', bp: 'folder', 'acme/hello': 'folder', '/abs/bp.cnb': 'file' }
const parse = (text: string) => parseSource(text, (path) => there[path])
const digest = `sha256:${'0'.repeat(64)}`

describe('SOURCE', () => {
  test.each([
    ['bp.cnb', { kind: 'archive', path: 'bp.cnb', name: '' }],
    ['out', { kind: 'layout', path: 'out', name: '' }],
    ['bp', { kind: 'folder', path: 'bp' }],
    ['file:bp.cnb', { kind: 'archive', path: 'bp.cnb', name: '' }],
    ['file:///abs/bp.cnb', { kind: 'archive', path: '/abs/bp.cnb', name: '' }],
    ['oci:out', { kind: 'layout', path: 'out', name: '' }],
    ['oci:out:1.0', { kind: 'layout', path: 'out', name: '1.0' }],
    [`oci:out@${digest}`, { kind: 'layout', path: 'out', name: digest }],
    ['oci:a:b', { kind: 'layout', path: 'a:b', name: '' }],
    ['oci:nowhere:x/y', { kind: 'layout', path: 'nowhere:x/y', name: '' }],
    ['oci-archive:bp.cnb:1', { kind: 'archive', path: 'bp.cnb', name: '1' }],
    ['daemon:hello:1', { kind: 'daemon', name: 'hello:1' }],
  ])('%s is read as it stands', (text, word) => {
    expect(parse(text)).toEqual(word)
  })

  test('that exists as a path is one, and docker:// makes an image of it', () => {
    expect(parse('acme/hello')).toEqual({ kind: 'folder', path: 'acme/hello' })
    expect(parse('docker://acme/hello')).toEqual({ kind: 'registry', reference: { registry: 'docker.io', repository: 'acme/hello' } })
  })

  test('that does not exist is a name: a local list, or an image', () => {
    expect(parse('host:5000/a/b:1')).toEqual({ kind: 'name', reference: { registry: 'host:5000', repository: 'a/b', tag: '1' } })
    expect(parse('local:host.io/a/b')).toEqual({ kind: 'local', reference: { registry: 'host.io', repository: 'a/b' } })
  })

  test.each(['./nothing', '/nothing', 'nothing.cnb', 'nothing/', 'file:nothing', '..'])('%s can only be a path, and is missed', (text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }))
  })

  test.each(['', ' ', 'a b', 'UPPER/case', 'daemon:', 'http://x/y', 'a\0b'])('%j is a slip', (text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'USAGE' }))
  })
})
