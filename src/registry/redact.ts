/** Query parameters of registries and token services that hold nothing secret. */
const plain = new Set(['digest', 'mount', 'from', 'service', 'scope', 'account', 'n', 'last', 'client_id'])

/**
 * A URL as it may be shown: without user and password, and with the values of unknown query parameters blacked out,
 * because upload states and storage signatures let anyone in who has them.
 *
 * @example
 * redactUrl(new URL('https://s3.example/blob?X-Amz-Signature=abc&digest=sha256:00'))
 * // 'https://s3.example/blob?X-Amz-Signature=REDACTED&digest=sha256:00'
 */
export function redactUrl(url: URL): string {
  const query = Array.from(url.searchParams, ([key, value]) => `${encodeURIComponent(key)}=${plain.has(key) ? value : 'REDACTED'}`)
  return printable(`${url.protocol}//${url.host}${url.pathname}${query.length === 0 ? '' : `?${query.join('&')}`}`, 1000)
}

/** Text from outside, fit for a message: one line, no control characters, not endless. */
export function printable(text: string, longest = 500): string {
  const line = text.replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim()
  return line.length > longest ? `${line.slice(0, longest)}...` : line
}
