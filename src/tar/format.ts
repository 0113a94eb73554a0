/** What files begin with that people give for a tar. */
const magics: readonly (readonly [bytes: string, name: string])[] = [
  ['504b0304', 'a zip archive'],
  ['504b0506', 'an empty zip archive'],
  ['28b52ffd', 'a zstd stream'],
  ['fd377a585a00', 'an xz stream'],
  ['425a68', 'a bzip2 stream'],
  ['04224d18', 'an lz4 stream'],
  ['1f8b', 'a gzip stream within another'],
  ['1f9d', 'a stream of compress (.Z)'],
  ['377abcaf271c', 'a 7-Zip archive'],
  ['526172211a07', 'a RAR archive'],
  ['213c617263683e0a', 'an ar archive'],
  ['303730373031', 'a cpio archive'],
  ['7f454c46', 'an ELF program'],
]

const gzipMagic = Buffer.from('1f8b', 'hex')

export function isGzip(head: Uint8Array): boolean {
  return gzipMagic.equals(head.subarray(0, 2))
}

/**
 * What a file that is no tar seems to be, from its first bytes, or `undefined`. A server that answers a download with a
 * login page is the usual case.
 */
export function formatOf(head: Buffer): string | undefined {
  if (head.length === 0) return 'an empty file'
  const hex = head.toString('hex', 0, 8)
  const known = magics.find(([magic]) => hex.startsWith(magic))
  if (known !== undefined) return known[1]
  const text = head.toString('utf8').replace(/^\uFEFF/, '').trimStart().toLowerCase()
  if (/^<(!doctype html|html|head|body)/.test(text)) return 'a web page (HTML)'
  if (text.startsWith('<?xml')) return 'an XML document'
  if (text.startsWith('version https://git-lfs')) return 'a pointer of Git LFS, not the file itself'
  if (/^[[{]\s*["{\]}]/.test(text)) return 'a JSON document'
  return undefined
}
