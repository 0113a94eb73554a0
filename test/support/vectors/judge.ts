import { join } from 'node:path'
import { expect } from 'vitest'
import type { ExpectedImage, ExpectedLayer, ExpectedOutput, ExpectedPlatform, Outcome } from './case.ts'
import type { ReadOutput } from '../read-back/output.ts'
import type { CaseRun } from './run-case.ts'
import { filler } from './run-case.ts'

/**
 * Holds a run against what a vector wants of it: exit, tags, kind, platforms, configs, labels (parsed, and their raw text),
 * diffIDs and listings of the layers (SPEC-package.md section 11). Nothing may be left in or lost from the author's folder.
 * `unordered`: the peer's layers come in an order of chance, so only which ones there are is compared.
 */
export function judge(run: CaseRun, wanted: Outcome, { unordered = false } = {}): void {
  const fill = filler(run.host, run.repository)
  expect(run.code === 0, run.stderr).toBe(wanted.exit === 0)
  expect(run.tags).toEqual(wanted.tags.map(fill).sort())
  expect(run.after).toEqual(run.before)
  for (const [at, output] of wanted.outputs.entries()) {
    const filled = fillAll(withoutBaseLayers(output, wanted.layers), fill)
    judgeOutput(run.outputs[at], output.kind === 'file' ? asOurs(filled) : filled, unordered)
  }
  judgeLayers(run, wanted)
  judgeStdout(run)
}

/** On success stdout is one line, the digest of what NAME stands for, or the path of each file; else it is empty. */
function judgeStdout(run: CaseRun): void {
  const [first] = run.outputs
  if (first?.kind === 'file') expect(run.stdout).toBe(run.outputs.map(({ name }) => `${join(run.cwd, name)}\n`).join(''))
  else expect(run.stdout).toBe(first === undefined ? '' : `${run.host}/${run.repository}@${first.digest}\n`)
}

/**
 * In files too the config is the one of section 5, where the peer writes Docker's types and the year 1 (SPEC-package.md
 * section 9, `cnb-file-variant-config`). The peer's empty `Env` and its like come to nothing in both.
 */
function asOurs(output: ExpectedOutput): ExpectedOutput {
  const created = '1980-01-01T00:00:01Z'
  return { ...output, images: output.images.map((image) => ({ ...image, config: { ...image.config, created }, history: image.history.map(() => ({ created })) })) }
}

function judgeOutput(found: ReadOutput | undefined, wanted: ExpectedOutput, unordered: boolean): void {
  expect({ name: found?.name, kind: found?.kind, annotations: found?.annotations ?? null }).toEqual({
    name: wanted.name,
    kind: wanted.kind,
    annotations: wanted.annotations ?? null,
  })
  expect(found?.manifests?.map(({ platform }) => platform && plain(platform))).toEqual(wanted.manifests?.map(({ platform }) => platform && plain(platform)))
  if (wanted.kind === 'file') judgeArchive(found, wanted)
  expect(found?.images.length).toBe(wanted.images.length)
  for (const [image, expected] of wanted.images.entries()) judgeImage(found?.images[image], expected, unordered)
  for (const mediaType of found?.mediaTypes ?? []) expect(mediaType).toMatch(/^application\/vnd\.oci\.image\./)
}

/** The tar and its layout (SPEC-package.md section 8). The one manifest has the version as its name, which the peer leaves out. */
function judgeArchive(found: ReadOutput | undefined, wanted: ExpectedOutput): void {
  const { archive } = found ?? {}
  expect(archive?.outer).toEqual(wanted.outer)
  expect(archive?.trailingZeroBlocks).toBe(2)
  expect(archive?.layout).toEqual(wanted.layout)
  expect(archive?.index).toEqual(wanted.index)
  expect(archive?.manifests.map(({ annotations }) => annotations)).toEqual([{ 'org.opencontainers.image.ref.name': '0.0.1' }])
}

function judgeImage(found: ExpectedImage | undefined, wanted: ExpectedImage, unordered: boolean): void {
  const inOrder = (diffIDs: readonly string[] = []): readonly string[] => (unordered ? [...diffIDs].sort() : diffIDs)
  expect(inOrder(found?.diff_ids)).toEqual(inOrder(wanted.diff_ids))
  expect(found?.config).toEqual(wanted.config)
  expect(found?.history).toEqual(wanted.history)
  expect(found?.container).toEqual(Object.fromEntries(Object.entries(wanted.container).filter(([, value]) => value !== null)))
  expect(values(found)).toEqual(values(wanted))
  expect(found?.labels).toEqual(wanted.labels)
}

function judgeLayers(run: CaseRun, wanted: Outcome): void {
  const found: Record<string, ExpectedLayer> = Object.assign({}, ...run.outputs.map(({ layers }) => layers))
  const expected = Object.entries(wanted.layers).filter(([, layer]) => isModuleLayer(layer))
  for (const [diffID, layer] of expected) expect(found[diffID], diffID).toEqual(layer)
  if (wanted.outputs.length > 0) expect(Object.keys(found).sort()).toEqual(expected.map(([diffID]) => diffID).sort())
}

/** The peer puts a base layer below a Windows package; ours has none (SPEC-package.md section 4). */
function withoutBaseLayers(output: ExpectedOutput, layers: Outcome['layers']): ExpectedOutput {
  return { ...output, images: output.images.map((image) => withoutBaseLayer(image, layers)) }
}

function withoutBaseLayer(image: ExpectedImage, layers: Outcome['layers']): ExpectedImage {
  const kept = image.diff_ids.map((diffID) => isModuleLayer(layers[diffID]))
  return { ...image, diff_ids: image.diff_ids.filter((_, at) => kept[at]), history: image.history.filter((_, at) => kept[at]) }
}

function isModuleLayer(layer: ExpectedLayer | undefined): boolean {
  return layer?.entries.some(({ name }) => name.includes('/cnb/')) ?? true
}

function values(image: ExpectedImage | undefined): Record<string, unknown> {
  return Object.fromEntries(Object.entries(image?.labels ?? {}).map(([key, { value }]) => [key, value]))
}

function plain(platform: ExpectedPlatform): Record<string, unknown> {
  return Object.fromEntries(Object.entries(platform).filter(([, value]) => value !== null))
}

function fillAll(output: ExpectedOutput, fill: (text: string) => string): ExpectedOutput {
  return JSON.parse(fill(JSON.stringify(output))) as ExpectedOutput
}
