/**
 * Names are bytes, since file systems promise no encoding. Here they are strings with one character for each byte (latin1),
 * which is a quarter of what a `Buffer` of such length takes, sorts as the bytes do and can be the key of a map.
 *
 * @example
 * bytesOfText('grüße') // 'grÃ¼Ã\x9fe'
 */
export function bytesOfText(text: string): string {
  return isAscii(text) ? text : Buffer.from(text).toString('latin1')
}

/** For messages and patterns; bytes that are no UTF-8 show as replacement characters. */
export function textOfBytes(name: string): string {
  return isAscii(name) ? name : Buffer.from(name, 'latin1').toString('utf8')
}

/** What Node's file functions take for the file of that name, whatever its bytes. */
export function pathOfBytes(path: string): string | Buffer {
  return isAscii(path) ? path : Buffer.from(path, 'latin1')
}

function isAscii(text: string): boolean {
  return !/[\u0080-\uffff]/.test(text)
}
