/** Bytes of a header block. */
export const blockSize = 512

/** A text that was cut in front of what follows a slash must not look like a folder's name to old readers. */
export function putText(bytes: Buffer, offset: number, length: number, text: Buffer): void {
  text.copy(bytes, offset, 0, length)
  if (text.length > length && bytes[offset + length - 1] === 0x2f) {
    bytes[offset + withoutTrailingSlashes(text.subarray(0, length)).length] = 0
  }
}

/** Digits up to the field's last byte, which stays as it is. */
export function putOctal(bytes: Buffer, offset: number, length: number, value: number): void {
  let rest = value
  for (let at = offset + length - 2; at >= offset; at -= 1) {
    bytes[at] = 0x30 + (rest % 8)
    rest = Math.floor(rest / 8)
  }
}

/** Whether a number has room in a field of octal digits that ends in a zero byte. */
export function fitsOctal(value: number, length: number): boolean {
  return value >= 0 && value < 8 ** (length - 1)
}

/** GNU's way for a number without that room: its bytes, the first bit set, two's complement where it is negative. */
export function putBinary(bytes: Buffer, offset: number, length: number, value: number): void {
  let rest = BigInt(value)
  for (let at = offset + length - 1; at >= offset; at -= 1) {
    bytes[at] = Number(BigInt.asUintN(8, rest))
    rest >>= 8n
  }
  bytes[offset] = (bytes[offset] ?? 0) | 0x80
}

/** The sum of all bytes, with the sum's own eight counted as spaces. */
export function withChecksum(bytes: Buffer): Buffer {
  let sum = 8 * 0x20
  for (let index = 0; index < blockSize; index += 1) sum += bytes[index] ?? 0
  putOctal(bytes, 148, 7, sum)
  bytes[154] = 0
  bytes[155] = 0x20
  return bytes
}

export function isAscii(text: Buffer): boolean {
  for (let index = 0; index < text.length; index += 1) if ((text[index] ?? 0) >= 0x80) return false
  return true
}

export function ascii(text: Buffer): Buffer {
  return isAscii(text) ? text : Buffer.from(text.filter((byte) => byte < 0x80))
}

export function withoutTrailingSlashes(text: Buffer): Buffer {
  let end = text.length
  while (end > 0 && text[end - 1] === 0x2f) end -= 1
  return text.subarray(0, end)
}

/**
 * A long name as USTAR's prefix and name. Only the first 156 bytes are looked at, for their last slash;
 * what is before it is the prefix, what follows it must fit the name field.
 */
export function splitName(name: Buffer): { name: Buffer; prefix: Buffer } | undefined {
  if (name.length <= 100 || !isAscii(name)) return undefined
  const slash = name.subarray(0, 156).lastIndexOf(0x2f)
  const rest = name.length - slash - 1
  if (slash <= 0 || rest < 1 || rest > 100) return undefined
  return { prefix: name.subarray(0, slash), name: name.subarray(slash + 1) }
}

/** `<length> <key>=<value>\n` for each record, sorted by key; the length counts itself. */
export function encodeRecords(records: ReadonlyMap<string, Buffer>): Buffer {
  const lines = [...records].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => {
    const rest = Buffer.byteLength(key) + value.length + 3
    let length = rest + String(rest).length
    if (String(length).length !== String(rest).length) length = rest + String(length).length
    return Buffer.concat([Buffer.from(`${length} ${key}=`), value, Buffer.from('\n')])
  })
  return Buffer.concat(lines)
}

/** How many zeros follow content of this size so that the next header begins at a block. */
export function paddingOf(size: number): number {
  return (blockSize - (size % blockSize)) % blockSize
}

export function padded(data: Buffer): Buffer {
  return Buffer.concat([data, Buffer.alloc(paddingOf(data.length))])
}
