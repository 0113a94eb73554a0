import { PackagerError } from '../errors.ts'
import type { IndexContent } from '../oci/index-content.ts'
import { withListLock } from '../stores/list-lock.ts'
import { listsFolder } from '../stores/list-names.ts'
import { deleteList } from '../stores/list-write.ts'
import { hasList, readList } from '../stores/lists.ts'
import { entryByWord } from './entries.ts'
import { throwAll } from './failures.ts'
import { parseListName } from './names.ts'
import type { ListName } from './names.ts'
import type { LocalOptions } from './options.ts'

/** `manifest exists LIST`: throws where there is a list that cannot be read. */
export async function listExists(word: string, options: Pick<LocalOptions, 'env' | 'signal'>): Promise<boolean> {
  return (await readList(listsFolder(options.env), parseListName(word).full, options.signal)) !== undefined
}

/**
 * `manifest remove LIST...`: deletes local lists, readable or not, and never a registry's. All are looked up first; one that
 * is unknown keeps all of them.
 *
 * @returns the full names of those that are gone
 */
export async function removeLists(words: readonly string[], ifExists: boolean, options: LocalOptions): Promise<readonly string[]> {
  const root = listsFolder(options.env)
  const looked = await Promise.all(words.map((word, at) => lookUp(word, at === 0 ? undefined : words[0], root)))
  const lists = new Map(looked.flatMap(({ name, there }) => (name !== undefined && there ? [[name.full, name] as const] : [])))
  if (!ifExists) throwAll(looked.flatMap(({ missing }) => (missing === undefined ? [] : [missing])))
  else throwAll(looked.flatMap(({ name, missing }) => (name === undefined && missing !== undefined ? [missing] : [])))
  const { owner, patienceMs, signal } = options
  const removed: string[] = []
  for (const { full } of lists.values()) {
    if (await withListLock(root, full, { owner, patienceMs, signal }, () => deleteList(root, full))) removed.push(full)
  }
  return removed
}

interface LookedUp {
  readonly name: ListName | undefined
  readonly there: boolean
  readonly missing: PackagerError | undefined
}

async function lookUp(word: string, first: string | undefined, root: string): Promise<LookedUp> {
  const hint = first === undefined ? undefined : await entryHint(word, first, root)
  try {
    const name = parseListName(word)
    const there = await hasList(root, name.full)
    const missing = new PackagerError({
      code: 'LIST_NOT_FOUND',
      step: 'remove list',
      value: name.full,
      found: 'no local list of that name',
      hint: hint ?? 'no list was removed; --if-exists passes over those that are not there',
    })
    return { name, there, missing: there ? undefined : missing }
  } catch (cause) {
    if (!(cause instanceof PackagerError) || hint === undefined) throw cause
    return { name: undefined, there: false, missing: new PackagerError({ code: cause.code, step: 'remove list', value: word, found: 'an entry of a list', wanted: 'a list', hint, cause }) }
  }
}

/** docker and podman say `rm` for whole lists and `remove` for entries: who means the other is told. */
async function entryHint(word: string, first: string, root: string): Promise<string | undefined> {
  const list = parseListName(first).full
  const stored = await readList(root, list).catch(() => undefined)
  return stored !== undefined && isEntry(word, stored.content) ? `"bp-package manifest rm ${list} ${word}" takes an entry out of the list` : undefined
}

function isEntry(word: string, content: IndexContent): boolean {
  try {
    return entryByWord(word, content) !== undefined
  } catch {
    return false
  }
}
