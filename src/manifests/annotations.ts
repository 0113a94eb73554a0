import { PackagerError } from '../errors.ts'
import type { AnnotationChange } from './options.ts'

/** The values of the annotation flags, as they were typed, in their order. */
export interface AnnotationWords {
  /** `--annotation`: one each, never split. */
  readonly annotation?: readonly string[] | undefined
  /** `--annotations`: split at commas, as pack has it. */
  readonly annotations?: readonly string[] | undefined
  readonly indexAnnotation?: readonly string[] | undefined
  readonly indexAnnotations?: readonly string[] | undefined
  readonly removeAnnotation?: readonly string[] | undefined
  readonly removeIndexAnnotation?: readonly string[] | undefined
}

type Scope = 'entry' | 'index'

/** Words before a key that say what it is about. */
const scopes: Readonly<Record<string, Scope | 'child'>> = { index: 'index', descriptor: 'entry', 'manifest-descriptor': 'entry', manifest: 'child' }

/**
 * Reads the annotation flags (SPEC-manifest.md, "manifest annotate").
 *
 * @example
 * readAnnotations({ annotation: ['a=1,2', 'index:b=x=y'], annotations: ['c=3,d=4'] })
 * // { entry: { a: '1,2', c: '3', d: '4' }, index: { b: 'x=y' }, removeEntry: [], removeIndex: [] }
 */
export function readAnnotations(words: AnnotationWords): AnnotationChange {
  const given: readonly (readonly [flag: string, texts: readonly string[], scope: Scope])[] = [
    ['--annotation', words.annotation ?? [], 'entry'],
    ['--annotations', (words.annotations ?? []).flatMap((text) => text.split(',')), 'entry'],
    ['--index-annotation', words.indexAnnotation ?? [], 'index'],
    ['--index-annotations', (words.indexAnnotations ?? []).flatMap((text) => text.split(',')), 'index'],
  ]
  const read = given.flatMap(([flag, texts, scope]) => texts.map((text) => readOne(flag, text, scope)))
  const texts = (scope: Scope): Record<string, string> => Object.fromEntries(read.filter((one) => one.scope === scope).map(({ key, value }) => [key, value]))
  return {
    entry: texts('entry'),
    index: texts('index'),
    removeEntry: (words.removeAnnotation ?? []).map((key) => checkKey('--remove-annotation', key, key)),
    removeIndex: (words.removeIndexAnnotation ?? []).map((key) => checkKey('--remove-index-annotation', key, key)),
  }
}

function readOne(flag: string, text: string, usual: Scope): { readonly scope: Scope; readonly key: string; readonly value: string } {
  const equals = text.indexOf('=')
  if (equals === -1) {
    const hint = flag.endsWith('s') ? `a value that holds a comma needs ${flag.slice(0, -1)}` : undefined
    throw new PackagerError({ code: 'USAGE', step: `read ${flag}`, value: text, found: 'no "="', wanted: 'key=value', hint })
  }
  const name = text.slice(0, equals)
  const colon = name.indexOf(':')
  const word = name.slice(0, Math.max(colon, 0))
  const scope = Object.hasOwn(scopes, word) ? scopes[word] : undefined
  if (scope === 'child') {
    const hint = 'it would change the image and with it its digest; "descriptor:" is for its entry in the list, which needs no word'
    throw new PackagerError({ code: 'USAGE', step: `read ${flag}`, value: text, found: 'scope "manifest:"', wanted: 'index: or descriptor:', hint })
  }
  if (scope === 'entry' && usual === 'index') {
    throw new PackagerError({
      code: 'USAGE',
      step: `read ${flag}`,
      value: text,
      found: 'scope "descriptor:"',
      wanted: 'annotations of the index',
      hint: 'write --annotation',
    })
  }
  return { scope: scope ?? usual, key: checkKey(flag, text, scope === undefined ? name : name.slice(colon + 1)), value: text.slice(equals + 1) }
}

function checkKey(flag: string, text: string, key: string): string {
  if (key.trim() !== '') return key
  throw new PackagerError({ code: 'USAGE', step: `read ${flag}`, value: text, found: 'an empty key', wanted: 'key=value' })
}
