/** One block with its content, as a tar has it; what is not said is as for a plain file. Nothing here is checked. */
export interface TarMember {
  readonly name: string | Buffer
  /** `0` a file, `1` a hard link, `2` a symlink, `5` a folder, `x` and `g` PAX, `L` and `K` GNU. */
  readonly flag?: string
  readonly content?: string | Buffer
  /** What the header says, where it lies. */
  readonly size?: number | Buffer
  readonly mode?: number
  readonly link?: string | Buffer
  readonly prefix?: string
  readonly magic?: 'ustar' | 'gnu' | 'none'
  readonly checksum?: number
}

const magics = { ustar: 'ustar\u000000', gnu: 'ustar  \u0000', none: '' } as const

/** An archive of these members with the two zero blocks at its end. */
export function tarBytes(members: readonly TarMember[]): Buffer {
  return Buffer.concat([...members.map(memberBytes), Buffer.alloc(1024)])
}

export function memberBytes(member: TarMember): Buffer {
  const content = Buffer.from(member.content ?? '')
  const block = Buffer.alloc(512)
  Buffer.from(member.name).copy(block, 0, 0, 100)
  putOctal(block, 100, 7, member.mode ?? 0o644)
  if (Buffer.isBuffer(member.size)) member.size.copy(block, 124)
  else putOctal(block, 124, 11, member.size ?? content.length)
  block.write(member.flag ?? '0', 156, 'latin1')
  Buffer.from(member.link ?? '').copy(block, 157, 0, 100)
  block.write(magics[member.magic ?? 'ustar'], 257, 'latin1')
  block.write(member.prefix ?? '', 345, 'latin1')
  putChecksum(block, member.checksum)
  return Buffer.concat([block, content, Buffer.alloc((512 - (content.length % 512)) % 512)])
}

/** A PAX header for the member after it, or with `g` for all of them. */
export function paxMember(records: Readonly<Record<string, string | Buffer>>, flag: 'x' | 'g' = 'x'): TarMember {
  return { name: 'PaxHeaders.0/x', flag, content: Buffer.concat(Object.entries(records).map(([key, value]) => recordBytes(key, Buffer.from(value)))) }
}

/** GNU's way of a long name (`L`) or link (`K`). */
export function longMember(flag: 'L' | 'K', text: string | Buffer): TarMember {
  return { name: '././@LongLink', flag, magic: 'gnu', content: Buffer.concat([Buffer.from(text), Buffer.alloc(1)]) }
}

/** Makes the checksum of the block at `offset` right again. */
export function putChecksum(bytes: Buffer, told?: number, offset = 0): void {
  const block = bytes.subarray(offset, offset + 512)
  block.fill(0x20, 148, 156)
  putOctal(block, 148, 6, told ?? block.reduce((sum, byte) => sum + byte, 0))
  block[154] = 0
}

function recordBytes(key: string, value: Buffer): Buffer {
  const rest = key.length + value.length + 3
  let length = rest + String(rest).length
  if (String(length).length !== String(rest).length) length = rest + String(length).length
  return Buffer.concat([Buffer.from(`${length} ${key}=`), value, Buffer.from('\n')])
}

function putOctal(block: Buffer, offset: number, digits: number, value: number): void {
  block.write(value.toString(8).padStart(digits, '0'), offset, 'latin1')
}
