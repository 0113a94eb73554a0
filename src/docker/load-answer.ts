import { StringDecoder } from 'node:string_decoder'
import { printable } from './faults.ts'

/** More than this in one line is no message of an engine. */
const longestLine = 1024 * 1024

/**
 * Reads the answer to a load to its end: JSON objects, one a line, under status 200 whatever happened. Gives the engine's
 * own word for a failure, from wherever in the stream it stands; `undefined` where there is none.
 *
 * @example
 * // {"stream":"Loaded image ID: sha256:..."}            -> undefined
 * // {"errorDetail":{"message":"no space"},"error":"no space"} -> 'no space'
 */
export async function failureInAnswer(pieces: AsyncIterable<Buffer>): Promise<string | undefined> {
  const decoder = new StringDecoder('utf8')
  let failure: string | undefined
  let rest = ''
  for await (const piece of pieces) {
    const lines = (rest + decoder.write(piece)).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > longestLine) failure ??= 'an answer without end'
    if (rest.length > longestLine) rest = ''
    for (const line of lines) failure ??= failureIn(line)
  }
  return failure ?? failureIn(rest + decoder.end())
}

function failureIn(line: string): string | undefined {
  if (line.trim() === '') return undefined
  try {
    const value = JSON.parse(line) as { readonly error?: unknown; readonly errorDetail?: { readonly message?: unknown } } | null
    const message = value?.errorDetail?.message ?? value?.error
    if (message === undefined || message === null) return undefined
    return printable(typeof message === 'string' ? message : JSON.stringify(message)) || 'an error without a message'
  } catch {
    return `an answer that is no JSON: ${printable(line, 200)}`
  }
}
