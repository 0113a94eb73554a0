import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { LayerEntry } from '../../src/layers/entries.ts'
import { bytesEntry } from '../../src/layers/entries.ts'
import type { Row } from '../../src/layers/entry-table.ts'
import { EntryTable } from '../../src/layers/entry-table.ts'

const name = fc.string({ minLength: 1, unit: fc.nat(255).map((byte) => String.fromCharCode(byte)) })
const times = { modified: fc.double({ noNaN: true }), changed: fc.double({ noNaN: true }) }
const row: fc.Arbitrary<Row> = fc.oneof(
  fc.record({ name, type: fc.constant('file' as const), executable: fc.boolean(), size: fc.maxSafeNat(), link: fc.constant(''), start: fc.maxSafeNat(), ...times }),
  fc.record({ name, type: fc.constant('folder' as const), executable: fc.boolean(), size: fc.constant(0), link: fc.constant('') }),
  fc.record({ name, type: fc.constantFrom('symlink' as const, 'hardlink' as const), executable: fc.boolean(), size: fc.constant(0), link: name }),
)

/** What comes out again: for files of a folder their times, for those of a spool where they begin. */
function expected({ start, modified, changed, ...entry }: Row, kind: 'folder' | 'spool'): LayerEntry {
  const place = kind === 'folder' ? { path: `/p/${entry.name}`, start: 0, modified, changed } : { path: '/p', start: start ?? 0, modified: undefined, changed: undefined }
  return { ...entry, content: entry.type === 'file' ? { kind: 'file', ...place } : undefined }
}

describe.each(['folder', 'spool'] as const)('entries whose contents lie in a %s', (kind) => {
  test('come out as they were put in, in their order, as often as one looks', () => {
    fc.assert(
      fc.property(fc.array(row), (rows) => {
        const table = new EntryTable({ kind, path: '/p' })
        expect(rows.map((one) => table.add(one))).toEqual(rows.map((_, index) => index))
        expect([...table]).toEqual(rows.map((one) => expected(one, kind)))
        expect([...table]).toEqual([...table])
        expect(rows.map((_, index) => table.at(index))).toEqual([...table])
      }),
    )
  })

  test('may have others between them that are kept as they are', () => {
    const table = new EntryTable({ kind, path: '/p' })
    const laid = bytesEntry('buildpack.toml', Buffer.from('x'))
    const folder = { name: 'bin', type: 'folder', executable: true, size: 0, link: '' } as const
    table.add(folder)
    table.lay(laid)
    table.add({ ...folder, name: 'lib' })
    expect(Array.from(table, (entry) => entry.name)).toEqual(['bin', 'buildpack.toml', 'lib'])
    expect(table.at(1)).toBe(laid)
    expect(table.length).toBe(3)
    expect(table.at(3)).toBeUndefined()
    expect([...table.emptied()]).toEqual([])
  })
})
