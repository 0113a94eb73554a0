import { BlockList, isIP } from 'node:net'
import { PackagerError } from '../errors.ts'
import { isLoopback } from './origin.ts'
import { printable } from './redact.ts'

type Env = Readonly<Record<string, string | undefined>>

/**
 * The proxy for a URL by `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, in upper or lower case, or `undefined`.
 * Loopback hosts are never reached through one.
 */
export function proxyFor(url: URL, env: Env): URL | undefined {
  const name = url.protocol === 'https:' ? 'https_proxy' : 'http_proxy'
  const value = env[name] || env[name.toUpperCase()]
  if (value === undefined || value === '' || isLoopback(url.hostname)) return undefined
  if (isExcluded(url, env['no_proxy'] || env['NO_PROXY'] || '')) return undefined
  return parseProxy(name, value)
}

/** A bare `proxy.example:3128` is an http proxy, as for curl. */
function parseProxy(name: string, value: string): URL {
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url !== undefined && (url.protocol === 'http:' || url.protocol === 'https:')) return url
  const found = url === undefined ? 'something that is no URL' : `a proxy of the kind "${printable(url.protocol)}"`
  throw new PackagerError({ code: 'USAGE', step: `read ${name}`, found, wanted: 'http://host:port or https://host:port' })
}

/**
 * `NO_PROXY`, as Go's programs read it: `*`, a host, a domain (`.example` or `example`: it and all below),
 * an IP address or a CIDR block, each but the last with an optional port.
 */
function isExcluded(url: URL, list: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port
  return list.split(/[\s,]+/).some((entry) => entry !== '' && (entry === '*' || matches(entry.toLowerCase(), host, port)))
}

function matches(entry: string, host: string, port: string): boolean {
  if (entry.includes('/')) return inBlock(entry, host)
  const bare = entry.replace(/^\[|\]$/g, '')
  if (isIP(bare) !== 0) return bare === host
  const [, name = '', wantedPort] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? []
  if (wantedPort !== undefined && wantedPort !== port) return false
  const domain = name.replace(/^\*?\.|^\[|\]$/g, '')
  return domain !== '' && (host === domain || (isIP(host) === 0 && host.endsWith(`.${domain}`)))
}

function inBlock(entry: string, host: string): boolean {
  const [network = '', prefix = ''] = entry.split('/')
  const family = isIP(network)
  if (family === 0 || family !== isIP(host) || !/^\d{1,3}$/.test(prefix) || Number(prefix) > (family === 4 ? 32 : 128)) return false
  const block = new BlockList()
  const kind = family === 4 ? 'ipv4' : 'ipv6'
  block.addSubnet(network, Number(prefix), kind)
  return block.check(host, kind)
}
