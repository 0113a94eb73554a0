import { isIP } from 'node:net'

/** Per host, as the flags of the same names (SPEC.md, "package: options"). */
export interface RegistrySettings {
  readonly plainHttp?: readonly string[]
  readonly skipTlsVerify?: readonly string[]
  readonly insecure?: readonly string[]
  readonly caFiles?: readonly string[]
}

/** Docker Hub's API does not live where its images are named. */
const apiHosts: Readonly<Record<string, string>> = { 'docker.io': 'registry-1.docker.io' }

/**
 * Where a registry may be spoken to, in the order to try. Loopback hosts are asked in plain http first, since most have no
 * TLS and reading all certificate authorities for nothing takes longer than a small push; a TLS registry on this machine
 * is found all the same. `--insecure` hosts are asked for TLS first; `--plain-http` never tries TLS.
 */
export function originsOf(registry: string, settings: RegistrySettings): readonly URL[] {
  const host = apiHosts[registry] ?? registry
  const https = new URL(`https://${host}`)
  const http = new URL(`http://${host}`)
  if (isListed(settings.plainHttp, https)) return [http]
  if (isLoopback(https.hostname)) return [http, https]
  return isListed(settings.insecure, https) ? [https, http] : [https]
}

/** Whether http to this host is no loss: it stays on this machine, or somebody asked for it. */
export function allowsHttp(url: URL, settings: RegistrySettings): boolean {
  return isLoopback(url.hostname) || isListed(settings.plainHttp, url) || isListed(settings.insecure, url)
}

/** Whether the host's certificate must be one that is trusted. */
export function verifiesTls(url: URL, settings: RegistrySettings): boolean {
  return !isListed(settings.skipTlsVerify, url) && !isListed(settings.insecure, url)
}

/** `localhost` and below, 127.0.0.0/8 and ::1, as a URL's hostname has them. */
export function isLoopback(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '')
  if (host === 'localhost' || host.endsWith('.localhost') || host === '::1') return true
  return isIP(host) === 4 && host.startsWith('127.')
}

/** `--plain-http HOST` and its like: with a port, that port; without one, every port of the host. A scheme in front does no harm. */
function isListed(entries: readonly string[] | undefined, url: URL): boolean {
  const port = url.port === '' ? (url.protocol === 'http:' ? '80' : '443') : url.port
  return (entries ?? []).some((entry) => {
    const host = entry.trim().toLowerCase().replace(/^https?:\/\//, '').replace(/\/$/, '')
    if (host === 'docker.io') return url.hostname === apiHosts['docker.io']
    return host === url.hostname || host === `[${url.hostname}]` || host === url.host || host === `${url.hostname}:${port}`
  })
}
