import { relative, sep } from 'node:path'
import type { Entries, LayerEntry } from '../layers/entries.ts'
import { displayName } from '../layers/entries.ts'

/** Those of the files that lie below a folder, relative to it, with `/`. */
export function below(files: readonly string[], folder: string): readonly string[] {
  return files.map((file) => relative(folder, file).split(sep).join('/')).filter((path) => path !== '' && path !== '..' && !path.startsWith('../'))
}

/** Leaves out the folders that hold nothing but what this run writes: the first run had to make them. */
export function withoutEmptied(entries: Entries, own: readonly string[]): Entries {
  const parents = new Set(own.flatMap(ancestors))
  if (parents.size === 0) return entries
  const isParent = (entry: LayerEntry): boolean => entry.type === 'folder' && parents.has(displayName(entry))
  const needed = new Set<string>()
  for (const entry of entries) {
    if (!isParent(entry)) for (const folder of ancestors(displayName(entry))) if (parents.has(folder)) needed.add(folder)
  }
  return {
    *[Symbol.iterator]() {
      for (const entry of entries) if (!isParent(entry) || needed.has(displayName(entry))) yield entry
    },
  }
}

function ancestors(path: string): string[] {
  const parts = path.split('/')
  return parts.slice(0, -1).map((_, depth) => parts.slice(0, depth + 1).join('/'))
}
