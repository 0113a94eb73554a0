import { createHash } from 'node:crypto'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import type { UnpackLimits } from '../layers/unpack-limits.ts'
import { defaultLimits } from '../layers/unpack-limits.ts'
import { isZstd, unzstd } from '../layers/zstd.ts'
import { PackagerError, reason, systemCode, throwIfCancelled } from '../errors.ts'
import type { Digest } from '../oci/digest.ts'
import { ByteReader } from '../tar/bytes.ts'
import { ArchiveFault, broken, refused, tooMuch } from '../tar/fault.ts'
import { isGzip } from '../tar/format.ts'
import type { Member } from '../tar/members.ts'
import { MemberReader } from '../tar/members.ts'
import type { InspectedFile } from './inspection.ts'
import { machineBytes, machineOf } from '../targets/machine.ts'

/** What a layer holds, and what it is uncompressed. */
export interface LayerFiles {
  readonly files: readonly InspectedFile[]
  readonly diffID: Digest
}

const step = 'read layer'
/** Linux's `PATH_MAX`: what is longer can be in no file system. */
const longestPath = 4095

/**
 * Lists the files of a layer, a tar, plain, gzip or zstd, as it streams by: nothing is written and no content is kept. It is read
 * with all the care that archives are (`MemberReader`); what it must not hold is an error.
 *
 * @param value the layer's name, for messages
 * @throws PackagerError `UNREADABLE`, `UNSUPPORTED`, `CANCELLED`, and what `bytes` throws
 */
export async function listLayer(bytes: AsyncIterable<Buffer>, packed: number, value: string, signal?: AbortSignal, limits: UnpackLimits = defaultLimits): Promise<LayerFiles> {
  const hash = createHash('sha256')
  const reader = new ByteReader(limited(plain(bytes), packed, limits, (piece) => hash.update(piece)))
  try {
    const members = new MemberReader(reader)
    const files: InspectedFile[] = []
    for (let member = await members.next(); member !== undefined; member = await members.next()) {
      throwIfCancelled(signal, step)
      if (files.length === limits.entries) throw tooMuch(`more than ${limits.entries} files and folders`, String(limits.entries))
      files.push(await described(member, members))
    }
    return { files, diffID: `sha256:${hash.digest('hex')}` }
  } catch (cause) {
    if (cause instanceof PackagerError) throw cause
    if (cause instanceof ArchiveFault) throw new PackagerError({ ...cause.fault, step, value })
    throw new PackagerError({ code: 'UNREADABLE', step, value, found: reason(cause), cause })
  } finally {
    await reader.close()
  }
}

async function described(member: Member, members: MemberReader): Promise<InspectedFile> {
  const common = { path: pathOf(member.name), type: member.type, mode: member.mode & 0o7777, size: member.size }
  if (member.type !== 'file') return { ...common, machine: null, digest: null }
  const hash = createHash('sha256')
  const head: Buffer[] = []
  let known = 0
  for await (const piece of members.content(member)) {
    hash.update(piece)
    if (known < machineBytes) head.push(piece.subarray(0, machineBytes - known))
    known += piece.length
  }
  const machine = machineOf(Buffer.concat(head))
  return { ...common, machine: machine?.machine ?? null, ...(machine === undefined ? {} : { format: machine.format }), digest: `sha256:${hash.digest('hex')}` }
}

/** From the root, whichever way the tar writes it. */
function pathOf(name: Buffer): string {
  if (name.length > longestPath) throw refused(name, `a name of more than ${longestPath} bytes`)
  const parts = name.toString('utf8').split('/').filter((part) => part !== '' && part !== '.')
  if (parts.includes('..')) throw refused(name, 'a name that leaves the layer')
  return `/${parts.join('/')}`
}

async function* plain(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const source = bytes[Symbol.asyncIterator]()
  const first = await source.next()
  const all = startingWith(first.done === true ? [] : [first.value], source)
  if (first.done !== true && isZstd(first.value)) yield* unzstd(all)
  else yield* first.done !== true && isGzip(first.value) ? gunzipped(all) : all
}

async function* startingWith(first: readonly Buffer[], rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* first
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value
  } finally {
    await rest.return?.()
  }
}

async function* gunzipped(packed: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  // The reader of `unpacked` sees every failure of the pipeline as its own error.
  const unpacked = pipeline(packed, createGunzip({ chunkSize: 256 * 1024 }), () => undefined)
  try {
    yield* unpacked as AsyncIterable<Buffer>
  } catch (cause) {
    if (systemCode(cause)?.startsWith('Z_') === true) throw broken(`a gzip stream with an error in it: ${reason(cause)}`)
    throw cause
  }
}

/** A few bytes of gzip can stand for days of reading. */
async function* limited(tar: AsyncIterable<Buffer>, packed: number, limits: UnpackLimits, seen: (piece: Buffer) => void): AsyncGenerator<Buffer> {
  const most = Math.min(limits.bytes, Math.max(limits.ratioFromBytes, packed * limits.ratio))
  let bytes = 0
  for await (const piece of tar) {
    bytes += piece.length
    if (bytes > most) throw tooMuch(`${packed} bytes that unpack to more than ${most}`, String(most))
    seen(piece)
    yield piece
  }
}
