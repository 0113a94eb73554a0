import { PackagerError } from '../errors.ts'

/** Where an engine listens: a socket file, or a host with a port. */
export type EngineAddress = { readonly kind: 'unix'; readonly path: string } | { readonly kind: 'tcp'; readonly host: string; readonly port: number | undefined }

/**
 * Reads what `DOCKER_HOST`, `CONTAINER_HOST` and contexts call a host. `source` is the name of what said it, for messages.
 * Docker's rules: a value without a scheme is `tcp`, and `http` and `https` are `tcp` too, since TLS is asked for elsewhere.
 *
 * @example
 * parseAddress('unix:///run/docker.sock', 'DOCKER_HOST') // { kind: 'unix', path: '/run/docker.sock' }
 * parseAddress('tcp://10.0.0.2:2376', 'DOCKER_HOST')     // { kind: 'tcp', host: '10.0.0.2', port: 2376 }
 */
export function parseAddress(text: string, source: string): EngineAddress {
  const [, scheme = 'tcp', rest = ''] = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(.*)$/is.exec(text.trim()) ?? []
  switch (scheme.toLowerCase()) {
    case 'unix':
      if (!rest.startsWith('/')) throw wrong(text, source, 'no absolute path of a socket')
      return { kind: 'unix', path: rest }
    case 'tcp':
    case 'http':
    case 'https':
      return readTcp(text, rest, source)
    case 'ssh':
      throw refused(text, source, 'an engine over ssh', `forward its socket with ssh -L /tmp/engine.sock:/var/run/docker.sock HOST, and set ${variableOf(source)} to unix:///tmp/engine.sock`)
    case 'npipe':
      throw refused(text, source, 'a Windows named pipe', 'let the engine listen on tcp://localhost:2375, or run in WSL, where its socket is a file')
    default:
      throw refused(text, source, `the scheme "${scheme}"`, 'unix:///PATH and tcp://HOST:PORT are known')
  }
}

function readTcp(text: string, rest: string, source: string): EngineAddress {
  const [, name, port] = /^(\[[0-9a-f:.]+\]|[^/:@?#\s]+)(?::(\d{1,5}))?\/?$/i.exec(rest) ?? []
  if (name === undefined || Number(port ?? 1) === 0 || Number(port ?? 1) > 65_535) throw wrong(text, source, 'no host with a port')
  return { kind: 'tcp', host: name, port: port === undefined ? undefined : Number(port) }
}

/** The text form, for people. */
export function formatAddress(address: EngineAddress): string {
  if (address.kind === 'unix') return `unix://${address.path}`
  return `tcp://${address.host}${address.port === undefined ? '' : `:${address.port}`}`
}

function wrong(value: string, source: string, found: string): PackagerError {
  return new PackagerError({ code: 'USAGE', step: `read ${source}`, value, found, wanted: 'unix:///PATH or tcp://HOST:PORT' })
}

function refused(value: string, source: string, found: string, hint: string): PackagerError {
  return new PackagerError({ code: 'UNSUPPORTED', step: `read ${source}`, value, found, wanted: 'unix:///PATH or tcp://HOST:PORT', hint })
}

function variableOf(source: string): string {
  return source === 'CONTAINER_HOST' ? source : 'DOCKER_HOST'
}
