import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import { open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { extract } from 'tar-stream'
import type { Header } from 'tar-stream'
import { PackagerError, reason, throwIfCancelled } from '../errors.ts'
import type { LayerEntry } from './entries.ts'
import { fileError } from './walk.ts'

/** What one archive holds, in its own order; contents lie one after another in the spool file. */
export interface Unpacked {
  readonly entries: readonly LayerEntry[]
}

const none = Buffer.alloc(0)

/**
 * Reads a tar, plain or gzip (SPEC-package.md section 1, "Sources"): entries in the archive's order, names cleaned, the root
 * entry left out. Nothing is extracted: all contents go into the one file `spool`, so no name in the archive ever becomes a
 * path on this machine. Names that leave the archive's root, and entries that are neither file, folder nor link, are refused.
 *
 * @throws PackagerError `UNREADABLE` for a broken archive, `UNSUPPORTED` for what it must not hold
 */
export async function unpack(archive: string, spool: string, signal?: AbortSignal): Promise<Unpacked> {
  const entries: LayerEntry[] = []
  const seen = new Set<string>()
  const out = createWriteStream(spool, { flags: 'wx' })
  let start = 0
  const reader = extract()
  const feeding = pipeline(await openArchive(archive), reader, { signal })
  feeding.catch(() => undefined)
  try {
    for await (const member of reader) {
      throwIfCancelled(signal, 'read archive')
      const entry = toEntry(archive, member.header, spool, start)
      if (entry !== undefined) {
        const key = entry.name.toString('latin1')
        if (seen.has(key)) throw refused(archive, entry.name.toString(), 'an entry that stands in the archive twice')
        seen.add(key)
        entries.push(entry)
      }
      for await (const chunk of member as AsyncIterable<Buffer>) {
        start += chunk.length
        if (!out.write(chunk)) await once(out, 'drain')
      }
    }
    await feeding
    await new Promise<void>((resolve, reject) => out.end((cause: unknown) => (cause instanceof Error ? reject(cause) : resolve())))
    return { entries }
  } catch (cause) {
    reader.destroy()
    if (cause instanceof PackagerError) throw cause
    throwIfCancelled(signal, 'read archive')
    throw new PackagerError({ code: 'UNREADABLE', step: 'read archive', value: archive, found: reason(cause), wanted: 'a tar, plain or gzip', cause })
  } finally {
    out.destroy()
  }
}

/** The magic number decides, not the name's ending. */
async function openArchive(archive: string): Promise<Readable> {
  const file = await open(archive, 'r').catch((cause: unknown) => {
    throw fileError(archive, 'read archive', cause)
  })
  const magic = Buffer.alloc(2)
  await file.read(magic, 0, 2, 0)
  await file.close()
  const stream = createReadStream(archive, { highWaterMark: 256 * 1024 })
  if (magic[0] !== 0x1f || magic[1] !== 0x8b) return stream
  const plain = createGunzip({ chunkSize: 256 * 1024 })
  stream.on('error', (cause) => plain.destroy(cause))
  plain.on('close', () => stream.destroy())
  return stream.pipe(plain)
}

function toEntry(archive: string, header: Header, spool: string, start: number): LayerEntry | undefined {
  const name = clean(archive, header.name)
  if (name === '') return undefined
  const common = { name: Buffer.from(name), executable: ((header.mode ?? 0) & 0o111) !== 0, link: none, content: undefined }
  const type = header.type ?? 'file'
  if (type === 'directory') return { ...common, type: 'folder', size: 0 }
  if (type === 'symlink') return { ...common, type: 'symlink', size: 0, link: Buffer.from(header.linkname ?? '') }
  if (type === 'link') return { ...common, type: 'hardlink', size: 0, link: Buffer.from(clean(archive, header.linkname ?? '')) }
  if (type !== 'file' && type !== 'contiguous-file') throw refused(archive, name, `an entry of type ${type}`)
  return { ...common, type: 'file', size: header.size ?? 0, content: { kind: 'file', path: spool, start, modified: undefined } }
}

/** `./bin/build` is `bin/build`; the root itself is ''. */
function clean(archive: string, name: string): string {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.includes('..') || name.includes('\0')) throw refused(archive, name, 'a name that leaves the archive')
  return parts.join('/')
}

function refused(archive: string, name: string, found: string): PackagerError {
  return new PackagerError({ code: 'UNSUPPORTED', step: 'read archive', value: archive, found: `${found}: ${JSON.stringify(name)}`, wanted: 'files, folders and links below its root, each once' })
}
