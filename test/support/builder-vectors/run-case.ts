import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import type { Server } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { KeptImage } from '../../docker/support/engine-images.ts'
import { startEngine } from '../../docker/support/engine-server.ts'
import { fixedTar } from '../archives/fixed-tar.ts'
import type { CliResult } from '../cli.ts'
import { runCli } from '../cli.ts'
import type { ReadOutput } from '../read-back/output.ts'
import { readOutput, readTags } from '../read-back/registry.ts'
import type { TreeEntry } from '../tree/tree.ts'
import { emptyTree, snapshot, writeEntries } from '../tree/tree.ts'
import type { BuilderCase, CaseArchive } from './case.ts'
import { builtImage, cnbOf, filled, pushBase } from './images.ts'

/** What one case did: of each command its outcome, of each expected output what is there. */
export interface BuilderRun {
  readonly host: string
  readonly commands: readonly CliResult[]
  readonly outputs: readonly (ReadOutput | undefined)[]
  /** By their references, where the output is an engine's. */
  readonly daemon: ReadonlyMap<string, KeptImage | undefined>
  /** Of each repository that an output is in. */
  readonly tags: ReadonlyMap<string, readonly string[]>
  readonly before: Readonly<Record<string, string>>
  readonly after: Readonly<Record<string, string>>
  readonly fill: (text: string) => string
}

/**
 * Runs a case against the registry at `host`: bases pushed, the tree served by http, commands one after another, outputs read
 * back. What the peer leaves in its daemon goes into a small engine here, asked for by `--format image`, since without a word
 * this package writes a layout (SPEC.md, `--format`).
 */
export async function runBuilderCase(input: BuilderCase, host: string): Promise<BuilderRun> {
  await using work = await emptyTree()
  await using home = await emptyTree()
  await using engine = await startEngine()
  const files = await serveFiles(work.path)
  try {
    const run = randomBytes(4).toString('hex')
    const fill = (text: string): string => text.replaceAll('{registry}', host).replaceAll('{run}', run).replaceAll('{files}', files.url)
    await writeEntries(work.path, input.entries.map((entry) => ({ ...entry, fill: true })), fill)
    for (const archive of input.archives ?? []) await writeArchive(work.path, archive, input.entries, fill)
    for (const base of input.bases) await pushBase(fill(base.ref), base, fill)
    const before = await snapshot(work.path)
    const commands: CliResult[] = []
    for (const { cwd, args, env = {} } of input.commands) {
      const destination = args.includes('--publish') ? [] : ['--format', 'image']
      commands.push(await runCli(['builder', 'create', ...args.map(fill), ...destination], { cwd: join(work.path, cwd), home: home.path, env: { DOCKER_HOST: engine.host, ...env } }))
    }
    const named = input.expected.outputs.map(({ ref, kind }) => ({ kind, name: fill(ref), ...nameParts(fill(ref), host) }))
    const tags = new Map<string, readonly string[]>()
    for (const { repository, kind } of named) if (kind !== 'daemon') tags.set(repository, await readTags(host, repository))
    const outputs: (ReadOutput | undefined)[] = []
    for (const { kind, name, repository, tag } of named) {
      const isThere = kind !== 'daemon' && tags.get(repository)?.includes(tag) === true
      outputs.push(isThere ? await readOutput(host, repository, tag, name) : undefined)
    }
    const daemon = new Map(named.filter(({ kind }) => kind === 'daemon').map(({ name }) => [name, engine.images.find(name) ?? engine.images.find(`docker.io/${name}`)]))
    return { host, commands, outputs, daemon, tags, before, after: await snapshot(work.path), fill }
  } finally {
    await files.close()
  }
}

function nameParts(ref: string, host: string): { readonly repository: string; readonly tag: string } {
  const [, repository = '', tag = 'latest'] = /^(.+?)(?::([^:/]+))?$/.exec(ref.startsWith(`${host}/`) ? ref.slice(host.length + 1) : ref) ?? []
  return { repository, tag }
}

async function writeArchive(folder: string, archive: CaseArchive, entries: readonly TreeEntry[], fill: (text: string) => string): Promise<void> {
  const bytes = archive.images === undefined ? tarOf(archive, entries, fill) : cnbOf(archive.images.map((image) => builtImage(image, fill)))
  await writeFile(join(folder, archive.path), archive.gzip === true ? gzipSync(bytes, { level: 9 }) : bytes)
}

/** The entries below the prefix, which is taken off; folders get a slash. */
function tarOf(archive: CaseArchive, entries: readonly TreeEntry[], fill: (text: string) => string): Buffer {
  const { from = '' } = archive
  const inside = entries.filter(({ path }) => path.startsWith(from) && path !== from)
  const fixed = inside.map((entry) => ({
    name: `${entry.path.slice(from.length)}${entry.type === 'dir' ? '/' : ''}`,
    type: entry.type,
    mode: Number.parseInt(entry.mode ?? '0644', 8),
    content: entry.type === 'file' ? filled(entry, fill) : Buffer.alloc(0),
    link: entry.type === 'hardlink' ? (entry.target ?? '').slice(from.length) : (entry.target ?? ''),
  }))
  return fixedTar(fixed, archive)
}

/** A folder's files by http, on a loopback port. */
async function serveFiles(folder: string): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server: Server = createServer((request, response) => {
    createReadStream(join(folder, new URL(request.url ?? '/', 'http://files').pathname))
      .on('error', () => response.writeHead(404).end())
      .pipe(response)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const close = (): Promise<void> => new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close }
}
