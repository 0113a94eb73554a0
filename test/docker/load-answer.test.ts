import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { failureInAnswer } from '../../src/docker/load-answer.ts'

async function* pieces(...parts: readonly (string | Buffer)[]): AsyncGenerator<Buffer> {
  for (const part of parts) yield Buffer.from(part)
}

const progress = '{"status":"Loading layer","progressDetail":{"current":1,"total":2}}\n'
const done = '{"stream":"Loaded image ID: sha256:0\\n"}\n'

describe('the answer to a load', () => {
  test('without an error is a success, an empty one too', async () => {
    expect(await failureInAnswer(pieces(progress, done))).toBeUndefined()
    expect(await failureInAnswer(pieces())).toBeUndefined()
    expect(await failureInAnswer(pieces('\r\n\r\n'))).toBeUndefined()
    expect(await failureInAnswer(pieces('{"error":null}\n42\nnull\n"text"\n'))).toBeUndefined()
  })

  test.each([
    ['a detail', '{"errorDetail":{"message":"no space left"},"error":"short"}', 'no space left'],
    ['an error alone', '{"error":"no space left"}', 'no space left'],
    ['an error that is no text', '{"error":{"a":1}}', '{"a":1}'],
    ['an error that says nothing', '{"error":""}', 'an error without a message'],
    ['what is no JSON', '<html>\u001b[31mproxy</html>', 'an answer that is no JSON: <html> [31mproxy</html>'],
    ['an error of many lines', '{"error":"one\\ntwo\\u001b[2J"}', 'one two [2J'],
  ])('tells of %s', async (_what, line, failure) => {
    expect(await failureInAnswer(pieces(`${line}\n`))).toBe(failure)
  })

  test('tells the first of several failures', async () => {
    expect(await failureInAnswer(pieces('{"error":"one"}\n{"error":"two"}\n', done))).toBe('one')
  })

  test('without an end of a line does not fill the memory', async () => {
    const part = Buffer.alloc(256 * 1024, 'x')
    expect(await failureInAnswer(pieces(...Array.from({ length: 32 }, () => part)))).toBe('an answer without end')
  })

  test('is understood however it is cut into pieces, within a character too', async () => {
    const text = Buffer.from(`${progress}{"error":"no space: \u00e4\u{1f600}"}\n${done}`)
    const cuts = fc.array(fc.nat(text.length), { maxLength: 12 }).map((list) => [0, ...list.sort((a, b) => a - b), text.length])
    await fc.assert(
      fc.asyncProperty(cuts, async (points) => {
        const parts = points.slice(1).map((end, index) => text.subarray(points[index], end))
        expect(await failureInAnswer(pieces(...parts))).toBe('no space: \u00e4\u{1f600}')
      }),
    )
  })
})
