import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { FileIdentity } from '../../../src/lib/image/context/context.js'
import { rememberedHashes } from '../../../src/lib/image/publish/remember-files.js'

const start = Date.parse('2026-06-01T12:00:00Z')
const nanoseconds = (milliseconds: number): bigint => BigInt(milliseconds) * 1_000_000n
/** A file that changed that many milliseconds before the run began; its times are finer than a second. */
const changed = (before: number, more: Partial<FileIdentity> = {}): FileIdentity => {
  const time = nanoseconds(start - before) + 1n
  return { file: '/context/a.py', size: 10, mtimeNs: time, ctimeNs: time, inode: 7n, ...more }
}
const hash = 'ab'.repeat(32)
const rememberedOf = (identity: FileIdentity) => {
  const run = rememberedHashes({}, start)
  run.set(identity, hash)
  return run.save()
}

describe('remembered hashes', () => {
  test('are those of the next run, while nothing about the file changes', () => {
    const file = changed(1000)
    const next = rememberedHashes(rememberedOf(file), start + 5000)
    expect(next.get({ ...file })).toBe(hash)
    expect(Object.keys(next.save())).toEqual(['/context/a.py'])
  })

  test.each([
    ['size', { size: 11 }],
    ['modification time', { mtimeNs: nanoseconds(start - 900) }],
    ['change time, which no program can set', { ctimeNs: nanoseconds(start - 900) }],
    ['inode', { inode: 8n }],
    ['path', { file: '/context/b.py' }],
  ])('are not those of a file with another %s', (_, difference) => {
    const file = changed(1000)
    expect(rememberedHashes(rememberedOf(file), start + 5000).get({ ...file, ...difference })).toBeUndefined()
  })

  test('of a file that changed just before the run are good for that run only', () => {
    const file = changed(10)
    const run = rememberedHashes({}, start)
    run.set(file, hash)
    expect(run.get(file)).toBe(hash)
    expect(run.save()).toEqual({})
  })

  test('need two seconds where the file system keeps whole seconds only', () => {
    const time = nanoseconds(start - 1000)
    expect(rememberedOf(changed(0, { mtimeNs: time, ctimeNs: time }))).toEqual({})
    const older = nanoseconds(start - 3000)
    expect(Object.keys(rememberedOf(changed(0, { mtimeNs: older, ctimeNs: older })))).toHaveLength(1)
  })

  test('are never kept of a file that may still change within the same tick', () => {
    fc.assert(
      fc.property(fc.integer({ min: -5000, max: 5000 }), fc.integer({ min: -5000, max: 5000 }), (modified, inode) => {
        const file = changed(0, {
          mtimeNs: nanoseconds(start - modified) + 1n,
          ctimeNs: nanoseconds(start - inode) + 1n,
        })
        const kept = Object.keys(rememberedOf(file)).length === 1
        expect(kept).toBe(Math.min(modified, inode) > 20)
      }),
    )
  })

  test('of files that are gone are forgotten', () => {
    const saved = { ...rememberedOf(changed(1000)), ...rememberedOf(changed(1000, { file: '/context/gone.py' })) }
    const next = rememberedHashes(saved, start)
    next.get(changed(1000))
    expect(Object.keys(next.save())).toEqual(['/context/a.py'])
  })
})
