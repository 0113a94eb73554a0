/** `e_machine` and byte order of ELF programs by Go's names of architectures (System V ABI, "ELF Header"). */
const machines: Readonly<Record<string, readonly [machine: number, isBig: boolean]>> = {
  '386': [3, false],
  amd64: [62, false],
  arm: [40, false],
  arm64: [183, false],
  loong64: [258, false],
  mips64le: [8, false],
  mips64: [8, true],
  ppc64: [21, true],
  ppc64le: [21, false],
  riscv64: [243, false],
  s390x: [22, true],
}

/** Bytes from the start of a file that `machineOf` looks at. */
export const machineBytes = 20

/**
 * What a program runs on, from its first bytes: an architecture by its Go name (`?` and a number for one not known here), or
 * the system whose format it is. Undefined for what is no program of a machine: a script.
 *
 * @example
 * machineOf(Buffer.from('7f454c460201010000000000000000000200b700', 'hex')) // { os: 'linux', arch: 'arm64' }
 */
export function machineOf(head: Buffer): { readonly os: string; readonly arch: string } | undefined {
  const magic = head.toString('hex', 0, 4)
  if (magic.startsWith('4d5a')) return { os: 'windows', arch: '' }
  if (['feedface', 'feedfacf', 'cefaedfe', 'cffaedfe', 'cafebabe'].includes(magic)) return { os: 'darwin', arch: '' }
  if (magic !== '7f454c46' || head.length < machineBytes) return undefined
  const isBig = head[5] === 2
  const machine = isBig ? head.readUInt16BE(18) : head.readUInt16LE(18)
  const known = Object.entries(machines).find(([, [number, big]]) => number === machine && big === isBig)
  return { os: 'linux', arch: known?.[0] ?? `?${machine}` }
}

/** Whether the machine of a target's architecture is known, so that a program can be told to be of another. */
export function isKnownMachine(arch: string): boolean {
  return Object.hasOwn(machines, arch)
}
