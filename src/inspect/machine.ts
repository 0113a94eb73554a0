import type { InspectedFile } from './inspection.ts'

/** What an executable runs on, in Go's words for architectures; what Go has no word for is `elf-93` and the like. */
export interface Machine {
  readonly format: NonNullable<InspectedFile['format']>
  readonly machine: string
}

/** Enough of a file's beginning to find its machine in. */
export const machineBytes = 4096

/**
 * The machine in the header of an ELF, Mach-O or PE file (objects and libraries have one as well), from its first bytes;
 * undefined for anything else.
 *
 * @example
 * machineOf(Buffer.from('7f454c4602010100000000000000000002003e00', 'hex')) // { format: 'elf', machine: 'amd64' }
 */
export function machineOf(head: Buffer): Machine | undefined {
  if (head.length < 20) return undefined
  const magic = head.readUInt32BE(0)
  if (magic === 0x7f_45_4c_46) return { format: 'elf', machine: elfMachine(head) }
  if (head.toString('latin1', 0, 2) === 'MZ') return peMachine(head)
  const machine = machOMachine(head, magic)
  return machine === undefined ? undefined : { format: 'mach-o', machine }
}

/** `e_machine` where word size and byte order make no difference, or none that has a name of its own. */
const elfMachines: Readonly<Record<number, string>> = { 2: 'sparc', 3: '386', 20: 'ppc', 40: 'arm', 43: 'sparc64', 62: 'amd64', 183: 'arm64', 258: 'loong64' }

function elfMachine(head: Buffer): string {
  const [is64, isLittle] = [head[4] === 2, head[5] !== 2]
  const number = isLittle ? head.readUInt16LE(18) : head.readUInt16BE(18)
  if (number === 8) return `mips${is64 ? '64' : ''}${isLittle ? 'le' : ''}`
  if (number === 21) return `ppc64${isLittle ? 'le' : ''}`
  if (number === 22) return is64 ? 's390x' : 's390'
  if (number === 243) return is64 ? 'riscv64' : 'riscv32'
  const name = elfMachines[number]
  if (name === undefined) return `elf-${number}`
  return !isLittle && (name === 'arm' || name === 'arm64') ? `${name}be` : name
}

const peMachines: Readonly<Record<number, string>> = { 0x14c: '386', 0x1c0: 'arm', 0x1c4: 'arm', 0x5064: 'riscv64', 0x6264: 'loong64', 0x8664: 'amd64', 0xaa64: 'arm64' }

/** DOS programs begin the same way and have no second header. */
function peMachine(head: Buffer): Machine | undefined {
  const offset = head.length < 64 ? head.length : head.readUInt32LE(60)
  if (offset + 6 > head.length || head.toString('latin1', offset, offset + 4) !== 'PE\0\0') return undefined
  const number = head.readUInt16LE(offset + 4)
  return { format: 'pe', machine: peMachines[number] ?? `pe-${number.toString(16)}` }
}

const machOMachines: Readonly<Record<number, string>> = { 7: '386', 12: 'arm', 18: 'ppc', 0x1000007: 'amd64', 0x100000c: 'arm64', 0x1000012: 'ppc64' }

function machOMachine(head: Buffer, magic: number): string | undefined {
  if (magic === 0xcafebabe) return universal(head)
  if (magic === 0xfeedface || magic === 0xfeedfacf) return named(head.readUInt32BE(4))
  return magic === 0xcefaedfe || magic === 0xcffaedfe ? named(head.readUInt32LE(4)) : undefined
}

/** Java's classes begin as universal binaries do, with a version where those have a count, and no version is as small. */
function universal(head: Buffer): string | undefined {
  const count = head.readUInt32BE(4)
  if (count === 0 || count >= 45) return undefined
  const offsets = Array.from({ length: count }, (_, index) => 8 + index * 20).filter((offset) => offset + 4 <= head.length)
  return offsets.map((offset) => named(head.readUInt32BE(offset))).join('+')
}

function named(cpu: number): string {
  return machOMachines[cpu] ?? `mach-o-${cpu.toString(16)}`
}
