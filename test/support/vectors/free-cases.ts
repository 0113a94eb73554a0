import { expect } from 'vitest'
import type { ExpectedLayer, Outcome, PackageCase } from './case.ts'
import { readPackageCase } from './case.ts'
import { judge } from './judge.ts'
import type { CaseRun } from './run-case.ts'

/** What the contract's table of defects says where the vector itself judges nothing (SPEC-package.md section 9). */
export interface FreeCase {
  readonly wanted: string
  /** What to read back, out of what the peer did. */
  readonly outcome: (peer: Outcome) => Outcome
  readonly check: (run: CaseRun, input: PackageCase) => void
}

const asPeer = (peer: Outcome): Outcome => peer
const nothing = (peer: Outcome): Outcome => ({ ...peer, exit: 1, outputs: [], tags: [], layers: {} })

/** What the vector itself says of the case where it is done as the peer does it. */
function wantedOf(name: string): Outcome {
  const { wanted } = readPackageCase(name).expected
  if (wanted === undefined) throw new Error(`${name} says nothing of what is wanted`)
  return wanted
}

/** One module's layer, of the image at this place. */
function layerOf(run: CaseRun, image: number): ExpectedLayer {
  const [output] = run.outputs
  const layer = output?.layers[output.images[image]?.diff_ids[0] ?? '']
  if (layer === undefined) throw new Error(`no layer in image ${image}: ${run.stderr}`)
  return layer
}

function refused(pattern: RegExp): FreeCase['check'] {
  return (run, input) => {
    judge(run, nothing(input.expected.peer))
    expect(run.stderr).toMatch(pattern)
  }
}

const root = '/cnb/buildpacks/acme_hello/0.0.1'

export const freeCases: Readonly<Record<string, FreeCase>> = {
  'archive-tar-gnu': {
    wanted: 'an archive in GNU format is written by the format rules of a folder',
    outcome: asPeer,
    check: (run) => {
      const sameInTgz = Object.values(readPackageCase('archive-tgz').expected.peer.layers)[0]
      expect(layerOf(run, 0).entries.every(({ format, mtime, uname }) => format === 'ustar' && mtime === '1980-01-01T00:00:01Z' && uname === '')).toBe(true)
      expect(new Set(layerOf(run, 0).entries.map(({ name }) => name))).toEqual(new Set(sameInTgz?.entries.map(({ name }) => name)))
      expect(layerOf(run, 0).trailingZeroBlocks).toBe(2)
    },
  },
  'cnb-file-targets': {
    wanted: 'one file for each target, named by it, as the peer names them',
    outcome: asPeer,
    check: (run, input) => judge(run, input.expected.peer),
  },
  'cnb-file-variants': {
    wanted: 'the variant is in the name of the file, so that no file is written over another',
    outcome: () => wantedOf('cnb-file-variants'),
    check: (run) => judge(run, wantedOf('cnb-file-variants')),
  },
  'config-and-path': {
    wanted: 'both may be given, and the path wins over the uri of the file',
    outcome: (peer) => ({ ...peer, exit: 0, outputs: [{ name: '{registry}/{repo}:1', kind: 'image', images: [] }] }),
    check: (run) => {
      expect(run.code, run.stderr).toBe(0)
      expect(run.tags).toEqual(['1'])
      expect(layerOf(run, 0).entries.map(({ name }) => name)).toContain(`${root}/bin/build`)
    },
  },
  'config-targets-component': {
    wanted: 'targets of package.toml do not count for a component, with a warning',
    outcome: asPeer,
    check: (run) => {
      expect(run.code, run.stderr).toBe(0)
      expect(run.outputs[0]?.kind).toBe('image')
      expect(run.stderr).toMatch(/package\.toml.*targets|targets.*package\.toml/)
    },
  },
  'folders-partial': {
    wanted: 'a walk that stops at a folder without bin falls back to the buildpack folder',
    outcome: asPeer,
    check: (run) => {
      expect(run.code, run.stderr).toBe(0)
      expect(run.outputs[0]?.images.map(({ config }) => config.architecture)).toEqual(['amd64', 'arm64'])
      expect(layerOf(run, 0).entries.map(({ name }) => name)).toContain(`${root}/bin/build`)
      expect(layerOf(run, 1).entries.map(({ name }) => name)).toEqual(expect.arrayContaining([`${root}/bin/build`, `${root}/linux/amd64/bin/build`]))
    },
  },
  'label-overrides-own': {
    wanted: 'a label of the package itself cannot be given',
    outcome: nothing,
    check: refused(/io\.buildpacks\.buildpackage\.metadata/),
  },
  'suffix-one-target': {
    wanted: 'with one target no suffixed tag is made',
    outcome: asPeer,
    check: (run, input) => judge(run, input.expected.peer),
  },
  'target-os-only': {
    wanted: 'a target without an architecture is refused, and the key is named',
    outcome: nothing,
    check: refused(/buildpack\.toml:\d+:\d+: targets\[0\].*arch/),
  },
  'target-toml-unknown-arch': {
    wanted: 'the architecture of a declared target is checked as that of a flag',
    outcome: nothing,
    check: refused(/buildpack\.toml:\d+:\d+: targets\[0\]\.arch: /),
  },
  'windows-hardlink': {
    wanted: 'a link leads to a name below Files, without a leading slash',
    outcome: asPeer,
    check: (run) => {
      const links = layerOf(run, 0).entries.filter(({ type }) => type === '1')
      expect(links.length).toBeGreaterThan(0)
      const names = layerOf(run, 0).entries.map(({ name }) => name)
      for (const { linkname } of links) {
        expect(linkname).toMatch(/^Files\/cnb\/buildpacks\//)
        expect(names).toContain(linkname)
      }
    },
  },
}
