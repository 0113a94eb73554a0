import type { Readable } from 'node:stream'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/** The rest of a stream. The source checks all of it, so what comes before is read and dropped. */
export function startingAt(stream: Readable, start: number): Readable {
  if (start === 0) return stream
  let left = start
  const rest = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const dropped = Math.min(left, chunk.length)
      left -= dropped
      done(null, chunk.subarray(dropped))
    },
  })
  // The reader of `rest` sees every failure of the pipeline as its own error.
  pipeline(stream, rest).catch(() => undefined)
  return rest
}
