import type { Answer, Call, Caller } from './call.ts'
import { discard } from './call.ts'
import type { RegistrySettings } from './origin.ts'
import { allowsHttp } from './origin.ts'
import { printable, redactUrl } from './redact.ts'
import { Setback } from './setback.ts'

const mostHops = 6

/** What was asked, as an error names it. */
type Asked = Pick<Call, 'method' | 'url'>

/**
 * Follows redirects by hand. `Authorization` stays with the origin it was meant for, and once it has been left behind,
 * coming back does not bring it back. TLS is not given up on the way.
 */
export function redirecting(caller: Caller, settings: RegistrySettings): Caller {
  return async (first) => {
    let call = first
    for (let hop = 0; hop <= mostHops; hop += 1) {
      const answer = await caller(call)
      if (!isRedirect(answer)) return answer
      await discard(answer)
      call = next(call, answer, settings)
    }
    throw refused(first, `more than ${mostHops} redirects, the last to ${redactUrl(call.url)}`)
  }
}

/**
 * Where a `Location` leads, relative or absolute. Refuses what is not http or https, and a step down from https to http,
 * except that a registry which names itself by http behind its own TLS proxy is taken at its https address.
 */
export function locate(call: Asked, location: string, settings: RegistrySettings): URL {
  const from = call.url
  if (!URL.canParse(location, from.href)) throw refused(call, `a Location that is no URL: ${printable(location, 200)}`)
  const url = new URL(location, from)
  url.username = ''
  url.password = ''
  url.hash = ''
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw refused(call, `a Location with the scheme "${printable(url.protocol)}"`)
  if (from.protocol === 'https:' && url.protocol === 'http:') {
    const isSelf = url.hostname === from.hostname && (url.port === from.port || url.port === '')
    if (isSelf) return new URL(`${from.origin}${url.pathname}${url.search}`)
    if (!allowsHttp(url, settings)) throw refused(call, `a Location without TLS: ${redactUrl(url)}`, `--plain-http ${url.host} allows it`)
  }
  return url
}

function isRedirect({ status, method, headers }: Answer): boolean {
  if (headers['location'] === undefined) return false
  return method === 'GET' || method === 'HEAD' ? [301, 302, 303, 307, 308].includes(status) : status === 307 || status === 308
}

function next(call: Call, answer: Answer, settings: RegistrySettings): Call {
  const url = locate(call, answer.headers['location'] ?? '', settings)
  if (url.origin === call.url.origin) return { ...call, url }
  const { authorization: _, ...headers } = call.headers
  return { ...call, url, headers }
}

/** An answer that leads nowhere. */
export function refused({ method, url }: Asked, what: string, hint?: string): Setback {
  return new Setback({ code: 'REGISTRY', found: `${method} ${redactUrl(url)}: the answer has ${what}`, hint, transient: false })
}
