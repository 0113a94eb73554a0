import { PackagerError } from '../errors.ts'
import type { Platform } from '../oci/platform.ts'
import type { EngineConnection } from './connection.ts'
import { refusal } from './faults.ts'
import { formatAddress } from './address.ts'

/** What answers at a place. */
export interface EngineInfo {
  readonly product: 'Docker' | 'Podman'
  readonly version: string
  /** `unix:///var/run/docker.sock`. */
  readonly address: string
  /** What it runs; the variant only where the engine tells. */
  readonly platform: Platform
  /** Where images lie: in Docker's own store, in containerd's, which keeps manifests, or in Podman's. */
  readonly store: 'classic' | 'containerd' | 'podman'
}

/** An engine's `/version`, and the API version that is spoken with it. */
export interface Greeting {
  readonly product: EngineInfo['product']
  readonly version: string
  readonly os: string
  readonly architecture: string
  /** `1.41`. */
  readonly api: string
}

/** The newest API that this room was written against, and the oldest with all that it asks for (`quiet` of a load is 1.23). */
const newest = '1.47'
const oldest = '1.24'

/** Asks who is there. The API version is the engine's own, at most the newest we know, and never one it no longer speaks. */
export async function greet(connection: EngineConnection, signal: AbortSignal | undefined): Promise<Greeting> {
  const step = 'ask the engine for its version'
  const value = formatAddress(connection.place.address)
  const { status, text } = await connection.read({ step, method: 'GET', path: '/version', signal })
  if (status !== 200) throw refusal(step, value, status, text)
  const { ApiVersion, MinAPIVersion, Version, Os, Arch, Components } = parseObject(text)
  if (typeof ApiVersion !== 'string' || !/^\d+\.\d+$/.test(ApiVersion) || typeof Os !== 'string' || typeof Arch !== 'string') {
    throw new PackagerError({ code: 'UNSUPPORTED', step, value, found: 'an answer without ApiVersion, Os and Arch', wanted: 'Docker or Podman' })
  }
  if (isOlder(ApiVersion, oldest)) {
    throw new PackagerError({ code: 'UNSUPPORTED', step, value, found: `API version ${ApiVersion}`, wanted: `${oldest} or newer` })
  }
  const common = isOlder(ApiVersion, newest) ? ApiVersion : newest
  const api = typeof MinAPIVersion === 'string' && isOlder(common, MinAPIVersion) ? MinAPIVersion : common
  const names = Array.isArray(Components) ? Components.map((part) => (part as { Name?: unknown } | null)?.Name) : []
  const product = names.includes('Podman Engine') ? 'Podman' : 'Docker'
  return { product, version: typeof Version === 'string' ? Version : 'of unknown version', os: Os, architecture: Arch, api }
}

/** What `/info` adds: the image store, and the machine's name for its architecture, which tells a variant of arm. */
export async function describeEngine(connection: EngineConnection, greeting: Greeting, signal: AbortSignal | undefined): Promise<EngineInfo> {
  const step = 'ask the engine for its store'
  const address = formatAddress(connection.place.address)
  const { status, text } = await connection.read({ step, method: 'GET', path: `/v${greeting.api}/info`, signal })
  if (status !== 200) throw refusal(step, address, status, text)
  const { Architecture, DriverStatus } = parseObject(text)
  const { product, version, os, architecture } = greeting
  const variant = /^armv([5-7])/.exec(typeof Architecture === 'string' ? Architecture : '')?.[1]
  const platform: Platform = { architecture, os, ...(architecture === 'arm' && variant !== undefined ? { variant: `v${variant}` } : {}) }
  const containerd = JSON.stringify(DriverStatus ?? null).includes('io.containerd.snapshotter.v1')
  const dockerStore = containerd ? 'containerd' : 'classic'
  return { product, version, address, platform, store: product === 'Podman' ? 'podman' : dockerStore }
}

/** The object that a JSON text is; an empty one where it is none. */
export function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

function isOlder(a: string, b: string): boolean {
  const [[majorA = 0, minorA = 0], [majorB = 0, minorB = 0]] = [a, b].map((text) => text.split('.').map(Number)) as [number[], number[]]
  return majorA < majorB || (majorA === majorB && minorA < minorB)
}
