/** What the beginning of a program says that it is: of Linux and the BSDs, of Windows, of macOS. */
export type ProgramFormat = 'elf' | 'pe' | 'mach-o'

/** What an executable runs on, in Go's words for architectures; what Go has no word for is `elf-93` and the like. */
export interface Machine {
  readonly format: ProgramFormat
  readonly machine: string
}

/** Enough of a file's beginning to find its machine in. */
export const machineBytes = 4096

const machOMagics: ReadonlySet<number> = new Set([0xfeedface, 0xfeedfacf, 0xcefaedfe, 0xcffaedfe, 0xcafebabe])

/** By the first bytes alone, whatever comes of the rest: a program for DOS counts as one of Windows, a class of Java as one of macOS. */
export function formatOf(head: Buffer): ProgramFormat | undefined {
  if (head.toString('latin1', 0, 2) === 'MZ') return 'pe'
  const magic = head.length < 4 ? 0 : head.readUInt32BE(0)
  if (magic === 0x7f_45_4c_46) return 'elf'
  return machOMagics.has(magic) ? 'mach-o' : undefined
}

/**
 * The machine in the header of an ELF, Mach-O or PE file (objects and libraries have one as well), from its first bytes;
 * undefined for anything else.
 *
 * @example
 * machineOf(Buffer.from('7f454c4602010100000000000000000002003e00', 'hex')) // { format: 'elf', machine: 'amd64' }
 */
export function machineOf(head: Buffer): Machine | undefined {
  const format = formatOf(head)
  if (format === undefined || head.length < 20) return undefined
  const machine = format === 'elf' ? elfMachine(head) : format === 'pe' ? peMachine(head) : machOMachine(head, head.readUInt32BE(0))
  return machine === undefined ? undefined : { format, machine }
}

/** `e_machine` of what has one word size, by its usual byte order (System V ABI, "ELF Header"). */
const littleMachines: Readonly<Record<number, string>> = { 3: '386', 40: 'arm', 62: 'amd64', 183: 'arm64', 258: 'loong64' }
const bigMachines: Readonly<Record<number, string>> = { 2: 'sparc', 20: 'ppc', 43: 'sparc64' }

function elfMachine(head: Buffer): string {
  const [is64, isLittle] = [head[4] === 2, head[5] !== 2]
  const number = isLittle ? head.readUInt16LE(18) : head.readUInt16BE(18)
  if (number === 8) return `mips${is64 ? '64' : ''}${isLittle ? 'le' : ''}`
  if (number === 21) return `ppc64${isLittle ? 'le' : ''}`
  const little = number === 243 ? (is64 ? 'riscv64' : 'riscv32') : littleMachines[number]
  if (little !== undefined) return isLittle ? little : `${little}be`
  const big = number === 22 ? (is64 ? 's390x' : 's390') : bigMachines[number]
  if (big !== undefined) return isLittle ? `${big}le` : big
  return `elf-${number}`
}

/** What {@link machineOf} calls the machines of ELF files that Go has a word for. */
const knownMachines: ReadonlySet<string> = new Set(['386', 'amd64', 'arm', 'arm64', 'loong64', 'mips', 'mipsle', 'mips64', 'mips64le', 'ppc64', 'ppc64le', 'riscv64', 's390x'])

/** Whether the machine of a target's architecture is known, so that a program can be told to be of another. */
export function isKnownMachine(arch: string): boolean {
  return knownMachines.has(arch)
}

const peMachines: Readonly<Record<number, string>> = { 0x14c: '386', 0x1c0: 'arm', 0x1c4: 'arm', 0x5064: 'riscv64', 0x6264: 'loong64', 0x8664: 'amd64', 0xaa64: 'arm64' }

/** DOS programs begin the same way and have no second header. */
function peMachine(head: Buffer): string | undefined {
  const offset = head.length < 64 ? head.length : head.readUInt32LE(60)
  if (offset + 6 > head.length || head.toString('latin1', offset, offset + 4) !== 'PE\0\0') return undefined
  const number = head.readUInt16LE(offset + 4)
  return peMachines[number] ?? `pe-${number.toString(16)}`
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
