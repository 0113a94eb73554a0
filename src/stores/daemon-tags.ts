import { PackagerError, throwIfCancelled } from '../errors.ts'
import type { Report } from '../events.ts'
import type { Engine } from '../docker/engine.ts'
import type { Digest } from '../oci/digest.ts'

/** A name that an image gets. */
export interface EngineTag {
  /** `docker.io/acme/hello`. */
  readonly repository: string
  readonly tag: string
  readonly id: Digest
}

/** What a name stood for before. */
interface Former {
  readonly tag: EngineTag
  readonly id: Digest | undefined
}

/**
 * Sets names one after another and looks at each; after a failure or an abort those that were set stand for what they did
 * before, or are gone. An engine has no way to set several at once.
 */
export async function setTags(engine: Engine, tags: readonly EngineTag[], report: Report, signal?: AbortSignal): Promise<void> {
  const changed: Former[] = []
  try {
    for (const tag of tags) {
      throwIfCancelled(signal, 'tag image in the engine')
      const former = await engine.inspect(nameOf(tag), signal)
      if (former?.id === tag.id) continue
      changed.push({ tag, id: former?.id })
      await engine.tag(tag.id, tag.repository, tag.tag, signal)
      await checkTag(engine, tag, signal)
    }
  } catch (cause) {
    for (const former of changed.reverse()) await takeBack(engine, former, report)
    throw cause
  }
}

async function checkTag(engine: Engine, tag: EngineTag, signal: AbortSignal | undefined): Promise<void> {
  const found = await engine.inspect(nameOf(tag), signal)
  if (found?.id === tag.id) return
  throw new PackagerError({ code: 'DIGEST_MISMATCH', step: 'verify image in the engine', value: nameOf(tag), found: found?.id ?? 'no such image', wanted: tag.id })
}

/** Not under the run's signal: an interrupt is one of the reasons to be here. */
async function takeBack(engine: Engine, { tag, id }: Former, report: Report): Promise<void> {
  try {
    if (id === undefined) await engine.remove(nameOf(tag))
    else await engine.tag(id, tag.repository, tag.tag)
  } catch (cause) {
    const message = `${nameOf(tag)} may be left on the new image: ${cause instanceof Error ? cause.message : String(cause)}`
    report({ type: 'warning', message, hint: id === undefined ? `docker rmi ${nameOf(tag)}` : `docker tag ${id} ${nameOf(tag)}` })
  }
}

function nameOf({ repository, tag }: EngineTag): string {
  return `${repository}:${tag}`
}
