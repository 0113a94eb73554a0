import type { Source } from './store.ts'

/**
 * A repository of which one tag or digest may be elsewhere than the others (containers-registries.conf(5), a `prefix` with a tag
 * or digest). What a name stands for is read where that name was found.
 *
 * @param open gives the place for a tag or digest; without one, that of all others
 */
export function sourceByName(open: (name?: string) => Promise<Source>): Source {
  let found: Promise<Source> | undefined
  const last = (): Promise<Source> => (found ??= open())
  return {
    resolve: async (name, signal) => {
      const source = open(name)
      const descriptor = await (await source).resolve(name, signal)
      found = source
      return descriptor
    },
    has: async (descriptor, signal) => (await last()).has(descriptor, signal),
    open: async (descriptor, signal) => (await last()).open(descriptor, signal),
  }
}

/** A source that has under one name what is asked for under another. */
export function renamedSource(source: Source, name: string): Source {
  return {
    resolve: (_name, signal) => source.resolve(name, signal),
    has: (descriptor, signal) => source.has(descriptor, signal),
    open: (descriptor, signal) => source.open(descriptor, signal),
  }
}
