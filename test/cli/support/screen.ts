import { Writable } from 'node:stream'
import type { Context, Output } from '../../../src/cli/context.ts'
import type { Library } from '../../../src/cli/library.ts'
import type { Event } from '../../../src/events.ts'
import type { Digest } from '../../../src/oci/digest.ts'
import type { PackageOptions, PackagePlan } from '../../../src/package/options.ts'
import type { RunResult } from '../../../src/publish/options.ts'

/** A stream that keeps what is written to it; with a width it is a terminal. */
export class Screen extends Writable {
  text = ''
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number

  constructor(columns?: number) {
    super({ decodeStrings: false })
    if (columns !== undefined) Object.assign(this, { isTTY: true, columns, rows: 40 })
  }

  override _write(chunk: string | Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString()
    done()
  }
}

export interface Scene extends Context {
  readonly stdout: Output & Screen
  readonly stderr: Output & Screen
}

/** A process that is nowhere: pipes for streams, a clock that stands still. */
export function scene(changes: Partial<Scene> = {}): Scene {
  return {
    env: {},
    cwd: '/here',
    hostArch: 'amd64',
    stdout: new Screen(),
    stderr: new Screen(),
    now: () => 0,
    signal: new AbortController().signal,
    ...changes,
  }
}

export function digest(letter: string): Digest {
  return `sha256:${letter.repeat(64)}`
}

export const RESULT: RunResult = {
  schemaVersion: 1,
  name: 'registry.example/hello:1.0.0',
  tags: ['registry.example/hello:1.0.0'],
  destination: 'registry',
  digest: digest('a'),
  mediaType: 'application/vnd.oci.image.index.v1+json',
  size: 500,
  images: ['linux/amd64', 'linux/arm64'].map((target) => ({
    name: 'registry.example/hello',
    target,
    platform: { os: 'linux', architecture: target.slice(6) },
    digest: digest('b'),
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    size: 400,
    layers: [],
  })),
  warnings: [],
}

export const PLAN: PackagePlan = {
  schemaVersion: 1,
  dryRun: true,
  name: 'registry.example/hello:1.0.0',
  tags: ['registry.example/hello:1.0.0', 'registry.example/hello:latest'],
  destination: 'registry',
  kind: 'index',
  images: [
    { target: 'linux/amd64', root: 'linux/amd64', platform: { os: 'linux', architecture: 'amd64' } },
    { target: 'linux/arm64/v8', root: '.', platform: { os: 'linux', architecture: 'arm64', variant: 'v8' }, tag: 'registry.example/hello:1.0.0-linux-arm64-v8' },
  ],
  layers: [
    {
      module: 'acme/hello@1.0.0',
      root: 'linux/amd64',
      targets: ['linux/amd64'],
      files: [
        { path: 'bin/build', size: 2048 },
        { path: 'bin/detect', size: 12 },
      ],
      bytes: 2060,
      excluded: ['.git', '.env'],
    },
  ],
  warnings: [],
}

/** A library that reports these events, keeps what it was asked, and gives the fixed result. */
export function recordingLibrary(events: readonly Event[] = []): Library & { readonly asked: PackageOptions[] } {
  const asked: PackageOptions[] = []
  const play = (options: PackageOptions): void => {
    asked.push(options)
    for (const event of events) options.onEvent?.(event)
  }
  return {
    asked,
    packageBuildpack: async (options) => {
      play(options)
      return RESULT
    },
    planPackage: async (options) => {
      play(options)
      return PLAN
    },
    createBuilder: async () => RESULT,
    planBuilder: async () => PLAN,
  }
}
