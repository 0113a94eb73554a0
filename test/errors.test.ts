import { expect, test } from 'vitest'
import { outputError } from '../src/errors.ts'

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
