import { constants, createReadStream, fstat, open } from 'node:fs'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'

/**
 * Opens a file, a pipe or a device for reading, and waits for none of them: opening a pipe that nobody writes to would keep a
 * thread, and with it the end of the process, until somebody does.
 */
export async function openAnything(path: string, signal: AbortSignal | undefined): Promise<Readable> {
  // Windows does not know the second one, nor pipes by a path.
  const fd = await promisify(open)(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  const isPipe = (await promisify(fstat)(fd)).isFIFO()
  if (!isPipe) return createReadStream(path, { fd, signal })
  const { Socket } = await import('node:net')
  return new Socket({ fd, readable: true, writable: false, ...(signal === undefined ? {} : { signal }) })
}
