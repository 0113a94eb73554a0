// What the benchmark packages: made anew in a temporary folder, the same bytes on every machine with the same Node.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const program = '#!/bin/sh\nexit 0\n'

/** Each target's own binary of `size` bytes: Node's program repeated, each repetition masked with another byte, so that nothing repeats. */
export async function distinctBinaries(folder, targets, size) {
  const sample = await readFile(process.execPath)
  await writeToml(folder, 'distinct', targets)
  let mask = 0
  for (const target of targets) {
    const bytes = Buffer.alloc(size)
    for (let start = 0; start < size; start += sample.length, mask = (mask + 0x5b) & 0xff) {
      const part = bytes.subarray(start, Math.min(size, start + sample.length))
      for (let index = 0; index < part.length; index += 1) part[index] = sample[index] ^ mask
    }
    await writePrograms(join(folder, target))
    await writeFile(join(folder, target, 'bin', 'tool'), bytes)
  }
}

/** One root for all targets: `count` small source-like files in folders of a hundred. */
export async function sharedFiles(folder, targets, count, bytesEach) {
  await writeToml(folder, 'shared', targets)
  await writePrograms(folder)
  for (let index = 0; index < count; index += 1) {
    const parent = join(folder, 'lib', String(Math.floor(index / 100)))
    if (index % 100 === 0) await mkdir(parent, { recursive: true })
    await writeFile(join(parent, `module-${index}.js`), sourceText(index, bytesEach))
  }
}

/** Two scripts. */
export async function tiny(folder, targets) {
  await writeToml(folder, 'tiny', targets)
  await writePrograms(folder)
}

async function writeToml(folder, name, targets) {
  await mkdir(folder, { recursive: true })
  const tables = targets.map((target) => {
    const [os, arch] = target.split('/')
    return `[[targets]]\nos = "${os}"\narch = "${arch}"\n`
  })
  await writeFile(join(folder, 'buildpack.toml'), `api = "0.10"\n\n[buildpack]\nid = "bench/${name}"\nversion = "1.0.0"\n\n${tables.join('\n')}`)
}

async function writePrograms(root) {
  await mkdir(join(root, 'bin'), { recursive: true })
  for (const name of ['build', 'detect']) await writeFile(join(root, 'bin', name), program, { mode: 0o755 })
}

const words = 'const let return function export import value index module layer target digest if else for of new map set string number'.split(' ')

/** Text that compresses as code does; a linear congruential generator keeps it the same everywhere. */
function sourceText(seed, size) {
  let state = seed * 2654435761 + 1
  let text = ''
  while (text.length < size) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    text += `${words[state % words.length]}${state & 0x1000 ? `_${(state >>> 16).toString(36)}` : ''}${(state & 7) === 0 ? ';\n' : ' '}`
  }
  return text.slice(0, size)
}
