import { expect, test } from 'vitest'
import { PackagerError, outputError } from '../src/errors.ts'

const failed = (code: string) => Object.assign(new Error(`${code}: as the system says`), { code })

test.each([
  ['ENOSPC', 'free some disk space'],
  ['EDQUOT', 'free some disk space'],
  ['EROFS', 'name another place with --output'],
  ['EACCES', 'name another place with --output'],
  ['EIO', undefined],
])('an output that fails with %s is told with what to do: %s', (code, hint) => {
  const error = outputError('write image layout', 'out.oci', failed(code))
  expect(error).toMatchObject({ code: 'OUTPUT', message: `write image layout "out.oci": ${code}: as the system says` })
  expect(error.hint).toBe(hint)
})

test.each([
  ['ann:secret@host/path', 'ann:REDACTED@host/path'],
  ['docker://ann:se:cret@localhost:5000/bp', 'docker://ann:REDACTED@localhost:5000/bp'],
  [':ann:secret@host/path', ':ann:REDACTED@host/path'],
  ['localhost:5000/acme/bp:1@sha256:00/', 'localhost:5000/acme/bp:1@sha256:00/'],
  ['urn:cnb:registry:acme/bp@1.0.0', 'urn:cnb:registry:acme/bp@1.0.0'],
])('of %s the log has %s', (value, shown) => {
  const error = new PackagerError({ code: 'USAGE', step: 'read NAME', value, found: `${value} itself`, hint: `not ${value}` })
  expect([error.message, error.hint]).toEqual([`read NAME "${shown}": ${shown} itself`, `not ${shown}`])
})

test.each(['a', ':', 'a:', 'a:b@'])('a word of a million times "%s", out of what somebody else wrote, is told as it is', (part) => {
  const value = part.repeat(1_000_000)
  expect(new PackagerError({ code: 'UNSUPPORTED', step: 'read', value, found: 'it' }).message).toBe(`read "${value}": it`)
})
