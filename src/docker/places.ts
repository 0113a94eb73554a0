import { join } from 'node:path'
import type { EngineAddress } from './address.ts'
import { formatAddress, parseAddress } from './address.ts'
import type { Surroundings } from './context.ts'
import { currentContext, dockerFolder } from './context.ts'
import type { EngineTls } from './tls.ts'
import { readTlsFolder } from './tls.ts'

/** One place to look for an engine. */
export interface EnginePlace {
  readonly address: EngineAddress
  readonly tls?: EngineTls
  /** What named it, for messages: `DOCKER_HOST`, `docker context "desktop"`; empty for a usual place. */
  readonly source: string
}

/**
 * Where to look, in order. What somebody chose is looked at alone: `DOCKER_HOST`, else the docker context in use, else
 * `CONTAINER_HOST`. Where nobody chose, the first that answers counts: Docker's usual socket, the user's Podman, the system's.
 */
export async function enginePlaces(surroundings: Surroundings): Promise<readonly EnginePlace[]> {
  const { env } = surroundings
  const host = env['DOCKER_HOST']
  if (host) return [await dockerHost(host, surroundings)]
  const context = await currentContext(surroundings)
  if (context !== undefined) {
    const source = `docker context "${context.name}"`
    return [placeOf(parseAddress(context.host, source), context.tls, source)]
  }
  const containerHost = env['CONTAINER_HOST']
  if (containerHost) return [placeOf(parseAddress(containerHost, 'CONTAINER_HOST'), undefined, 'CONTAINER_HOST')]
  const runtime = env['XDG_RUNTIME_DIR']
  return [
    usual('/var/run/docker.sock'),
    ...(runtime ? [usual(join(runtime, 'podman', 'podman.sock'))] : []),
    usual('/run/podman/podman.sock'),
  ]
}

function usual(path: string): EnginePlace {
  return { address: { kind: 'unix', path }, source: '' }
}

/**
 * TLS where any of Docker's variables asks for it. Certificates are checked, but for `DOCKER_TLS` without
 * `DOCKER_TLS_VERIFY`, which is Docker's way to say that they need not be.
 */
async function dockerHost(host: string, surroundings: Surroundings): Promise<EnginePlace> {
  const { env } = surroundings
  const address = parseAddress(host, 'DOCKER_HOST')
  const verifies = Boolean(env['DOCKER_TLS_VERIFY'])
  const asked = verifies || Boolean(env['DOCKER_TLS']) || Boolean(env['DOCKER_CERT_PATH']) || host.startsWith('https:')
  if (address.kind === 'unix' || !asked) return placeOf(address, undefined, 'DOCKER_HOST')
  const folder = env['DOCKER_CERT_PATH'] || dockerFolder(surroundings)
  return placeOf(address, await readTlsFolder(folder, verifies || !env['DOCKER_TLS']), 'DOCKER_HOST')
}

/** Without a port: 2375, and 2376 with TLS, as Docker has it. */
function placeOf(address: EngineAddress, tls: EngineTls | undefined, source: string): EnginePlace {
  if (address.kind === 'unix') return { address, source }
  const port = address.port ?? (tls === undefined ? 2375 : 2376)
  return { address: { ...address, port }, source, ...(tls === undefined ? {} : { tls }) }
}

/** `unix:///run/docker.sock`, with what named it where somebody did. */
export function formatPlace({ address, source }: EnginePlace): string {
  return source === '' ? formatAddress(address) : `${formatAddress(address)} (${source})`
}
