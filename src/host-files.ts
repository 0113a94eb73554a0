import { readFile, stat } from 'node:fs/promises'

/** Far more than credentials, certificates and rules for registries have. */
const largest = 16 * 1024 ** 2

/**
 * Reads a file of the machine's own setup, such as credentials or certificates. A pipe that a shell holds open (`<(command)`,
 * which is `/dev/fd/63`) is one; any other pipe or a device is not even opened, since that can wait or go on for ever.
 */
export async function readHostFile(path: string): Promise<Buffer> {
  const stats = await stat(path)
  const isHeld = /^\/(?:dev\/(?:fd\/|stdin$)|proc\/)/.test(path)
  if (!stats.isFile() && !stats.isDirectory() && !(stats.isFIFO() && isHeld)) throw new Error('no regular file')
  if (stats.size > largest) throw new Error(`a file of ${stats.size} bytes, and at most ${largest} are read`)
  return readFile(path)
}
