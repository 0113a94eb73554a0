import { expect } from 'vitest'
import type { CliResult } from '../cli.ts'
import type { CaseEntry, CaseStep, ExpectedIndex, ManifestCase } from './manifest-case.ts'
import type { ManifestGround } from './manifest-ground.ts'

/** Runs a case's steps in order, and judges each and what the registry holds in the end. */
export async function judgeManifestCase(ground: ManifestGround, { images, steps, expect: wanted }: ManifestCase): Promise<void> {
  await ground.push(images)
  for (const step of steps) await takeStep(ground, step)
  for (const [name, index] of Object.entries(wanted.indexes)) await judgeTag(ground, name, index)
  for (const [repository, tags] of Object.entries(wanted.tags ?? {})) expect(await ground.tags(repository)).toEqual([...tags].sort())
}

async function takeStep(ground: ManifestGround, step: CaseStep): Promise<void> {
  const filled = (args: readonly string[]): Promise<string[]> => Promise.all(args.map((arg) => ground.fill(arg)))
  if (step.push !== undefined) await ground.push(step.push)
  if (step.write !== undefined) await ground.write(step.write)
  const started = await Promise.all((step.parallel ?? []).map(async (args) => ground.start(await filled(args))))
  for (const { code, stderr } of started) expect({ code, stderr }).toEqual({ code: 0, stderr: code === 0 ? stderr : '' })
  if (step.args === undefined) return
  const args = await filled(step.args)
  await judgeStep(ground, step, args.join(' '), await ground.run(args))
}

async function judgeStep(ground: ManifestGround, step: CaseStep, line: string, { code, stdout, stderr }: CliResult): Promise<void> {
  const { exit = 0 } = step
  const said = `${line}\n${stdout}${stderr}`
  if (exit === 'fail') expect(code, said).not.toBe(0)
  else expect(code, said).toBe(exit)
  for (const text of step.stdout_has ?? []) expect(stdout, line).toContain(await ground.fill(text))
  for (const text of step.stderr_has ?? []) expect(stderr, line).toContain(await ground.fill(text))
  for (const text of step.stdout_lacks ?? []) expect(stdout, line).not.toContain(await ground.fill(text))
  for (const text of step.stderr_lacks ?? []) expect(stderr, line).not.toContain(await ground.fill(text))
  if (step.stdout_is !== undefined) expect(stdout, line).toBe(await ground.fill(step.stdout_is))
  if (step.stdout_json !== undefined) expectPart(JSON.parse(stdout), JSON.parse(await ground.fill(JSON.stringify(step.stdout_json))), 'stdout')
}

/** These keys at least, lists whole; null: absent or empty; a number that stands for a word of the case comes as text. */
function expectPart(found: unknown, wanted: unknown, path: string): void {
  if (wanted === null) expect([undefined, null, '', '[]', '{}'], path).toContain(typeof found === 'object' ? JSON.stringify(found) : found)
  else if (Array.isArray(wanted)) {
    expect(found, path).toHaveLength(wanted.length)
    for (const [at, part] of wanted.entries()) expectPart((found as unknown[])[at], part, `${path}[${at}]`)
  } else if (typeof wanted === 'object') {
    expect(found, path).toBeTypeOf('object')
    for (const [key, part] of Object.entries(wanted)) expectPart((found as Record<string, unknown>)[key], part, `${path}.${key}`)
  } else expect(found, path).toBe(typeof found === 'number' ? Number(wanted) : wanted)
}

async function judgeTag(ground: ManifestGround, name: string, wanted: ExpectedIndex | null): Promise<void> {
  const [repository = '', tag = ''] = name.split(':')
  const served = await ground.served(repository, tag)
  if (wanted === null) return expect(served, `nothing at ${name}`).toBeUndefined()
  if (wanted.same !== undefined) return expect(served?.bytes.toString('utf8')).toBe(ground.manifestOf(wanted.same).bytes.toString('utf8'))
  expect(served?.mediaType, `what is at ${name}`).toBe(wanted.mediaType)
  const manifests = await Promise.all(wanted.manifests.map((entry) => entryOf(ground, entry)))
  const text = JSON.stringify({ schemaVersion: 2, mediaType: wanted.mediaType, manifests, annotations: sorted(wanted.annotations) })
  expect(JSON.parse(served?.bytes.toString('utf8') ?? 'null'), name).toEqual(JSON.parse(text))
  // The bytes too: the contract fixes the order of keys, so that a list has one digest on every machine.
  expect(served?.bytes.toString('utf8')).toBe(text)
  for (const { image } of wanted.manifests) await judgeChild(ground, repository, image)
}

/** A descriptor in the order that SPEC-manifest.md, "Media types", gives its keys. */
async function entryOf(ground: ManifestGround, { image, platform, annotations }: CaseEntry): Promise<object> {
  const { mediaType, size, digest } = ground.manifestOf(image)
  const { architecture, os, 'os.version': version, 'os.features': features, variant, ...others } = platform ?? {}
  if (Object.keys(others).length > 0) throw new Error(`no place for ${Object.keys(others).join(', ')} in a platform`)
  const ordered = platform === undefined ? undefined : { architecture, os, 'os.version': version, 'os.features': features, variant }
  const filled = annotations === undefined ? undefined : (JSON.parse(await ground.fill(JSON.stringify(annotations))) as Record<string, string>)
  return { mediaType, size, digest, platform: ordered, annotations: sorted(filled) }
}

function sorted(map: Readonly<Record<string, string>> | undefined): Record<string, string> | undefined {
  return map === undefined ? undefined : Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** The child is in the repository of the index, byte for byte, with all its blobs. */
async function judgeChild(ground: ManifestGround, repository: string, image: string): Promise<void> {
  const { digest, mediaType, bytes } = ground.manifestOf(image)
  const served = await ground.served(repository, digest)
  expect(served, `child ${image} in ${repository}`).toEqual({ mediaType, bytes })
  for (const blob of ground.blobsOf(image)) expect(await ground.hasBlob(repository, blob), `blob ${blob} of ${image} in ${repository}`).toBe(true)
}
