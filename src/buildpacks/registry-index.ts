import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { PackagerError, reason, systemCode } from '../errors.ts'
import { parseReference } from '../oci/reference.ts'
import type { RegistryLocator } from './locator.ts'
import { compareVersions } from './version-order.ts'

/** What a buildpack registry says of one version of a buildpack. */
export interface IndexEntry {
  /** The package's image, by digest. */
  readonly address: string
  readonly version: string
}

/** Text at an address, or `undefined` where there is nothing (404). */
export type FetchText = (url: URL) => Promise<string | undefined>

/** The registry that a bare id is looked up in, as for pack. */
export const defaultIndex = 'https://github.com/buildpacks/registry-index'

interface Line extends IndexEntry {
  readonly yanked: boolean
}

const step = 'find buildpack'
/** More would be no help. */
const mostListed = 20

/**
 * Finds a buildpack in a registry index (CNB distribution spec, "Buildpack Registry"): without a version the highest one,
 * by semver, that is not yanked.
 *
 * @param place `--registry-index`: the folder of a clone, or an http address below which the index's files are; for a
 *   repository at github.com the address of the repository itself
 * @throws PackagerError `NOT_FOUND` with the versions there are, `UNREADABLE`, and what `fetchText` throws
 */
export async function findInIndex(locator: RegistryLocator, place: string, fetchText: FetchText): Promise<IndexEntry> {
  const id = `${locator.namespace}/${locator.name}`
  const path = indexPath(locator)
  const text = isAddress(place) ? await fetchText(addressOf(place, path)) : await readIndexFile(place, path)
  if (text === undefined) {
    const hint = `for an image in a container registry write docker://${id}; for a folder, check that it is there`
    throw new PackagerError({ code: 'NOT_FOUND', step, value: id, found: `no such buildpack in the registry index ${place}`, hint })
  }
  return choose(locator, readLines(text, id, place), place)
}

/**
 * Where the index keeps a buildpack: by the first letters of its name, so that no folder grows too large.
 *
 * @example
 * indexPath({ namespace: 'acme', name: 'nodejs' }) // 'no/de/acme_nodejs'
 * indexPath({ namespace: 'acme', name: 'php' })    // '3/ph/acme_php'
 * indexPath({ namespace: 'acme', name: 'go' })     // '2/acme_go'
 */
export function indexPath({ namespace, name }: Pick<RegistryLocator, 'namespace' | 'name'>): string {
  const folders = name.length < 3 ? [String(name.length)] : name.length === 3 ? ['3', name.slice(0, 2)] : [name.slice(0, 2), name.slice(2, 4)]
  if (name !== '' && !folders.some((folder) => folder === '.' || folder === '..')) return [...folders, `${namespace}_${name}`].join('/')
  throw new PackagerError({ code: 'USAGE', step, value: `${namespace}/${name}`, found: 'a name that no registry index can hold' })
}

function isAddress(place: string): boolean {
  return /^https?:\/\//i.test(place)
}

/** GitHub serves the files of a repository from a host of their own; `HEAD` is the default branch. */
function addressOf(place: string, path: string): URL {
  if (!URL.canParse(place)) throw new PackagerError({ code: 'USAGE', step: 'read registry index', value: place, found: 'no address', wanted: 'a folder or https://HOST/PATH' })
  const url = new URL(place)
  const repository = url.host === 'github.com' ? /^\/([^/]+)\/([^/]+?)(?:\.git)?\/?$/.exec(url.pathname) : null
  if (repository !== null) return new URL(`https://raw.githubusercontent.com/${repository[1]}/${repository[2]}/HEAD/${path}`)
  url.pathname = `${url.pathname.replace(/\/$/, '')}/${path}`
  return url
}

async function readIndexFile(folder: string, path: string): Promise<string | undefined> {
  return readFile(join(folder, path), 'utf8').catch(async (cause: unknown) => {
    if (systemCode(cause) === 'ENOENT' && (await isFolder(folder))) return undefined
    throw new PackagerError({ code: 'UNREADABLE', step: 'read registry index', value: join(folder, path), found: reason(cause), cause })
  })
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true
}

/** One JSON value on each line; lines of other buildpacks are none of ours. */
function readLines(text: string, id: string, place: string): readonly Line[] {
  return text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return []
    const fail = (found: string): PackagerError => new PackagerError({ code: 'UNREADABLE', step: 'read registry index', value: place, found: `${found} in line ${index + 1} of ${id}` })
    const { ns, name, version, yanked, addr } = parseLine(line, fail)
    if (typeof ns !== 'string' || typeof name !== 'string' || typeof version !== 'string' || typeof addr !== 'string') throw fail('no ns, name, version or addr')
    return `${ns}/${name}` === id ? [{ version, address: addr, yanked: yanked === true }] : []
  })
}

function parseLine(line: string, fail: (found: string) => PackagerError): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    throw fail('no JSON')
  }
  throw fail('no JSON object')
}

function choose({ namespace, name, version }: RegistryLocator, lines: readonly Line[], place: string): IndexEntry {
  const id = `${namespace}/${name}`
  const value = version === undefined ? id : `${id}@${version}`
  const sorted = lines.toSorted((a, b) => compareVersions(b.version, a.version))
  const usable = sorted.filter(({ yanked }) => !yanked)
  // Of a version that stands there twice the later line counts.
  const line = version === undefined ? usable[0] : lines.findLast((one) => one.version === version)
  if (line !== undefined && !line.yanked) return checked(line, value, place)
  const found = line === undefined ? (version === undefined ? 'no version that is not yanked' : 'no such version') : 'a version that was yanked'
  throw new PackagerError({ code: 'NOT_FOUND', step, value, found: `${found} in the registry index ${place}`, hint: listed(usable) })
}

/** Tags move: the index promises one content for each version. */
function checked({ address, version }: Line, value: string, place: string): IndexEntry {
  if (hasDigest(address)) return { address, version }
  throw new PackagerError({ code: 'UNREADABLE', step: 'read registry index', value: place, found: `the image "${address}" of ${value}`, wanted: 'one with a digest' })
}

function hasDigest(address: string): boolean {
  try {
    return parseReference(address).digest !== undefined
  } catch {
    return false
  }
}

function listed(usable: readonly Line[]): string {
  if (usable.length === 0) return 'all its versions were yanked, or it never had one'
  const versions = [...new Set(usable.map(({ version }) => version))]
  const more = versions.length > mostListed ? `, and ${versions.length - mostListed} older ones` : ''
  return `there is ${versions.slice(0, mostListed).join(', ')}${more}`
}
