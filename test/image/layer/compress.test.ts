import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compress } from '../../../src/lib/image/layer/compress.js'

const block = 0xffff

describe('what does not compress', () => {
  test('is stored, and every length comes back from zlib, alone and as a part of a longer blob', async () => {
    const lengths = fc.oneof(
      fc.integer({ min: 5 * block, max: 12 * block }),
      fc.tuple(fc.integer({ min: 5, max: 12 }), fc.integer({ min: -1, max: 1 })).map(([n, off]) => n * block + off),
    )
    await fc.assert(
      fc.asyncProperty(lengths, async (length) => {
        const bytes = randomBytes(length)
        const [stored, text] = await Promise.all([compress(bytes, 'gzip'), compress(Buffer.from('text\n'), 'gzip')])
        const blocks = Math.ceil(length / block)
        expect(stored.length).toBe(length + 18 + 5 * blocks)
        expect(gunzipSync(stored).equals(bytes)).toBe(true)
        expect(
          gunzipSync(Buffer.concat([text, stored, text]))
            .subarray(5, -5)
            .equals(bytes),
        ).toBe(true)
      }),
      { numRuns: 40 },
    )
  })

  test('is read by gzip', async () => {
    const bytes = randomBytes(5 * block + 17)
    const member = await compress(bytes, 'gzip')
    const read = execFileSync('gzip', ['-dc'], { input: Buffer.concat([member, member]), maxBuffer: 1 << 26 })
    expect(read.equals(Buffer.concat([bytes, bytes]))).toBe(true)
  })

  test('does not keep the rest of a blob from being compressed', async () => {
    const text = Buffer.alloc(1_000_000, 'def load(self, model): return self\n')
    expect((await compress(text, 'gzip')).length).toBeLessThan(20_000)
    // Half of it noise: the samples tell, and what shrinks is made smaller.
    const mixed = Buffer.concat([randomBytes(500_000), text.subarray(0, 500_000)])
    expect((await compress(mixed, 'gzip')).length).toBeLessThan(520_000)
  })
})
