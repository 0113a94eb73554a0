import { open } from 'node:fs/promises'
import { readLifecycleToml } from '../config/lifecycle.ts'
import type { LifecycleFacts } from '../config/lifecycle.ts'
import { PackagerError, configError, reason } from '../errors.ts'
import type { Entries, LayerEntry } from '../layers/entries.ts'
import { displayName } from '../layers/entries.ts'
import { pathOfBytes } from '../layers/names.ts'
import type { TarInput } from '../layers/tar.ts'
import { fixedTime } from '../tar/header.ts'
import { plainStamp } from '../tar/stamp.ts'
import { formatTarget } from '../targets/grammar.ts'
import { formatOf, isKnownMachine, machineBytes, machineOf } from '../targets/machine.ts'
import type { ProgramFormat } from '../targets/machine.ts'
import type { Target } from '../targets/target.ts'

/** The phases of a build, and what joins and launches them: without one of these no platform can use a builder. */
export const lifecycleBinaries = ['detector', 'restorer', 'analyzer', 'builder', 'exporter', 'launcher', 'creator'] as const

/** A lifecycle as it lies in an archive, a folder or an image: lifecycle.toml at the top, programs below a top folder. */
export interface LifecycleFiles {
  readonly shown: string
  readonly toml: Buffer | undefined
  readonly entries: Entries
}

/**
 * Reads and checks a lifecycle's descriptor, and that its programs are there.
 *
 * @throws PackagerError `CONFIG` with all that is wrong in lifecycle.toml, `UNSUPPORTED` with the programs that are missing
 */
export function readLifecycle({ shown, toml, entries }: LifecycleFiles): { facts: LifecycleFacts; programs: readonly LayerEntry[] } {
  if (toml === undefined) {
    throw new PackagerError({
      code: 'UNSUPPORTED',
      step: 'read lifecycle',
      value: shown,
      found: 'no lifecycle.toml at its top',
      wanted: 'a lifecycle: lifecycle.toml, and its programs in a folder beside it',
    })
  }
  const { value, problems } = readLifecycleToml(toml, `${shown}: lifecycle.toml`)
  if (value === undefined) throw configError(`read lifecycle "${shown}"`, problems)
  const programs = below(entries, shown)
  const names = new Set(programs.filter(({ type }) => type !== 'folder').map(displayName))
  const missing = lifecycleBinaries.filter((name) => !names.has(name))
  if (missing.length > 0) throw incomplete(shown, missing, names)
  return { facts: value, programs }
}

function incomplete(shown: string, missing: readonly string[], names: ReadonlySet<string>): PackagerError {
  const isWindows = missing.every((name) => names.has(`${name}.exe`))
  return new PackagerError({
    code: 'UNSUPPORTED',
    step: 'read lifecycle',
    value: shown,
    found: isWindows ? `programs for Windows: ${missing.map((name) => `${name}.exe`).join(', ')}` : `no ${missing.join(', no ')} in a folder at its top`,
    wanted: `programs for Linux: ${lifecycleBinaries.join(', ')}`,
  })
}

/** What lies exactly one level below a folder at the top, by its last name; all else is dropped (SPEC-builder.md section 5). */
function below(entries: Entries, shown: string): readonly LayerEntry[] {
  const programs = new Map<string, LayerEntry>()
  for (const entry of entries) {
    const name = programName(entry.name)
    if (name === undefined) continue
    if (name.startsWith('.wh.')) {
      throw new PackagerError({
        code: 'UNSUPPORTED',
        step: 'read lifecycle',
        value: shown,
        found: `${displayName(entry)}, which engines take for the removal of another file`,
        wanted: 'files by other names',
      })
    }
    if (programs.has(name)) {
      throw new PackagerError({
        code: 'UNSUPPORTED',
        step: 'read lifecycle',
        value: shown,
        found: `two files that would be /cnb/lifecycle/${displayName({ name })}`,
        wanted: 'each once',
      })
    }
    programs.set(name, { ...entry, name, link: linkOf(entry, shown) })
  }
  return [...programs.values()]
}

function programName(name: string): string | undefined {
  const parts = name.split('/')
  return parts.length === 2 ? parts[1] : undefined
}

/** A hard link names another entry by its path, which is another one in the image. */
function linkOf(entry: LayerEntry, shown: string): string {
  if (entry.type !== 'hardlink') return entry.link
  const name = programName(entry.link)
  if (name !== undefined) return name
  throw new PackagerError({
    code: 'UNSUPPORTED',
    step: 'read lifecycle',
    value: shown,
    found: `${displayName(entry)}, a hard link to ${displayName({ name: entry.link })}`,
    wanted: 'links among the programs',
  })
}

const systems: Readonly<Record<ProgramFormat, string>> = { elf: 'linux', pe: 'windows', 'mach-o': 'darwin' }

/**
 * Holds the programs of a lifecycle to run on a target. Scripts run anywhere.
 *
 * @throws PackagerError `UNSUPPORTED` with the first program that does not, and its machine
 */
export async function checkMachine(programs: readonly LayerEntry[], target: Target, shown: string): Promise<void> {
  for (const entry of programs) {
    const head = await firstBytes(entry, machineBytes)
    const format = formatOf(head)
    if (format === undefined) continue
    const [os, arch] = [systems[format], machineOf(head)?.machine]
    const isSame = os === target.os && (arch === target.arch || !isKnownMachine(target.arch))
    if (isSame) continue
    throw new PackagerError({
      code: 'UNSUPPORTED',
      step: 'read lifecycle',
      value: shown,
      found: `${displayName(entry)}, a program for ${arch === undefined ? os : `${os}/${arch}`}`,
      wanted: `one for ${formatTarget(target)}`,
      hint: 'name the lifecycle of each target: an image index, or {arch} in [lifecycle] uri; --lifecycle-any-arch takes it as it is',
    })
  }
}

/** What an entry's content begins with; nothing of what has none. */
export async function firstBytes({ content, size, type }: LayerEntry, most: number): Promise<Buffer> {
  if (type !== 'file' || content === undefined) return Buffer.alloc(0)
  if (content.kind === 'bytes') return Buffer.from(content.bytes.subarray(0, most))
  const head = Buffer.alloc(Math.min(size, most))
  const file = await open(pathOfBytes(content.path)).catch((cause: unknown) => {
    throw new PackagerError({ code: 'UNREADABLE', step: 'read lifecycle', value: displayName({ name: content.path }), found: reason(cause), cause })
  })
  try {
    const { bytesRead } = await file.read(head, 0, head.length, content.start)
    return head.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

/** The lifecycle's layer: its folder, the programs in their order, and `/lifecycle`, where old platforms look for them. */
export function lifecycleLayer(programs: readonly LayerEntry[]): TarInput {
  const folder = '/cnb/lifecycle'
  const link: LayerEntry = { name: 'lifecycle', type: 'symlink', executable: false, size: 0, link: folder, content: undefined, stamp: plainStamp(0o644, fixedTime) }
  return {
    parts: [
      { folders: [folder], base: folder, entries: programs, keep: 'all' },
      { folders: [], base: '', entries: [link], keep: 'all' },
    ],
    windows: false,
  }
}
