/** What a token is asked for: `repository:acme/bp:pull,push` (distribution, token authentication, "Resource scope"). */
export interface Scope {
  /** Type and name: `repository:acme/bp`. */
  readonly resource: string
  readonly actions: readonly string[]
}

export function pullScope(repository: string): Scope {
  return { resource: `repository:${repository}`, actions: ['pull'] }
}

export function pushScope(repository: string): Scope {
  return { resource: `repository:${repository}`, actions: ['pull', 'push'] }
}

/** Scopes of a challenge: space-separated; the name may hold colons, type and actions may not. */
export function parseScopes(text: string): readonly Scope[] {
  return text.split(' ').flatMap((part) => {
    const colon = part.lastIndexOf(':')
    return colon <= part.indexOf(':') ? [] : [{ resource: part.slice(0, colon), actions: part.slice(colon + 1).split(',') }]
  })
}

/** One scope per resource, sorted: GitLab lets a second scope for the same repository override the first. */
export function mergeScopes(scopes: readonly Scope[]): readonly Scope[] {
  const merged = new Map<string, Set<string>>()
  for (const { resource, actions } of scopes) {
    const known = merged.get(resource) ?? new Set()
    for (const action of actions) known.add(action)
    merged.set(resource, known)
  }
  const joined = Array.from(merged, ([resource, actions]) => ({ resource, actions: [...actions].sort() }))
  return joined.sort((a, b) => (a.resource < b.resource ? -1 : 1))
}

export function formatScope({ resource, actions }: Scope): string {
  return `${resource}:${actions.join(',')}`
}

/** Whether a token for `held` opens what `needed` asks for. */
export function covers(held: readonly Scope[], needed: readonly Scope[]): boolean {
  return needed.every(({ resource, actions }) => {
    const scope = held.find((candidate) => candidate.resource === resource)
    return scope !== undefined && actions.every((action) => scope.actions.includes(action))
  })
}
