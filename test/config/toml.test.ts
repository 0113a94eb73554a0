import { parse } from '@iarna/toml'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseToml } from '../../src/config/toml.ts'
import type { TomlDocument } from '../../src/config/toml.ts'
import { scanToml } from '../../src/config/toml-scan.ts'
import type { KeyPath, TomlValue } from '../../src/config/toml-value.ts'
import { formatKey } from '../../src/config/toml-value.ts'

function read(text: string): TomlDocument {
  const parsed = parseToml(text, 'f.toml')
  if ('problem' in parsed) throw new Error(JSON.stringify(parsed.problem))
  return parsed.document
}

function broken(text: string): string {
  const parsed = parseToml(text, 'f.toml')
  if ('document' in parsed) return 'reads'
  const { file, line, column, message } = parsed.problem
  return `${file}:${line}:${column}: ${message}`
}

function place(text: string, ...path: KeyPath): string {
  const { line, column } = read(text).locate(path)
  return `${line}:${column}`
}

/** Maps and dates as plain values, to compare with what the parser gives by itself. */
function plain(value: TomlValue): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, inner]: [string, TomlValue]) => [key, plain(inner)]))
  return Array.isArray(value) ? value.map(plain) : value
}

describe('places of keys', () => {
  const text = [
    'api = "0.10" # a comment with [brackets] and = signs',
    '',
    '[buildpack]',
    '  id = "a/b"',
    '  "quoted key" = \'\'\'',
    '[not.a.header]',
    "x = 1'''",
    '  sub . dotted = 2',
    '[[targets]]',
    'os = "linux"',
    '[[targets]]',
    'os = """',
    '[[targets]] \\""" """',
    '[[targets.distros]]',
    'name = "ubuntu"',
    '  [[targets.distros]]',
    '    name = "debian"',
    'inline = { a = 1, b.c = [ "x", { d = 2 } ] }',
    'list = [ # first',
    '  1, # one',
    '  [2, 3],',
    ']',
  ].join('\n')

  it.each([
    ['1:1', ['api']],
    ['3:1', ['buildpack']],
    ['4:3', ['buildpack', 'id']],
    ['5:3', ['buildpack', 'quoted key']],
    ['8:3', ['buildpack', 'sub']],
    ['8:9', ['buildpack', 'sub', 'dotted']],
    ['9:1', ['targets']],
    ['9:1', ['targets', 0]],
    ['11:1', ['targets', 1]],
    ['12:1', ['targets', 1, 'os']],
    ['16:3', ['targets', 1, 'distros', 1]],
    ['17:5', ['targets', 1, 'distros', 1, 'name']],
    ['18:12', ['targets', 1, 'distros', 1, 'inline', 'a']],
    ['18:21', ['targets', 1, 'distros', 1, 'inline', 'b', 'c']],
    ['18:32', ['targets', 1, 'distros', 1, 'inline', 'b', 'c', 1]],
    ['18:34', ['targets', 1, 'distros', 1, 'inline', 'b', 'c', 1, 'd']],
    ['20:3', ['targets', 1, 'distros', 1, 'list', 0]],
    ['21:7', ['targets', 1, 'distros', 1, 'list', 1, 1]],
  ])('answers %s for a key that is there: %j', (expected, path) => {
    expect(place(text, ...path)).toBe(expected)
  })

  it.each([
    ['3:1', ['buildpack', 'version']],
    ['9:1', ['targets', 0, 'arch']],
    ['14:1', ['targets', 1, 'distros', 0, 'version']],
    ['1:1', ['order', 0]],
    ['1:1', []],
  ])('answers %s, the nearest parent, for one that is not: %j', (expected, path) => {
    expect(place(text, ...path)).toBe(expected)
  })

  it('counts lines and columns alike with CRLF and a byte order mark', () => {
    const windows = `\uFEFF${text.replaceAll('\n', '\r\n')}`
    for (const path of [['api'], ['targets', 1, 'distros', 1, 'name'], ['buildpack', 'sub', 'dotted']]) {
      expect(place(windows, ...path)).toBe(place(text, ...path))
    }
  })

  it('counts lines and columns however long the text is, and its lines', () => {
    const lengths = fc.array(fc.oneof(fc.nat({ max: 3 }), fc.nat({ max: 3000 })), { maxLength: 12 })
    fc.assert(
      fc.property(lengths, fc.nat({ max: 3000 }), (before, indent) => {
        const parsed = parseToml(`${before.map((length) => `#${'x'.repeat(length)}\n`).join('')}${' '.repeat(indent)}key = 1`, 'a.toml')
        expect('document' in parsed && parsed.document.locate(['key'])).toEqual({ line: before.length + 1, column: indent + 1 })
      }),
    )
  })

  it('gives a value as written, and nothing for a table with a header', () => {
    expect(read('[a]\nb = 1.0 # c').written(['a', 'b'])).toBe('1.0')
    expect(read('[a]\nb = 1.0').written(['a'])).toBeUndefined()
  })
})

describe('what the parser gets wrong by itself', () => {
  it('reads comments before CRLF', () => {
    expect(plain(read('a = 1 # one\r\n# two\r\nb = """x\r\ny"""\r\n').table)).toEqual({ a: 1, b: 'x\ny' })
  })

  it('reads keys that every object inherits as keys, and touches no object', () => {
    const text = '[constructor]\nprototype = 1\nleak = 2\n[metadata.__proto__]\ntoString.call = 3\n[["valueOf"]]\n"\\u0063onstructor" = "constructor"\n'
    const table = read(text).table
    expect(JSON.stringify(plain(table))).toBe(
      '{"constructor":{"prototype":1,"leak":2},"metadata":{"__proto__":{"toString":{"call":3}}},"valueOf":[{"constructor":"constructor"}]}',
    )
    expect(Object).not.toHaveProperty('leak')
    expect(Object.prototype.toString.call([])).toBe('[object Array]')
  })

  it('reads every valid date, wherever it stands, as written', () => {
    const dates = ['1979-05-27', '07:32:00.5', '1979-05-27 07:32:00', '1979-05-27T07:32:00Z', '2024-02-29t00:32:00.999999-07:00']
    const text = `list = [${dates.join(',')}]\ninline = {d=${dates[0] ?? ''}}\n${dates.map((date, index) => `d${index} = ${date}`).join('\n')}`
    const table = read(text).table
    expect(table.get('list')).toEqual(dates.map((date) => ({ date })))
    expect(table.get('d3')).toEqual({ date: '1979-05-27T07:32:00Z' })
    expect(table.get('inline')).toEqual(new Map([['d', { date: '1979-05-27' }]]))
  })

  it('reads zeros with an exponent', () => {
    const document = read('a = 0e0\nb = [ -0E+12, 1e2 ]')
    expect(document.table.get('a')).toBe(0)
    expect(document.table.get('b')).toEqual([-0, 100])
    expect(document.written(['b', 0])).toBe('-0E+12')
  })

  it.each(['2023-02-29', '1979-13-01', '24:00:00', '1979-05-27T07:60:00Z'])('refuses %s, which is no date', (date) => {
    expect(broken(`a = 1\nb = ${date}`)).toBe(`f.toml:2:5: not TOML: ${date} is no date of the calendar`)
  })
})

describe('broken TOML', () => {
  it.each([
    ['api = "0.10\nid = 1', 'f.toml:1:12: not TOML: unterminated string'],
    ['a = 1\n{{- if .x }}\nb = 2', 'f.toml:2:1: not TOML: unexpected character "{" (a template line: fill the template in first)'],
    ['a = 1\nb =\nc = 2', 'f.toml:2:4: not TOML: key without value'],
    ['[a]\nid = 1\n\n[b]\n[a]', 'f.toml:5:1: not TOML: a is defined twice, first on line 1'],
    ['[a]\nid = 1\nid = 2', 'f.toml:3:1: not TOML: a.id is defined twice, first on line 2'],
    ['a = "x\\d"', 'f.toml:1:8: not TOML: unknown escape "\\d" in a string'],
    ['a = "x" y', 'f.toml:1:9: not TOML: unexpected character, expected only whitespace or comments till end of line'],
    ['[a.b]\nc = 1\n[a]\nb.d = 1', 'f.toml:4:3: not TOML: a.b is already defined by a header'],
    ['[a]\nb.c = 1\n[a.b]', 'f.toml:3:1: not TOML: a.b is already defined by dotted keys'],
    ['a = 1:32:00', 'f.toml:1:5: not TOML: 1:32:00 is no date: write it as 2006-01-02T15:04:05Z, or as a string'],
    ['a = 1\n\rb = 2', 'f.toml:2:1: not TOML: unexpected text'],
  ])('is told with its place: %j', (text, expected) => {
    expect(broken(text)).toBe(expected)
  })
})

describe('hostile TOML', () => {
  it.each([`a = ${'['.repeat(100_000)}`, `a = ${'{a='.repeat(100_000)}`, `[${'a.'.repeat(100_000)}a]`])('nested beyond any use is refused', (text) => {
    expect(broken(text)).toMatch(/^f\.toml:1:\d+: not TOML: tables and lists lie too deep in one another$/)
  })
})

describe('any text', () => {
  const pieces = ['a', 'b.c', '"q k"', "'l'", ' = ', '=', '[', ']', '[[', ']]', '{', '}', ',', '.', ' ', '\n', '\r\n', '#c', '"s"', "'''", '"""', '\\', '"', "'", '1', '2.5', 'true', '1979-05-27', '07:32:00', 'inf', '-', '_', 'constructor', '{{', '\uFEFF', 'é', '😀']
  const soup = fc.array(fc.constantFrom(...pieces), { maxLength: 30 }).map((parts) => parts.join(''))

  it('is read or refused with a place in it, never more', () => {
    fc.assert(
      fc.property(soup, (text) => {
        const parsed = parseToml(text, 'f')
        if ('document' in parsed) return true
        const { line, column } = parsed.problem
        return line >= 1 && column >= 1 && line <= text.split('\n').length
      }),
      { numRuns: 3000 },
    )
  })

  // Dates are left out: the parser takes some that are none, such as `07:32:00}`.
  it('is scanned to its end, or refused on purpose, if the parser takes it', () => {
    fc.assert(
      fc.property(soup.filter((text) => !/constructor|\uFEFF|\r|07:|1979/.test(text)), (text) => {
        let accepted = true
        try {
          parse(text)
        } catch {
          accepted = false
        }
        const { end, verdict } = scanToml(text)
        return !accepted || verdict !== undefined || end === text.length
      }),
      { numRuns: 3000 },
    )
  })
})

describe('a document made at random', () => {
  const name = fc.oneof(fc.stringMatching(/^[A-Za-z0-9_-]{1,6}$/), fc.constantFrom('constructor', '__proto__', 'valueOf', 'a.b', 'x y', '', 'ü'))
  const key = name.chain((text) => (/^[A-Za-z0-9_-]+$/.test(text) ? fc.constantFrom(text, `"${text}"`, `'${text}'`) : fc.constant(JSON.stringify(text))).map((written) => ({ text, written })))
  const leaf = fc.oneof(
    fc.string({ maxLength: 8 }).map((text) => JSON.stringify(text).replaceAll('\u007F', ' ')),
    fc.constantFrom('1', '-2.5', 'true', "'lit # = ]'", '"""\nmany [x]\n lines"""', "'''a\n''b'''", '1979-05-27', '{}', '[]'),
  )
  const { value } = fc.letrec<{ value: string }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3, depthSize: 'small' },
      leaf,
      fc.array(tie('value'), { maxLength: 3 }).map((items) => `[ ${items.join(', # c\n ')} ]`),
      fc.uniqueArray(fc.tuple(key, tie('value')), { maxLength: 3, selector: ([each]) => each.text })
        .filter((entries) => entries.every(([, inner]) => !inner.includes('\n')))
        .map((entries) => `{ ${entries.map(([each, inner]) => `${each.written} = ${inner}`).join(' , ')} }`),
    ),
  }))
  const table = fc.uniqueArray(fc.tuple(key, value, fc.constantFrom('', '  ', '\t')), { maxLength: 4, selector: ([each]) => each.text })
  const tables = fc.uniqueArray(fc.tuple(key, fc.array(table, { minLength: 1, maxLength: 3 }), fc.boolean()), { maxLength: 4, selector: ([each]) => each.text })

  it('has each key where it was put, and each value as it was written', () => {
    fc.assert(
      fc.property(tables, fc.constantFrom('\n', '\r\n'), (sections, newline) => {
        const lines = ['# a document']
        const expected: { readonly path: KeyPath; readonly line: number; readonly column: number; readonly written: string }[] = []
        for (const [header, entries, isList] of sections) {
          for (const [index, keys] of entries.slice(0, isList ? undefined : 1).entries()) {
            lines.push(isList ? `[[ ${header.written} ]] # t` : `[${header.written}]`)
            for (const [each, written, indent] of keys) {
              const path = isList ? [header.text, index, each.text] : [header.text, each.text]
              expected.push({ path, line: lines.length + 1, column: indent.length + 1, written })
              lines.push(...`${indent}${each.written} = ${written}`.split('\n'))
            }
          }
        }
        const document = read(lines.join(newline))
        for (const { path, line, column, written } of expected) {
          expect({ key: formatKey(path), ...document.locate(path) }).toEqual({ key: formatKey(path), line, column })
          expect(document.written(path)).toBe(written)
        }
      }),
      { numRuns: 300 },
    )
  })
})
