const blockSize = 512

/** The files of a plain archive, by name, read apart from the code that writes it. Throws where it ends early or goes on after its end. */
export function readTar(archive: Buffer): ReadonlyMap<string, Buffer> {
  const files = new Map<string, Buffer>()
  let offset = 0
  for (;;) {
    const header = archive.subarray(offset, offset + blockSize)
    if (header.length < blockSize) throw new Error('unexpected EOF')
    if (header.every((byte) => byte === 0)) break
    const [name = ''] = header.toString('latin1', 0, 100).split('\0')
    const size = Number.parseInt(header.toString('latin1', 124, 135), 8)
    const end = offset + blockSize + Math.ceil(size / blockSize) * blockSize
    if (archive.length < end) throw new Error('unexpected EOF')
    if (files.has(name)) throw new Error(`${name} is there twice`)
    if (header.toString('latin1', 156, 157) === '0') files.set(name, archive.subarray(offset + blockSize, offset + blockSize + size))
    offset = end
  }
  if (archive.length !== offset + 2 * blockSize) throw new Error(`${archive.length - offset} bytes at the end, want two blocks`)
  return files
}
