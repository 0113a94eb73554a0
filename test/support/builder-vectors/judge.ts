import { expect } from 'vitest'
import { fixedTar } from '../archives/fixed-tar.ts'
import { digestOf } from '../read-back/image.ts'
import type { ReadOutput } from '../read-back/output.ts'
import type { ExpectedImage, ListedEntry } from '../vectors/case.ts'
import type { BuilderCase, BuilderEntry, BuilderImage, BuilderLayer, BuilderOutput } from './case.ts'
import type { BuilderRun } from './run-case.ts'

type Fill = (text: string) => string

/**
 * Holds a run against what its vector wants: exit codes and what messages name, names that must not be there, and of each
 * image its layers (listing and diffID), config, labels, history and platform, and of an index its children. Free are who made
 * it, texts of the history and compression. All media types are of the family that the base has.
 */
export function judgeBuilder(run: BuilderRun, input: BuilderCase): void {
  for (const [at, { exitCode, mustMention = [] }] of input.expected.commands.entries()) {
    const result = run.commands[at]
    expect(result?.code === 0, result?.stderr).toBe(exitCode === 0)
    for (const text of mustMention) expect(result?.stderr).toContain(run.fill(text))
    if (exitCode !== 0) expect(result?.stdout).toBe('')
  }
  expect(run.after).toEqual(run.before)
  for (const [at, output] of input.expected.outputs.entries()) judgeOutput(run, run.outputs[at], output)
  if (input.expected.outputs.every(({ kind }) => kind === 'absent')) for (const tags of run.tags.values()) expect(tags).toEqual([])
}

function judgeOutput(run: BuilderRun, found: ReadOutput | undefined, wanted: BuilderOutput): void {
  if (wanted.kind === 'absent') return expect(found).toBeUndefined()
  if (wanted.kind === 'daemon') return judgeDaemon(run, wanted)
  expect(found?.kind).toBe(wanted.kind)
  if (wanted.index !== undefined) {
    expect(found?.mediaTypes[0]).toBe(wanted.index.mediaType)
    expect(found?.manifests?.map(({ platform }) => withoutEmpty(platform))).toEqual(wanted.index.manifests.map(({ platform }) => platform))
  }
  expect(found?.images.length).toBe(wanted.images?.length)
  for (const [at, image] of (wanted.images ?? []).entries()) judgeImage(found, at, image, run.fill)
}

/** An engine has no listings, but it has checked each layer it took against its diffID. */
function judgeDaemon(run: BuilderRun, wanted: BuilderOutput): void {
  const image = run.daemon.get(run.fill(wanted.ref))
  const [expected] = wanted.images ?? []
  expect(expected).toBeDefined()
  if (expected === undefined) return
  expect({ os: image?.os, architecture: image?.architecture }).toEqual(expected.platform)
  expect(image?.diffIDs).toEqual(expected.layers.map((layer) => diffIDOf(layer, run.fill)))
  judgeLabels(image?.labels ?? {}, expected, run.fill)
  const { Labels: _labels, ...config } = (image?.config ?? {}) as Record<string, unknown>
  expect(withoutEmpty(config)).toEqual(expected.config)
}

function judgeImage(output: ReadOutput | undefined, at: number, wanted: BuilderImage, fill: Fill): void {
  const found = output?.images[at]
  for (const [index, layer] of wanted.layers.entries()) {
    const listed = output?.layers[found?.diff_ids[index] ?? '']
    const expected = ordered(layer).map((entry) => asListed(entry, layer.hostDependent === true ? fill : undefined))
    expect(listed?.entries, layer.role).toEqual(layer.entries === undefined ? expect.anything() : expected)
    if (layer.hostDependent !== true) expect(listed?.bytes, layer.role).toBe(layer.bytes)
  }
  expect(found?.diff_ids).toEqual(wanted.layers.map((layer) => diffIDOf(layer, fill)))
  expect(withoutEmpty(platformOf(found))).toEqual(wanted.platform)
  expect({ created: found?.config.created, author: found?.config.author }).toEqual({ created: wanted.created, author: wanted.author })
  expect(found?.history.map(({ created }) => created)).toEqual(wanted.history.map(({ created }) => created))
  expect(withoutEmpty(found?.container)).toEqual(wanted.config)
  judgeLabels(Object.fromEntries(Object.entries(found?.labels ?? {}).map(([key, { raw }]) => [key, raw])), wanted, fill)
  const family = wanted.mediaTypes?.manifest.includes('docker') === true ? /^application\/vnd\.docker\./ : /^application\/vnd\.oci\./
  for (const mediaType of output?.mediaTypes ?? []) expect(mediaType).toMatch(family)
}

const creator = /"createdBy":\{"name":"[^"]+","version":"[^"]+"\}/

/** Byte for byte as the peer's, but for who made it, who must have a name and a version. */
function judgeLabels(found: Readonly<Record<string, string>>, wanted: BuilderImage, fill: Fill): void {
  const neutral = (labels: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(Object.entries(labels).map(([key, raw]) => [key, raw.replace(creator, '"createdBy":{}')]))
  const expected = Object.fromEntries(Object.entries(wanted.labels).map(([key, raw]) => [key, fill(raw)]))
  expect(neutral(found)).toEqual(neutral(expected))
  expect(found['io.buildpacks.builder.metadata']).toMatch(creator)
}

/** The recorded one; where that depends on the registry's address, or on chance, the one that the listing makes. */
function diffIDOf(layer: BuilderLayer, fill: Fill): string {
  if (layer.hostDependent !== true && layer.unordered !== true) return layer.diffId
  const entries = ordered(layer).map(({ name, mode, text = '' }) => ({ name, type: 'file' as const, mode: Number.parseInt(mode, 8), content: Buffer.from(fill(text)), link: '' }))
  return digestOf(fixedTar(entries))
}

function ordered({ entries = [], unordered = false }: BuilderLayer): readonly BuilderEntry[] {
  return unordered ? [...entries].sort((a, b) => (a.name < b.name ? -1 : 1)) : entries
}

/** `fill` where the text, and so its size, names the registry. */
function asListed(entry: BuilderEntry, fill: Fill | undefined): ListedEntry {
  const { name, type, mode, uid, gid, uname, gname, mtime, link, format, pax = {}, text = '' } = entry
  const size = fill === undefined ? entry.size : Buffer.byteLength(fill(text))
  const time = new Date(Math.floor(Number(mtime)) * 1000).toISOString().replace('.000Z', 'Z')
  return { name, type, mode, uid, gid, uname, gname, size, mtime: time, linkname: link, format, pax: Object.entries(pax) }
}

function platformOf(image: ExpectedImage | undefined): Record<string, unknown> {
  const { created: _created, author: _author, ...platform } = image?.config ?? { created: '', author: null }
  return platform
}

function withoutEmpty(value: object | null | undefined): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value ?? {}).filter(([, member]) => !isEmpty(member)))
}

function isEmpty(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0
  return value === null || value === undefined || value === '' || value === false
}
