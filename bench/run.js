// One command, one run, ratios: this package against the machine's limit and against its peers where they are on PATH.
//   npm run bench             2 x 150 MB, 20,000 files, five rounds
//   npm run bench -- --short  a tenth of that, three rounds
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { distinctBinaries, sharedFiles, tiny } from './inputs.js'
import { available, median, run } from './measure.js'
import { startRegistry } from './registry.js'

const short = process.argv.includes('--short')
const rounds = short ? 3 : 5
const targets = ['linux/amd64', 'linux/arm64']
const program = new URL('../bin/bp-package.js', import.meta.url).pathname
const work = await mkdtemp(join(tmpdir(), 'bp-package-bench-'))
const rows = []
let failed = 0

try {
  await distinctBinaries(join(work, 'distinct'), targets, short ? 15_000_000 : 150_000_000)
  await sharedFiles(join(work, 'shared'), targets, short ? 2000 : 20_000, 3500)
  await tiny(join(work, 'tiny'), targets)
  await againstLimit('distinct', targets.map((target) => join(work, 'distinct', target)))
  await againstLimit('shared', [join(work, 'shared')])
  const registry = available('docker-registry') ? await startRegistry(join(work, 'registry')) : undefined
  try {
    if (registry !== undefined) for (const name of ['distinct', 'shared', 'tiny']) await againstPeers(name, registry.host)
    if (registry !== undefined) await republish(registry.host)
  } finally {
    await registry?.close()
  }
  await startUp()
  print()
} finally {
  await rm(work, { recursive: true, force: true })
}
process.exitCode = failed > 0 ? 1 : 0

/** To a layout, cold: read, tar, hash, compress, hash, write. The limit does the same to the same bytes with native tools, a job per core. */
async function againstLimit(name, roots) {
  const tool = available('libdeflate-gzip') ? 'libdeflate-gzip -1 -c' : 'gzip -1 -c'
  const sum = available('openssl') ? 'openssl dgst -sha256' : 'sha256sum'
  const tars = await Promise.all(roots.map(async (root, index) => {
    const tar = join(work, `${name}-${index}.tar`)
    await run('tar', ['-cf', tar, '-C', root, '.'])
    return tar
  }))
  const parts = tars.length > 1 ? tars : await halves(tars[0])
  const limit = ['-c', `${parts.map((part) => `(${tool} ${part} >${part}.gz; ${sum} ${part} ${part}.gz >/dev/null) &`).join(' ')} wait`]
  const output = join(work, `${name}.oci`)
  const result = await alternate({
    ours: async () => {
      await rm(output, { recursive: true, force: true })
      return run(process.execPath, [program, '--path', join(work, name), '--output', output, '--no-cache', '--quiet'])
    },
    limit: () => run('sh', limit),
  })
  const size = await layerBytes(output)
  const limitSize = (await Promise.all(parts.map(async (part) => (await stat(`${part}.gz`)).size))).reduce((a, b) => a + b, 0)
  rows.push({ case: `${name}, to a layout`, ours: result.ours, peer: 'limit', theirs: result.limit, bytes: size / limitSize, memory: result.memory })
  check(result.memory <= 150, `${name}: peak memory ${result.memory.toFixed(0)} MiB, want at most 150`)
}

/** The limit of one layer uses both cores too: half of the bytes each. */
async function halves(tar) {
  const { size } = await stat(tar)
  await run('split', ['-b', String(Math.ceil(size / availableParallelism())), tar, `${tar}.`])
  return (await readdir(work)).filter((file) => join(work, file).startsWith(`${tar}.`)).map((file) => join(work, file))
}

async function againstPeers(name, host) {
  const path = join(work, name)
  let round = 0
  const commands = { ours: () => run(process.execPath, [program, `${host}/ours-${name}-${round++}:1`, '--path', path, '--publish', '--no-cache', '--quiet']) }
  if (available('pack')) {
    commands.pack = () => run('pack', ['buildpack', 'package', `${host}/pack-${name}-${round++}:1`, '-p', path, '--publish'], { PACK_HOME: join(work, 'pack-home') })
  }
  if (available('crane')) commands.crane = () => run('sh', ['-c', craneScript(name, `${host}/crane-${name}-${round++}`)])
  const result = await alternate(commands)
  for (const peer of ['pack', 'crane']) if (result[peer] !== undefined) rows.push({ case: `${name}, published`, ours: result.ours, peer, theirs: result[peer], memory: result.memory })
  if (result.pack === undefined && result.crane === undefined) rows.push({ case: `${name}, published`, ours: result.ours, peer: '-', memory: result.memory })
}

/** What one writes by hand with crane: a tar and an append for each target, then an index. */
function craneScript(name, repository) {
  const path = join(work, name)
  const images = targets.map((target) => {
    const root = name === 'distinct' ? join(path, target) : path
    const tag = `${repository}:${target.replace('/', '-')}`
    const tar = join(work, `crane-${target.replace('/', '-')}.tar`)
    return { tag, line: `tar -cf ${tar} -C ${root} . && crane append --insecure -f ${tar} -t ${tag} >/dev/null` }
  })
  return `set -e; ${images.map((image) => image.line).join('; ')}; crane index append --insecure ${images.map((image) => `-m ${image.tag}`).join(' ')} -t ${repository}:1 >/dev/null`
}

/** Nothing changed since the last run: the files are hashed, nothing is compressed and nothing is sent. */
async function republish(host) {
  const args = (name, cache) => [program, `${host}/again-${name}:1`, '--path', join(work, name), '--publish', '--cache-dir', join(work, cache), '--quiet']
  for (const name of ['distinct', 'shared']) {
    await run(process.execPath, args(name, 'cache'))
    const result = await alternate({
      ours: () => run(process.execPath, args(name, 'cache')),
      cold: () => run(process.execPath, [...args(name, 'cache').filter((arg, index, all) => arg !== '--cache-dir' && all[index - 1] !== '--cache-dir'), '--no-cache']),
    })
    rows.push({ case: `${name}, republished`, ours: result.ours, peer: 'without cache', theirs: result.cold, memory: result.memory })
  }
}

async function startUp() {
  const result = await alternate({ ours: () => run(process.execPath, [program, '--version']), bare: () => run(process.execPath, ['-e', '0']) }, rounds * 4)
  rows.push({ case: '--version', ours: result.ours, peer: 'node -e 0', theirs: result.bare, memory: result.memory })
}

/** All commands in turn, round after round, so that a machine that slows down slows all of them; medians. */
async function alternate(commands, times = rounds) {
  const seconds = Object.fromEntries(Object.keys(commands).map((name) => [name, []]))
  let memory = 0
  for (let round = 0; round <= times; round += 1) {
    for (const [name, command] of Object.entries(commands)) {
      const result = await command()
      if (round > 0) seconds[name].push(result.seconds)
      if (name === 'ours') memory = Math.max(memory, result.peak)
    }
  }
  return { ...Object.fromEntries(Object.entries(seconds).map(([name, values]) => [name, median(values)])), memory }
}

async function layerBytes(layout) {
  const blobs = join(layout, 'blobs', 'sha256')
  const sizes = await Promise.all((await readdir(blobs)).map(async (name) => (await stat(join(blobs, name))).size))
  return sizes.filter((size) => size > 20_000).reduce((a, b) => a + b, 0)
}

function check(holds, message) {
  if (holds) return
  failed += 1
  console.error(`bench: ${message}`)
}

function print() {
  console.log(`\nNode ${process.versions.node}, ${availableParallelism()} cores, ${rounds} rounds${short ? ', short inputs' : ''}; seconds are medians, ratio = ours / theirs\n`)
  console.log('| case | ours s | against | theirs s | ratio | bytes ratio | peak MiB |\n| --- | --- | --- | --- | --- | --- | --- |')
  for (const row of rows) {
    const ratio = row.theirs === undefined ? '' : (row.ours / row.theirs).toFixed(2)
    console.log(`| ${row.case} | ${row.ours.toFixed(3)} | ${row.peer} | ${row.theirs?.toFixed(3) ?? ''} | ${ratio} | ${row.bytes?.toFixed(3) ?? ''} | ${row.memory.toFixed(0)} |`)
  }
}
