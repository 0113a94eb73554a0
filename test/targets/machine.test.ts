import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { machineOf } from '../../src/targets/machine.ts'
import { elf } from '../inspect/support/programs.ts'

describe('the machine of an ELF file', () => {
  test.each([
    ['386', 3, 32, 'le'],
    ['amd64', 62, 64, 'le'],
    ['arm', 40, 32, 'le'],
    ['arm64', 183, 64, 'le'],
    ['ppc64', 21, 64, 'be'],
    ['ppc64le', 21, 64, 'le'],
    ['s390x', 22, 64, 'be'],
    ['riscv64', 243, 64, 'le'],
    ['riscv32', 243, 32, 'le'],
    ['loong64', 258, 64, 'le'],
    ['mips', 8, 32, 'be'],
    ['mipsle', 8, 32, 'le'],
    ['mips64', 8, 64, 'be'],
    ['mips64le', 8, 64, 'le'],
    ['elf-93', 93, 64, 'le'],
    ['amd64be', 62, 64, 'be'],
    ['s390xle', 22, 64, 'le'],
  ] as const)('%s', (machine, number, bits, order) => {
    expect(machineOf(elf(number, bits, order))).toEqual({ format: 'elf', machine })
  })
})

describe('the machine of other programs', () => {
  test.each([
    ['amd64', pe(0x8664)],
    ['386', pe(0x14c)],
    ['arm64', pe(0xaa64)],
  ])('a PE file for %s', (machine, bytes) => {
    expect(machineOf(bytes)).toEqual({ format: 'pe', machine })
  })

  test.each([
    ['amd64', words(0xcffaedfe, 0x07000001)],
    ['arm64', words(0xcffaedfe, 0x0c000001)],
    ['ppc', words(0xfeedface, 18)],
    ['amd64+arm64', words(0xcafebabe, 2, 0x1000007, 0, 0, 0, 0, 0x100000c)],
  ])('a Mach-O file for %s', (machine, bytes) => {
    expect(machineOf(bytes)).toEqual({ format: 'mach-o', machine })
  })

  test.each([
    ['a script', Buffer.from('#!/bin/sh\necho hello, world\n')],
    ['a class of Java', words(0xcafebabe, 0x00000041)],
    ['a program for DOS', Buffer.concat([Buffer.from('MZ'), Buffer.alloc(62)])],
    ['the beginning of an ELF header', elf(62, 64, 'le').subarray(0, 19)],
    ['nothing', Buffer.alloc(0)],
  ])('%s has none', (_what, bytes) => {
    expect(machineOf(bytes)).toBeUndefined()
  })

  test('whatever follows a magic number, it is read without failing', () => {
    const magics = ['7f454c46', '4d5a', 'cafebabe', 'feedface', 'cffaedfe'].map((hex) => Buffer.from(hex, 'hex'))
    fc.assert(
      fc.property(fc.constantFrom(...magics), fc.uint8Array({ maxLength: 200 }), (magic, rest) => {
        const found = machineOf(Buffer.concat([magic, rest]))
        expect(found?.machine ?? '').toMatch(/^[a-z0-9+-]*$/)
      }),
    )
  })
})

function pe(number: number): Buffer {
  const bytes = Buffer.alloc(256)
  bytes.write('MZ', 'latin1')
  bytes.writeUInt32LE(128, 60)
  bytes.write('PE\0\0', 128, 'latin1')
  bytes.writeUInt16LE(number, 132)
  return bytes
}

function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(Math.max(64, values.length * 4))
  values.forEach((value, index) => bytes.writeUInt32BE(value, index * 4))
  return bytes
}
