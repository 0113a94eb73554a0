import { Option } from 'commander'
import { nearest } from '../../config/suggest.ts'
import { PackagerError } from '../../errors.ts'
import type { RegistrySettings } from '../../publish/options.ts'
import { usageError } from '../usage.ts'

/** Per host, on every command that talks to a registry (SPEC.md). */
export interface RegistryFlags {
  readonly plainHttp?: readonly string[]
  readonly skipTlsVerify?: readonly string[]
  readonly caFile?: readonly string[]
  readonly insecure?: readonly string[]
  readonly registryMirror?: readonly string[]
}

/** The heading of help for what a run prints; `--help` and `--version` stand there as well. */
export const PRINTED = 'What is printed:'

export function registryOptions(): Option[] {
  return [
    repeatable('--plain-http <host>', 'http, not https; loopback hosts need no flag; repeatable'),
    repeatable('--skip-tls-verify <host>', 'accept any certificate; repeatable'),
    repeatable('--ca-file <file>', 'trust the certificates of this PEM file too; repeatable'),
    repeatable('--insecure-registry, --insecure <host>', 'https with any certificate, or http; repeatable'),
    repeatable('--registry-mirror <host=mirror>', 'read images from there first; repeatable'),
  ].map((option) => option.helpGroup('Registries, each flag for one host:'))
}

/** The flags as the library takes them. */
export function registrySettings(flags: RegistryFlags): RegistrySettings {
  const { plainHttp, skipTlsVerify, insecure, caFile, registryMirror } = flags
  return defined({ plainHttp, skipTlsVerify, insecure, caFiles: caFile, mirrors: registryMirror })
}

/** Each use adds one value. Values are not split: a label's value may hold a comma (SPEC-package.md section 6). */
export function repeatable(flags: string, description: string): Option {
  return new Option(flags, description).argParser((value: string | undefined, earlier: readonly string[] | undefined) => [...(earlier ?? []), ...(value === undefined ? [] : [value])])
}

/** A value of its own form. One that cannot be read is kept as its refusal, which is told with all else that is wrong. */
export function readBy(option: Option, read: (value: string) => unknown): Option {
  return option.argParser((value: string | undefined) => {
    try {
      return value === undefined ? undefined : read(value)
    } catch (cause) {
      if (cause instanceof PackagerError) return cause
      throw cause
    }
  })
}

/** A place on this machine. An empty one is a variable that is not set, and would stand for the current folder. */
export function placeOption(flags: string, description?: string): Option {
  const option = new Option(flags, description)
  return readBy(option, (value) => {
    if (value !== '') return value
    throw usageError(`read ${option.long ?? flags}`, 'an empty path', { wanted: 'a file or folder', hint: 'leave the option out, or write . for the current folder' })
  })
}

/**
 * One of a few words.
 *
 * @param foreign what other tools call them
 */
export function oneOf(flags: string, description: string, words: readonly string[], foreign: Readonly<Record<string, string>> = {}): Option {
  const option = new Option(flags, description)
  // For completion; commander's own check of them would end the reading.
  option.argChoices = [...words]
  return readBy(option, (value) => {
    if (words.includes(value)) return value
    const meant = foreign[value.toLowerCase()] ?? nearest(value, words)
    throw usageError(`read ${option.long ?? flags}`, `"${value}"`, {
      wanted: `${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`,
      ...(meant === undefined ? {} : { hint: `did you mean ${meant}?` }),
    })
  })
}

/** The value without its undefined keys: an option that was not given is not there. */
export function defined<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> }
}

const units: Readonly<Record<string, number>> = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 }

export function byteSize(value: string): number {
  const [, number = '', unit = ''] = /^([1-9][0-9]{0,5})(KiB|MiB|GiB|TiB)$/u.exec(value) ?? []
  const factor = units[unit]
  if (factor === undefined) throw usageError('read --archive-limit', `"${value}"`, { wanted: 'a whole number with KiB, MiB, GiB or TiB, such as 8GiB' })
  return Number(number) * factor
}

export function positiveInteger(value: string): number {
  if (!/^[1-9][0-9]{0,3}$/u.test(value)) throw usageError('read --concurrency', `"${value}"`, { wanted: 'a whole number from 1 to 9999' })
  return Number(value)
}
