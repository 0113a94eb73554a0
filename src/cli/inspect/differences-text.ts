import type { Difference, Inspection, InspectedPlatform, Note } from '../../inspect/inspection.ts'
import { platformNames } from '../../inspect/platform-names.ts'
import { clip } from './table.ts'

/** What is read of one value, such as an order: the JSON has all of it. */
const longestValue = 400
const pipeWidth = 120
/** Files that are told of without `-v`. */
const shortList = 50

/** `Differences: none`, or a line for each; what has long values has them on lines of their own. */
export function differenceLines({ differences, platforms }: Inspection, verbose: boolean, width: number = pipeWidth): readonly string[] {
  if (differences.length === 0) return ['Differences: none']
  const names = platformNames(platforms.map(({ platform }) => platform))
  const without = names.filter((_, index) => isWithout(platforms, index))
  const rest = differences.filter((difference) => difference.kind !== 'missing' || !names.every((name) => difference.values[name] !== null || without.includes(name)))
  return [
    'Differences:',
    ...without.map((name) => `  ${clip(name)} has none of the others' modules`),
    ...rest.filter(({ kind }) => kind !== 'file').flatMap((difference) => differenceText(difference, width)),
    ...fileLines(rest.filter(({ kind }) => kind === 'file'), verbose, width),
  ]
}

function fileLines(differences: readonly Difference[], verbose: boolean, width: number): readonly string[] {
  const shown = verbose ? differences : differences.slice(0, shortList)
  const more = differences.length - shown.length
  return [...shown.flatMap((difference) => differenceText(difference, width)), ...(more > 0 ? [`  and ${more} more files (-v lists all)`] : [])]
}

/** Whether one platform has no module at all while others have several: each of them is missing there, which is one thing to say. */
function isWithout(platforms: readonly InspectedPlatform[], index: number): boolean {
  const counts = platforms.map(({ buildpacks, extensions }) => buildpacks.length + extensions.length)
  return counts[index] === 0 && counts.some((each) => each > 1)
}

function differenceText({ kind, id, values }: Difference, width: number): readonly string[] {
  const parts = grouped(values)
  const title = `  ${clip(id)}:${kind === 'file' ? '' : ` ${kind}`}`
  const present = parts.filter(([value]) => value !== null)
  const said = parts.map(([value, names]) => `${valueText(value)} on ${names.join(', ')}`)
  const absent = parts.filter(([value]) => value === null).map(([, names]) => names.join(', '))
  const line =
    kind === 'missing'
      ? `${title} on ${absent.join(', ')} (${present.map(([value, names]) => `${valueText(value)} on ${names.join(', ')}`).join('; ')})`
      : `${title} ${said.join('; ')}`
  return line.length <= width ? [line] : [title, ...said.map((text) => `    ${text}`)]
}

/** Values, each with the platforms that have it. */
function grouped(values: Difference['values']): readonly (readonly [string | null, readonly string[]])[] {
  const groups = new Map<string | null, string[]>()
  for (const [name, value] of Object.entries(values)) groups.set(value, [...(groups.get(value) ?? []), clip(name)])
  return [...groups]
}

function valueText(value: string | null): string {
  return value === null ? 'absent' : value === '' ? 'none' : clip(value, longestValue)
}

/** `Notes:` with a line for each set of platforms that share something; nothing where nobody does. */
export function noteLines({ notes, platforms }: Inspection, width: number = pipeWidth): readonly string[] {
  if (notes.length === 0) return []
  const groups = new Map<string, Note[]>()
  for (const note of notes) {
    const key = JSON.stringify([note.kind, note.platforms])
    groups.set(key, [...(groups.get(key) ?? []), note])
  }
  const modules = new Map(platforms.flatMap(({ layers }) => layers.map((layer) => [layer.digest, layer.modules] as const)))
  return ['Notes:', ...[...groups.values()].flatMap((group) => noteText(group, modules, width))]
}

function noteText(group: readonly Note[], modules: ReadonlyMap<string, readonly string[]>, width: number): readonly string[] {
  const names = (group[0]?.platforms ?? []).map((name) => clip(name)).join(', ')
  if (group[0]?.kind === 'wrong-machine') return group.map(({ path, machine }) => `  ${clip(path ?? '')} is a program for ${clip(machine ?? '')}, on ${names}`)
  if (group[0]?.kind === 'shared-image') return group.map(({ digest }) => `  one image under ${names}: ${digest}`)
  const held = group.flatMap(({ digest }) => modules.get(digest) ?? [])
  return [`  ${group.length === 1 ? '1 layer is' : `${group.length} layers are`} the same on ${names}${held.length === 0 ? '' : ':'}`, ...wrapped(held, '    ', width)]
}

/** Words one after another, as many on a line as fit, separated by commas. */
export function wrapped(words: readonly string[], indent: string, width: number = pipeWidth): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const [index, word] of words.entries()) {
    const text = `${clip(word)}${index === words.length - 1 ? '' : ','}`
    if (line !== '' && indent.length + line.length + 1 + text.length > width) {
      lines.push(`${indent}${line}`)
      line = ''
    }
    line = line === '' ? text : `${line} ${text}`
  }
  return line === '' ? lines : [...lines, `${indent}${line}`]
}
