import type { ProjectConfig } from '../config/project.ts'
import type { Problem } from '../errors.ts'
import { PackagerError } from '../errors.ts'
import { parseAnnotations } from '../publish/metadata.ts'
import { checkRepository } from '../publish/names.ts'
import { nowhere, readTag } from '../publish/tags.ts'
import { parseTarget } from '../targets/grammar.ts'

/** What bp-package.toml says that a flag of the same would be refused for, at its place there. */
export function projectProblems({ file, repository, tags, annotations, dependencies, places }: ProjectConfig): readonly Problem[] {
  const at = (table: string): Pick<Problem, 'file' | 'line' | 'column'> => ({ file, line: 1, column: 1, ...places[table] })
  const checks: readonly (Omit<Problem, 'message'> & { readonly check: () => unknown })[] = [
    ...(repository === undefined ? [] : [{ ...at('repository'), key: 'repository', check: () => checkRepository(repository, 'repository') }]),
    ...tags.map((tag, index) => ({ ...at('tags'), key: `tags[${index}]`, check: () => readTag(tag, nowhere) })),
    ...Object.entries(annotations).map(([name, value]) => ({ ...at('annotations'), key: 'annotations', check: () => parseAnnotations([], { [name]: value }) })),
    ...dependencies.flatMap(({ platforms, line, column }, index) =>
      platforms.map((platform, position) => ({ file, line, column, key: `dependencies[${index}].platforms[${position}]`, check: () => parseTarget(platform) })),
    ),
  ]
  return checks.flatMap(({ check, ...place }) => {
    const message = refusal(check)
    return message === undefined ? [] : [{ ...place, message }]
  })
}

/** In the words of the flag, without its name: `"a b": neither a tag nor a name`. */
function refusal(check: () => unknown): string | undefined {
  try {
    check()
    return undefined
  } catch (cause) {
    if (!(cause instanceof PackagerError)) throw cause
    const hint = cause.hint?.startsWith('did you mean') === true ? ` (${cause.hint.replace(/\?$/u, '')}?)` : ''
    return `${cause.message.replace(/^read [^"]*(?=")/u, '')}${hint}`
  }
}
