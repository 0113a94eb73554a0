// What the build changes in libdeflate before it is bundled. Both changes know exactly what they replace, so that another
// version of the package, which would have other code there, stops the build and not a user.
import { readFileSync } from 'node:fs'

/** An esbuild plugin. */
export const libdeflate = {
  name: 'libdeflate',
  setup: ({ onLoad }) =>
    onLoad({ filter: /libdeflate\.wasm\.mjs$/ }, ({ path }) => ({ contents: withFasterTables(withoutListeners(readFileSync(path, 'utf8'))), loader: 'js' })),
}

/** The wrapper would listen for the exceptions of the whole process, which is not a library's business. */
function withoutListeners(text) {
  const contents = text.replaceAll(/process\["on"\]\("(?:uncaughtException|unhandledRejection)",function\(\w+\)\{(?:[^{}]|\{[^{}]*\})*\}\);/g, '')
  if (contents.includes('process["on"]') || contents === text) throw new Error('libdeflate listens to the process in another way than it did')
  return contents
}

const tables = 15

/**
 * After every 32 KiB of input libdeflate moves all positions in its tables down by as much, the ones before the start to
 * the lowest: `at = max(at, 0) | 0x8000` for each 16 bits. Its C code leaves it to the compiler to move several at once, and
 * the compiler of this package did not. Here four are moved at once, in 64 bits and without SIMD, which not every CPU has:
 * level 1 takes a tenth less time, and what it writes is the same to the byte.
 */
function withFasterTables(text) {
  return text.replace(/(?<=;base64,)[\w+/=]+/, (base64) => {
    let found = 0
    const code = Buffer.from(base64, 'base64').toString('latin1').replaceAll(oneByOne, (loop, ...match) => {
      found += 1
      return fourAtOnce(match.at(-1)).padEnd(loop.length, nop)
    })
    if (found !== tables) throw new Error(`libdeflate moves ${found} tables as it did, want ${tables}`)
    return Buffer.from(code, 'latin1').toString('base64')
  })
}

// WebAssembly's code, each byte a character: 20 local.get, 21 local.set, 22 local.tee, 41 i32.const, 42 i64.const, 6a i32.add.
const nop = '\x01'
const lanes = [0, 1, 2, 3].map((lane) => {
  // The lane's address, twice on the stack; then load16_s, max with 0 by gt_s and select, or 0x8000, store16.
  const address = lane === 0 ? `20 (?<table>.) 20 (?<index>.) 41 01 74 22 (?<offset>.) 6a` : `20 \\k<table> 20 \\k<offset> 41 0${lane * 2} 72 6a`
  const local = `\\k<lane${lane}>`
  return `${address} 22 (?<lane${lane}>.) 20 ${local} 2e 01 00 22 ${local} 41 00 20 ${local} 41 00 4a 1b 41 80 80 02 72 3b 01 00`
})
const oneByOne = new RegExp(pattern(`03 40 ${lanes.join(' ')} 20 \\k<index> 41 04 6a 22 \\k<index> 41 80 80 (?<end>.) 47 0d 00 0b`), 'gs')

/** A loop of the same size or smaller that leaves the same memory, and nothing else that is read again. */
function fourAtOnce({ table, index, offset, end }) {
  const signs = '42 808082808880a080807f'
  const values = `20 ${hex(offset)} 29 01 00`
  // 8000 in each lane that is not negative; less itself shifted by 15 that is 7fff, which keeps the lane's value.
  const positive = `${values} 42 7f 85 ${signs} 83`
  const moved = `${values} ${positive} ${positive} 42 0f 88 7d 83 ${signs} 84`
  const address = `20 ${hex(table)} 20 ${hex(index)} 41 01 74 6a 22 ${hex(offset)}`
  const next = `20 ${hex(index)} 41 04 6a 22 ${hex(index)} 41 8080 ${hex(end)} 47 0d 00 0b`
  return Buffer.from(`03 40 ${address} ${moved} 37 01 00 ${next}`.replaceAll(' ', ''), 'hex').toString('latin1')
}

/** A regular expression from bytes in hexadecimal, apart from one another, with groups between them. */
function pattern(bytes) {
  return bytes.replaceAll(/(?<= |^)([0-9a-f]{2})(?= |$)/g, '\\x$1').replaceAll(' ', '')
}

function hex(byte) {
  return byte.charCodeAt(0).toString(16).padStart(2, '0')
}
