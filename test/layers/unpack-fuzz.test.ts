import { readdirSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { PackagerError } from '../../src/errors.ts'
import type { TarMember } from '../support/archives/tar-bytes.ts'
import { longMember, paxMember, putChecksum, tarBytes } from '../support/archives/tar-bytes.ts'
import type { SeenEntry } from '../support/archives/unpacking.ts'
import { unpackIn } from '../support/archives/unpacking.ts'
import { emptyTree } from '../support/tree/tree.ts'

/** `npm test` has time for a share of them; `BP_FUZZ_RUNS=100000` for all. `BP_FUZZ_SEED` takes others. */
const runs = Number(process.env['BP_FUZZ_RUNS'] ?? 2000)

const part = fc.oneof(
  { weight: 25, arbitrary: fc.constantFrom('a', 'b', 'bin', 'build', 'é', '.', 'x'.repeat(120)) },
  { weight: 1, arbitrary: fc.constantFrom('..', '', '\u0001', '\u009b', '\0') },
)
const name = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'))
const content = fc.oneof(fc.string({ maxLength: 20 }), fc.nat(1500).map((size) => 'c'.repeat(size)))

const member: fc.Arbitrary<readonly TarMember[]> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ name, content, mode: fc.nat(0o7777), magic: fc.constantFrom('ustar', 'gnu', 'none') }).map((file) => [file]) },
  { weight: 6, arbitrary: name.map((folder) => [{ name: `${folder}/`, flag: '5' }]) },
  { weight: 4, arbitrary: fc.record({ name, link: name, flag: fc.constantFrom('1', '2') }).map((link) => [link]) },
  { weight: 1, arbitrary: fc.record({ name, flag: fc.constantFrom('3', '6', 'S', 'V', 'M', 'Z') }).map((odd) => [odd]) },
  { weight: 3, arbitrary: fc.tuple(name, content).map(([path, text]) => [paxMember({ path, size: String(text.length) }), { name: 'cut', content: text }]) },
  { weight: 3, arbitrary: fc.tuple(name, name).map(([long, link]) => [longMember('L', long), longMember('K', link), { name: 'cut', flag: '2' }]) },
  { weight: 1, arbitrary: fc.dictionary(fc.constantFrom('path', 'linkpath', 'size', 'comment', 'GNU.sparse.major'), name).map((records) => [paxMember(records, 'g')]) },
)

/** What happens to the bytes. `at` and `length` are shares of the archive, so that they fit archives of any size. */
type Mutation =
  | { readonly kind: 'set'; readonly at: number; readonly value: number; readonly mends: boolean }
  | { readonly kind: 'stretch'; readonly at: number; readonly length: number; readonly becomes: 'nothing' | 'twice' | 'zeros' }
  | { readonly kind: 'cut'; readonly at: number }
  | { readonly kind: 'insert'; readonly at: number; readonly bytes: Uint8Array }

const share = fc.double({ min: 0, max: 1, noNaN: true })
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('set' as const), at: share, value: fc.nat(255), mends: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('stretch' as const), at: share, length: share, becomes: fc.constantFrom('nothing', 'twice', 'zeros') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut' as const), at: share }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('insert' as const), at: share, bytes: fc.uint8Array({ maxLength: 600 }) }) },
)

const archive = fc.record({
  members: fc.array(member, { maxLength: 8 }).map((groups) => groups.flat()),
  before: fc.oneof(fc.constant([]), fc.array(mutation, { maxLength: 3 })),
  isPacked: fc.boolean(),
  after: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.array(mutation, { maxLength: 2 }) }),
})

function mutate(bytes: Buffer, mutations: readonly Mutation[]): Buffer {
  return mutations.reduce((now, one) => mutated(now, one), bytes)
}

function mutated(bytes: Buffer, one: Mutation): Buffer {
  const at = Math.floor(one.at * bytes.length)
  const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)]
  if (one.kind === 'insert') return Buffer.concat([head, one.bytes, tail])
  if (one.kind === 'cut') return head
  if (one.kind === 'set') {
    const copy = Buffer.from(bytes)
    if (at < copy.length) copy[at] = one.value
    // Headers that are wrong in one place and right in all others are what gets past a checksum.
    if (one.mends && at - (at % 512) + 512 <= copy.length) putChecksum(copy, undefined, at - (at % 512))
    return copy
  }
  const stretch = tail.subarray(0, 1 + Math.floor(one.length * 2048))
  const instead = { nothing: [], twice: [stretch, stretch], zeros: [Buffer.alloc(stretch.length)] }[one.becomes]
  return Buffer.concat([head, ...instead, tail.subarray(stretch.length)])
}

/** What is wrong with a result, whatever the archive was, as a tree that a folder could hold. */
function faultsOf(entries: readonly SeenEntry[]): string[] {
  const seen = new Map<string, SeenEntry>()
  return entries.flatMap((entry) => {
    const { name, type, link = '' } = entry
    const parts = name.split('/')
    const above = parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'))
    const checks = {
      'a name that is not clean': parts.some((part) => ['', '.', '..'].includes(part) || part.includes('\0') || part.length > 255),
      'a name twice': seen.has(name),
      'an entry below what is no folder': above.some((folder) => (seen.get(folder)?.type ?? 'folder') !== 'folder'),
      'a file in place of a folder': type !== 'folder' && [...seen.keys()].some((other) => other.startsWith(`${name}/`)),
      'a hard link to no file': type === 'hardlink' && seen.get(link)?.type !== 'file',
      'a symlink to nothing': type === 'symlink' && (link === '' || link.includes('\0')),
    }
    seen.set(name, entry)
    return Object.entries(checks).flatMap(([fault, is]) => (is ? [`${fault}: ${name}`] : []))
  })
}

/** What is wrong with a refusal: it is in one line, without control characters, and names the archive. */
function faultOf(error: unknown): string | undefined {
  if (!(error instanceof PackagerError)) return `an error of no kind of ours: ${String(error)}`
  if (error.code !== 'UNREADABLE' && error.code !== 'UNSUPPORTED') return error.code
  return /^read archive "\/[^"]*\/bp\.tgz": got \P{Cc}+, want \P{Cc}+$/u.test(error.message) ? undefined : error.message
}

function openFiles(): number {
  return process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0
}

test('a mutated archive is refused in words or gives a tree that a folder could hold, and nothing stays behind', { timeout: 0 }, async () => {
  await using tree = await emptyTree()
  const limits = { bytes: 1_000_000, entries: 100, ratioFromBytes: 500_000 }
  const outcomes = { taken: 0, refused: 0 }
  await unpackIn(tree.path, gzipSync(tarBytes([])))
  const openBefore = openFiles()
  await fc.assert(
    fc.asyncProperty(archive, async ({ members, before, isPacked, after }) => {
      const tar = mutate(tarBytes(members), before)
      const bytes = mutate(isPacked ? gzipSync(tar, { level: 1 }) : tar, after)
      const result = await unpackIn(tree.path, bytes, limits).catch((error: unknown) => error)
      const entries = Array.isArray(result) ? (result as readonly SeenEntry[]) : undefined
      outcomes[entries === undefined ? 'refused' : 'taken'] += 1
      if (entries === undefined) expect(faultOf(result)).toBeUndefined()
      else expect(faultsOf(entries)).toEqual([])
    }),
    { numRuns: runs },
  )
  // Both ways are walked often enough to mean something.
  expect(Math.min(outcomes.taken, outcomes.refused)).toBeGreaterThan(runs / 20)
  // The process has files of its own that come and go.
  await expect.poll(openFiles, { timeout: 10_000 }).toBeLessThanOrEqual(openBefore)
})
