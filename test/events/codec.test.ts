import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeEvent, decodeEvents, encodeEvent, EventFormatError } from '../../src/lib/events/codec.js'
import type { Event } from '../../src/lib/events/event.js'
import { anyEvent } from './arbitrary.js'

const line = (body: object): string => JSON.stringify({ v: 1, seq: 1, at: '2026-11-20T09:00:00.000Z', ...body })

async function readAll(chunks: Iterable<Uint8Array>): Promise<Event[]> {
  const events: Event[] = []
  for await (const event of decodeEvents(chunks)) events.push(event)
  return events
}

function faultOf(text: string, number = 7): string {
  try {
    decodeEvent(text, number)
  } catch (error) {
    if (error instanceof EventFormatError && error.line === number) return error.message
    throw error
  }
  throw new Error(`taken: ${text}`)
}

describe('an event on the wire', () => {
  test('comes back as it was', () => {
    fc.assert(
      fc.property(anyEvent, (event) => {
        // JSON has no negative zero: https://tc39.es/ecma262/#sec-serializejsonproperty
        expect(decodeEvent(encodeEvent(event), 1)).toEqual(JSON.parse(JSON.stringify(event)))
      }),
      { numRuns: 1000 },
    )
  })

  test('is one line without a control character', () => {
    fc.assert(
      fc.property(anyEvent, (event) => {
        const encoded = encodeEvent(event)
        expect(encoded.endsWith('\n')).toBe(true)
        // oxlint-disable-next-line no-control-regex -- this is what must not be there
        expect(encoded.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/)
      }),
      { numRuns: 1000 },
    )
  })

  test('escapes terminal sequences, 8-bit ones too', () => {
    const encoded = encodeEvent({
      v: 1,
      seq: 1,
      at: 'x',
      type: 'log.line',
      target: 't',
      time: 't',
      text: '\u001b[31m\u009b31m',
    })
    expect(encoded).toContain(String.raw`"text":"\u001b[31m\u009b31m"`)
  })
})

describe('a recorded stream', () => {
  const bytes = readFileSync('test/fixtures/events/bad-image.ndjson')

  test('is read however its bytes are cut', async () => {
    const whole = await readAll([bytes])
    expect(whole.map(({ seq }) => seq)).toEqual(whole.map((_, index) => index + 1))
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 300 }), async (size) => {
        const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
          bytes.subarray(index * size, (index + 1) * size),
        )
        expect(await readAll(chunks)).toEqual(whole)
      }),
      { numRuns: 20 },
    )
  })

  test('that was cut short says so, with the line', async () => {
    await expect(readAll([bytes.subarray(0, bytes.length - 20)])).rejects.toThrow(/^line 46: .*cut short/)
  })

  test('skips empty lines and types of the future, and counts them', async () => {
    const text = `\n${line({ type: 'weather', sun: true })}\r\n${line({ type: 'alarm', name: 'a', state: 'OK', x: 1 })}\n{`
    const seen: Event[] = []
    const reading = (async () => {
      for await (const event of decodeEvents([Buffer.from(text)])) seen.push(event)
    })()
    await expect(reading).rejects.toThrow(/^line 4: not JSON/)
    expect(seen).toEqual([expect.objectContaining({ type: 'alarm', x: 1 })])
  })
})

describe('a line that is no event', () => {
  test.each([
    ['x', 'line 7: not JSON; an event is one JSON object on one line, and this one may be cut short'],
    ['[]', 'line 7: not an event: not a JSON object'],
    ['{}', 'line 7: not an event: v is missing'],
    [line({}), 'line 7: not an event: type must be a string'],
    [line({ type: 'alarm', name: 'a' }), 'line 7: not a valid alarm event: state is missing'],
    [line({ seq: 0, type: 'alarm' }), 'line 7: not an event: seq must be at least 1'],
    [line({ at: 'noon', type: 'alarm' }), 'line 7: not an event: at must be a date and time in ISO 8601'],
    [
      line({ type: 'phase.started', phase: 'lunch' }),
      'line 7: not a valid phase.started event: phase must be one of preflight, build, push, release, rollout, proof, baseline, verify, rollback, tags, hooks, stack, cache',
    ],
    [
      line({
        type: 'proof',
        proved: 1,
        total: 1,
        targets: [{ target: 'i', proved: 1, grade: 'launched', detail: '' }],
      }),
      'line 7: not a valid proof event: targets[0].proved must be true or false',
    ],
    [
      line({ v: 2, type: 'anything' }),
      'line 7: written in version 2 of the event format, and this rampart reads version 1; a newer rampart reads it',
    ],
  ])('%s', (text, message) => {
    expect(faultOf(text)).toBe(message)
  })
})
