import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { accepts } from '../../../src/lib/rehearsal/registry/accept.js'
import { parseContentRange, parseRange, receivedRange } from '../../../src/lib/rehearsal/registry/ranges.js'
import { mayMoveTag } from '../../../src/lib/rehearsal/registry/tag-mutability.js'

const sizes = fc.nat({ max: 1_000_000 })

test('a range from start to end is what slicing the body gives', () => {
  fc.assert(
    fc.property(sizes, sizes, sizes, (size, a, b) => {
      const [start, end] = [Math.min(a, b), Math.max(a, b)]
      const range = parseRange(`bytes=${start}-${end}`, size)
      expect(range).toEqual(start < size ? { start, end: Math.min(end, size - 1) } : 'unsatisfiable')
      const open = parseRange(`bytes=${start}-`, size)
      expect(open).toEqual(start < size ? { start, end: size - 1 } : 'unsatisfiable')
    }),
  )
})

test('a suffix is the last bytes', () => {
  fc.assert(
    fc.property(sizes, sizes, (size, length) => {
      const range = parseRange(`bytes=-${length}`, size)
      const taken = Math.min(size, length)
      expect(range).toEqual(taken === 0 ? 'unsatisfiable' : { start: size - taken, end: size - 1 })
    }),
  )
})

test('what a server may ignore is the whole body', () => {
  for (const header of [undefined, '', 'bytes=-', 'bytes=5-2', 'bytes=0-1,4-5', 'items=0-1', 'bytes=a-b']) {
    expect(parseRange(header, 10)).toBeUndefined()
  }
})

test('a chunk range is read with and without its unit, and what is none is malformed', () => {
  fc.assert(
    fc.property(sizes, sizes, (start, length) => {
      const range = { start, end: start + length }
      expect(parseContentRange(`${range.start}-${range.end}`)).toEqual(range)
      expect(parseContentRange(`bytes ${range.start}-${range.end}/*`)).toEqual(range)
      expect(receivedRange(range.end + 1)).toBe(`0-${range.end}`)
    }),
  )
  expect(parseContentRange(undefined)).toBeUndefined()
  for (const header of ['', '5-2', 'bytes */10', 'x', '1-99999999999999999999']) {
    expect(parseContentRange(header)).toBe('malformed')
  }
  expect(receivedRange(0)).toBe('0-0')
})

test('Accept takes exact types and wildcards', () => {
  const type = 'application/vnd.oci.image.manifest.v1+json'
  for (const header of [undefined, '', '*/*', 'application/*', `text/html, ${type};q=0.5`]) {
    expect(accepts(header, type)).toBe(true)
  }
  for (const header of ['text/*', 'application/json', 'application/vnd.oci.image.index.v1+json']) {
    expect(accepts(header, type)).toBe(false)
  }
})

test('tags move as their repository lets them', () => {
  const exclusions = ['live-*', 'latest']
  const moves = (mode: Parameters<typeof mayMoveTag>[0]['mode'], tag: string) => mayMoveTag({ mode, exclusions }, tag)
  expect([moves('MUTABLE', 'v1'), moves('IMMUTABLE', 'live-1')]).toEqual([true, false])
  expect(['live-1', 'latest', 'v1', 'alive-1'].map((tag) => moves('IMMUTABLE_WITH_EXCLUSION', tag))).toEqual([
    true,
    true,
    false,
    false,
  ])
  expect(['live-1', 'latest', 'v1'].map((tag) => moves('MUTABLE_WITH_EXCLUSION', tag))).toEqual([false, false, true])
  // A dot in a filter is a dot.
  expect(mayMoveTag({ mode: 'IMMUTABLE_WITH_EXCLUSION', exclusions: ['v1.*'] }, 'v10')).toBe(false)
})
