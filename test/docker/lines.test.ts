import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { readLines, type EngineLine } from '../../src/lib/docker/lines.js'

async function* pieces(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0
  for (const cut of [...cuts.map((one) => one % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]) {
    yield bytes.subarray(at, cut)
    at = cut
  }
}

test('lines are the same however the stream is cut, also within a character', async () => {
  const text = fc.string({ unit: 'grapheme' })
  await fc.assert(
    fc.asyncProperty(fc.array(text), fc.array(fc.nat()), async (texts, cuts) => {
      const bytes = Buffer.from(texts.map((stream) => `${JSON.stringify({ stream })}\r\n`).join(''))
      const found: EngineLine[] = []
      for await (const line of readLines(pieces(bytes, cuts))) found.push(line)
      expect(found).toEqual(texts.map((stream) => ({ stream })))
    }),
  )
})

test('the last line needs no end, and what is no JSON is left out', async () => {
  const found: EngineLine[] = []
  for await (const line of readLines(pieces(Buffer.from('{"stream":"a"}\nhello\n\n{"error":"b"}'), [])))
    found.push(line)
  expect(found).toEqual([{ stream: 'a' }, { error: 'b' }])
})
