import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatAddress, parseAddress } from '../../src/docker/address.ts'

const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6().map((address) => `[${address}]`), fc.constant('localhost'))
const port = fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined })
const path = fc.array(fc.stringMatching(/^[a-zA-Z0-9._ -]{1,12}$/), { minLength: 1, maxLength: 4 }).map((parts) => `/${parts.join('/')}`.trimEnd())

function hintOf(source: string): string | undefined {
  try {
    parseAddress('ssh://me@host', source)
  } catch (error) {
    return (error as { readonly hint?: string }).hint
  }
  return undefined
}

describe('the address of an engine', () => {
  test.each([
    ['unix:///run/docker.sock', { kind: 'unix', path: '/run/docker.sock' }],
    ['UNIX:///run/docker.sock', { kind: 'unix', path: '/run/docker.sock' }],
    ['tcp://10.0.0.2:2376', { kind: 'tcp', host: '10.0.0.2', port: 2376 }],
    ['tcp://engine.example', { kind: 'tcp', host: 'engine.example', port: undefined }],
    ['http://engine.example:80/', { kind: 'tcp', host: 'engine.example', port: 80 }],
    ['https://engine.example', { kind: 'tcp', host: 'engine.example', port: undefined }],
    ['localhost:2375', { kind: 'tcp', host: 'localhost', port: 2375 }],
    ['tcp://[::1]:2375', { kind: 'tcp', host: '[::1]', port: 2375 }],
    [' unix:///a b ', { kind: 'unix', path: '/a b' }],
  ])('reads %s', (text, address) => {
    expect(parseAddress(text, 'DOCKER_HOST')).toEqual(address)
  })

  test.each([
    ['unix://docker.sock', 'USAGE', 'no absolute path of a socket'],
    ['unix://', 'USAGE', 'no absolute path of a socket'],
    ['tcp://', 'USAGE', 'no host with a port'],
    ['tcp://host:0', 'USAGE', 'no host with a port'],
    ['tcp://host:65536', 'USAGE', 'no host with a port'],
    ['tcp://host:2375/v1.41', 'USAGE', 'no host with a port'],
    ['tcp://user:secret@host:2375', 'USAGE', 'no host with a port'],
    ['ssh://me@host', 'UNSUPPORTED', 'an engine over ssh'],
    ['npipe:////./pipe/docker_engine', 'UNSUPPORTED', 'a Windows named pipe'],
    ['fd://', 'UNSUPPORTED', 'the scheme "fd"'],
  ])('refuses %s and says what is known', (text, code, found) => {
    const message = `read DOCKER_HOST "${text}": got ${found}, want unix:///PATH or tcp://HOST:PORT`
    expect(() => parseAddress(text, 'DOCKER_HOST')).toThrow(expect.objectContaining({ code, message }))
  })

  test('over ssh is refused with the way around it, in the variable that was set', () => {
    expect(hintOf('CONTAINER_HOST')).toContain('set CONTAINER_HOST to unix:///tmp/engine.sock')
    expect(hintOf('docker context "far"')).toContain('set DOCKER_HOST to unix:///tmp/engine.sock')
  })

  test('written out for people is read back to itself', () => {
    fc.assert(
      fc.property(fc.oneof(fc.record({ kind: fc.constant('unix' as const), path }), fc.record({ kind: fc.constant('tcp' as const), host, port })), (address) => {
        expect(parseAddress(formatAddress(address), 'DOCKER_HOST')).toEqual(address)
      }),
    )
  })
})
