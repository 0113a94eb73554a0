import { createHash } from 'node:crypto'
import { Transform } from 'node:stream'
import { PackagerError } from '../errors.ts'
import type { Descriptor } from '../oci/descriptor.ts'

/**
 * Passes bytes on and fails with `DIGEST_MISMATCH` where they are not the ones that `descriptor` promises: at once where
 * there are too many, else at the end. The last piece is held back until then, so that no reader gets all of a wrong content.
 */
export function verifying(descriptor: Descriptor, step: string, value: string = descriptor.digest): Transform {
  const hash = createHash('sha256')
  let size = 0
  const wrong = (found: string, wanted: string): PackagerError => new PackagerError({ code: 'DIGEST_MISMATCH', step, value, found, wanted })
  const problem = (): PackagerError | undefined => {
    if (size !== descriptor.size) return wrong(`${size} bytes`, `${descriptor.size} bytes`)
    const digest = `sha256:${hash.digest('hex')}`
    return digest === descriptor.digest ? undefined : wrong(digest, descriptor.digest)
  }
  let checked = false
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.byteLength
      if (size > descriptor.size) return done(wrong(`more than ${descriptor.size} bytes`, `${descriptor.size} bytes`))
      hash.update(chunk)
      if (size < descriptor.size) return done(null, chunk)
      checked = true
      const found = problem()
      if (found === undefined) done(null, chunk)
      else done(found)
    },
    flush(done) {
      done(checked ? null : (problem() ?? null))
    },
  })
}
