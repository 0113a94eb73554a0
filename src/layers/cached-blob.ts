import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { PackagerError, reason } from '../errors.ts'
import type { Blob, Descriptor } from '../oci/descriptor.ts'
import { fileBlob } from './spool.ts'

/** Makes a layer again that the cache turned out not to have; `cause` is what was found instead. */
export type Remake = (cause: unknown) => Promise<Blob>

/**
 * A blob of the cache. The first opening hashes the file: it may have lain around for weeks, and a layout that it was linked
 * into may have been written to. What is damaged or gone is made anew, before a byte of it has gone anywhere. A blob that
 * its destination has already is never opened, so this costs nothing where nothing is sent.
 *
 * The path stays untold, since a store that links the file in would not read it.
 *
 * @param remake without it, damage is an error
 */
export function cachedBlob(path: string, descriptor: Descriptor, remake: Remake | undefined): Blob {
  let sound: Promise<Blob> | undefined
  return {
    descriptor,
    open: async (start = 0) => {
      sound ??= soundBlob(path, descriptor, remake)
      return (await sound).open(start)
    },
  }
}

async function soundBlob(path: string, descriptor: Descriptor, remake: Remake | undefined): Promise<Blob> {
  try {
    await checkFile(path, descriptor)
    return fileBlob(path, descriptor)
  } catch (cause) {
    await rm(path, { force: true }).catch(() => undefined)
    if (remake === undefined) throw cause
    const again = await remake(cause)
    if (again.descriptor.digest === descriptor.digest) return again
    throw mismatch(path, again.descriptor.digest, descriptor, 'the cache named another layer for these files and was put right: run again')
  }
}

async function checkFile(path: string, descriptor: Descriptor): Promise<void> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path, { highWaterMark: 256 * 1024 }), hash).catch((cause: unknown) => {
    throw new PackagerError({ code: 'SPOOL', step: 'read cached layer', value: path, found: reason(cause), hint: 'another run may have made room: run again, or say --no-cache', cause })
  })
  const found = `sha256:${hash.digest('hex')}`
  if (found !== descriptor.digest) throw mismatch(path, found, descriptor, 'the damaged file was removed from the cache: run again')
}

function mismatch(path: string, found: string, { digest }: Descriptor, hint: string): PackagerError {
  return new PackagerError({ code: 'DIGEST_MISMATCH', step: 'read cached layer', value: path, found, wanted: digest, hint })
}
