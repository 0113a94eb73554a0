import { createHash } from 'node:crypto'
import { Transform } from 'node:stream'
import { PackagerError } from '../errors.ts'
import type { Descriptor } from '../oci/descriptor.ts'

/** Passes bytes on and fails at the end where they are not the ones that `descriptor` promises; too many fail at once. */
export function verifying(descriptor: Descriptor, step: string): Transform {
  const hash = createHash('sha256')
  let size = 0
  const wrong = (found: string, wanted: string): PackagerError =>
    new PackagerError({ code: 'DIGEST_MISMATCH', step, value: descriptor.digest, found, wanted })
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.byteLength
      if (size > descriptor.size) return done(wrong(`more than ${descriptor.size} bytes`, `${descriptor.size} bytes`))
      hash.update(chunk)
      done(null, chunk)
    },
    flush(done) {
      const digest = `sha256:${hash.digest('hex')}`
      if (size !== descriptor.size) return done(wrong(`${size} bytes`, `${descriptor.size} bytes`))
      done(digest === descriptor.digest ? null : wrong(digest, descriptor.digest))
    },
  })
}
