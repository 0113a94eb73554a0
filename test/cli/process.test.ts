import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const BIN = join(ROOT, 'bin/bp-package.js')
const HELLO = join(ROOT, 'fixtures/hello-world')
const MAIN = join(ROOT, 'dist/cli/main.js')

let folder: string

beforeAll(() => {
  if (!existsSync(MAIN)) throw new Error('no dist/cli/main.js: run "npm run build" first')
})
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bp-package-process-'))
})
afterEach(async () => rm(folder, { recursive: true, force: true }))

function start(...words: string[]): ChildProcess {
  return startOn('pipe', ...words)
}

function startOn(stdout: 'pipe' | number, ...words: string[]): ChildProcess {
  // Node's own cache of compiled code would be the one thing left in the folder.
  const env = { PATH: process.env['PATH'], HOME: folder, TMPDIR: folder, NODE_DISABLE_COMPILE_CACHE: '1' }
  return spawn(process.execPath, [BIN, ...words], { cwd: folder, env, stdio: ['ignore', stdout, 'pipe'] })
}

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

async function ended(child: ChildProcess): Promise<Ended> {
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, stdout, stderr }))
  })
}

/** All that Node must read and compile before the first line of `file` runs. */
function bytesBefore(file: string, seen = new Set<string>()): number {
  if (seen.has(file)) return 0
  seen.add(file)
  const source = readFileSync(file, 'utf8')
  const imported = [...source.matchAll(/^(?:import|export)\b[^;]*?["'](\.[^"']+)["']/gmu)].map((match) => join(dirname(file), match[1] ?? ''))
  return imported.reduce((sum, next) => sum + bytesBefore(next, seen), source.length)
}

test('--version prints the version of package.json', async () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }
  expect(await ended(start('--version'))).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
})

test('next to nothing is loaded before the version can be answered', () => {
  expect(bytesBefore(MAIN)).toBeLessThan(10_000)
})

test('in a pipe stdout has the path alone, and stderr lines without control characters', async () => {
  const { code, stdout, stderr } = await ended(start('-p', HELLO))
  expect({ code, stdout }).toEqual({ code: 0, stdout: `${join(folder, 'hello-world-0.0.1.oci')}\n` })
  expect(stderr).not.toMatch(/[^\P{Cc}\n]/u)
  expect(stderr).toMatch(/\nwrote \.\/hello-world-0\.0\.1\.oci \(index sha256:[0-9a-f]{64}, \d images\)\n$/u)
})

test('a buildpack.toml of millions of lines takes no memory for each', async () => {
  const toml = `api = "0.10"\nodd = 1\n[buildpack]\nid = "a/b"\nversion = "1"\n[[targets]]\nos = "linux"\narch = "amd64"\n${'\n'.repeat(3 * 1024 ** 2)}`
  await writeFile(join(folder, 'buildpack.toml'), toml)
  const child = spawn(process.execPath, ['--max-old-space-size=128', BIN, '--dry-run'], { cwd: folder, env: { PATH: process.env['PATH'], HOME: folder }, stdio: ['ignore', 'pipe', 'pipe'] })
  expect(await ended(child)).toMatchObject({ code: 0, stderr: expect.stringContaining('warning: buildpack.toml:2:1: odd: unknown key') })
})

test('--json leaves stderr empty, and --metadata-file holds the same', async () => {
  const { code, stdout, stderr } = await ended(start('-p', HELLO, '--json', '--metadata-file', 'result.json'))
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(JSON.parse(stdout)).toMatchObject({ schemaVersion: 1, destination: 'layout', path: join(folder, 'hello-world-0.0.1.oci') })
  expect(readFileSync(join(folder, 'result.json'), 'utf8')).toBe(stdout)
})

test('a wrong command line ends with 2', async () => {
  expect(await ended(start('--publsh'))).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('did you mean --publish?') })
})

test('a folder without a buildpack fails, and leaves nothing behind', async () => {
  const { code, stdout, stderr } = await ended(start('--no-cache'))
  expect({ failed: code === 1 || code === 2, stdout }).toEqual({ failed: true, stdout: '' })
  expect(stderr).toMatch(/^error: /u)
  expect(await readdir(folder)).toEqual([])
})

test('a reader that has gone is no failure', async () => {
  const child = start('-p', HELLO, '--dry-run')
  child.stdout?.destroy()
  expect(await ended(child)).toMatchObject({ code: 0, stderr: expect.not.stringContaining('EPIPE') })
})

test('a reader that has gone before a package is made is no failure either, and the package is there', async () => {
  const child = start('-p', HELLO)
  child.stdout?.destroy()
  expect(await ended(child)).toMatchObject({ code: 0, stderr: expect.not.stringContaining('EPIPE') })
  expect(await readdir(folder)).toContain('hello-world-0.0.1.oci')
})

test('a folder that was removed under the shell is told in words', async () => {
  const gone = join(folder, 'gone')
  const command = (words: string) => spawn('/bin/sh', ['-c', `mkdir "$0" && cd "$0" && rmdir "$0" && exec "$1" "$2" ${words}`, gone, process.execPath, BIN], { env: { PATH: process.env['PATH'], HOME: folder } })
  expect(await ended(command(''))).toEqual({ code: 1, stdout: '', stderr: 'error: find the current folder: it is not there any more\nhint: change to a folder that is there\n' })
  const { code, stderr } = await ended(command('--json'))
  expect({ code, error: JSON.parse(stderr) as unknown }).toMatchObject({ code: 1, error: { error: { code: 'NOT_FOUND' } } })
})

test.skipIf(!existsSync('/dev/full'))('a result that cannot be written is a failure', async () => {
  const full = openSync('/dev/full', 'w')
  const child = startOn(full, '-p', HELLO, '--dry-run')
  closeSync(full)
  expect(await ended(child)).toMatchObject({ code: 1, stderr: expect.stringMatching(/^error: write the result: ENOSPC/mu) })
})

/** A registry that takes a request and never answers, and a publish to it. */
async function stuckPublish(...words: string[]): Promise<{ child: ChildProcess; end: Promise<Ended>; stop: () => void }> {
  const server = createServer()
  const asked = new Promise((resolve) => {
    server.once('request', resolve)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  const child = start('-p', HELLO, '--no-cache', '--publish', `127.0.0.1:${port}/hello:1`, ...words)
  const end = ended(child)
  await Promise.race([asked, end])
  return {
    child,
    end,
    stop: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

test.each(['SIGINT', 'SIGTERM'] as const)('%s stops cleanly: 130, nothing on stdout, no temporary file left', async (signal) => {
  const { child, end, stop } = await stuckPublish()
  try {
    child.kill(signal)
    expect(await end).toMatchObject({ code: 130, stdout: '', stderr: expect.stringMatching(/interrupted, cleaning up; once more to stop at once\n$/u) })
    expect(await readdir(folder)).toEqual([])
  } finally {
    stop()
  }
})

test.each([0, 50])('two signals %i ms apart, as npm and terminals send them for one Ctrl-C, stop as cleanly', async (gapMs) => {
  const { child, end, stop } = await stuckPublish('-o', 'out.oci')
  try {
    child.kill('SIGINT')
    await sleep(gapMs)
    child.kill('SIGTERM')
    expect(await end).toMatchObject({ code: 130, stdout: '' })
    expect(await readdir(folder)).toEqual([])
  } finally {
    stop()
  }
})

test('a run that waits for a call which the system does not give back ends with the next signal', async () => {
  const server = createServer((_request, response) => response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  // A pipe that it holds open itself: reading from it never comes to an end.
  const script = 'mkfifo auth; exec 3<>auth; rm auth; exec "$@"'
  const words = [process.execPath, BIN, `127.0.0.1:${port}/a/b:1`, '--publish', '-p', HELLO, '--no-cache']
  const env = { PATH: process.env['PATH'], HOME: folder, TMPDIR: folder, NODE_DISABLE_COMPILE_CACHE: '1', REGISTRY_AUTH_FILE: '/dev/fd/3' }
  const child = spawn('sh', ['-c', script, 'sh', ...words], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const end = ended(child)
  try {
    await new Promise((resolve) => server.once('request', resolve))
    for (let signals = 0; signals < 20 && child.exitCode === null && child.signalCode === null; signals += 1) {
      child.kill('SIGTERM')
      await sleep(500)
    }
    expect(child.signalCode ?? child.exitCode).toBe('SIGTERM')
    await end
    expect(await readdir(folder)).toEqual([])
  } finally {
    child.kill('SIGKILL')
    server.closeAllConnections()
    server.close()
  }
})
