/** The header of an ELF program and a few bytes. */
export function elf(machine: number, bits: 32 | 64 = 64, order: 'le' | 'be' = 'le', more = ''): Buffer {
  const bytes = Buffer.alloc(64)
  bytes.writeUInt32BE(0x7f454c46, 0)
  bytes[4] = bits === 64 ? 2 : 1
  bytes[5] = order === 'le' ? 1 : 2
  if (order === 'le') bytes.writeUInt16LE(machine, 18)
  else bytes.writeUInt16BE(machine, 18)
  return Buffer.concat([bytes, Buffer.from(more)])
}

export const machines = { amd64: 62, arm64: 183, s390x: 22 } as const
