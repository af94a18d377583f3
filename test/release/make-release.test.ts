import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Digest } from '../../src/lib/domain/digest.js'
import type { ReleaseImage } from '../../src/lib/domain/release.js'
import { makeRelease } from '../../src/lib/release/make-release.js'

const digest = fc.stringMatching(/^[0-9a-f]{64}$/).map((hash): Digest => `sha256:${hash}`)

const images: fc.Arbitrary<readonly ReleaseImage[]> = fc.uniqueArray(
  fc.record({ service: fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/), repository: fc.constant('host/x'), digest }),
  { selector: ({ service }) => service, minLength: 1, maxLength: 5 },
)

test('the same images are the same release, in any order, environment and registry', () => {
  fc.assert(
    fc.property(images, (all) => {
      const one = makeRelease('app', 'production', all)
      const moved = all.toReversed().map((image) => ({ ...image, repository: 'elsewhere:5000/y' }))
      const two = makeRelease('another', 'staging', moved)
      expect(two.id).toBe(one.id)
      expect(one.id).toMatch(/^r-[0-9a-f]{10}$/)
      expect(one.images.map(({ service }) => service)).toEqual(all.map(({ service }) => service).sort())
      expect(one).toMatchObject({ app: 'app', environment: 'production' })
    }),
  )
})

test('another digest, another service or one image less is another release', () => {
  fc.assert(
    fc.property(images, digest, (all, other) => {
      const { id } = makeRelease('app', 'production', all)
      const [first, ...rest] = all
      fc.pre(first !== undefined && first.digest !== other)
      expect(makeRelease('app', 'production', [{ ...first, digest: other }, ...rest]).id).not.toBe(id)
      expect(makeRelease('app', 'production', [{ ...first, service: `${first.service}-2` }, ...rest]).id).not.toBe(id)
      expect(makeRelease('app', 'production', rest).id).not.toBe(id)
    }),
  )
})

const image = (service: string, of: Digest | undefined): ReleaseImage => ({
  service,
  repository: 'host/x',
  digest: of ?? `sha256:${'0'.repeat(64)}`,
})

test('two services that swap their images are another release', () => {
  const [one, two]: readonly Digest[] = [`sha256:${'1'.repeat(64)}`, `sha256:${'2'.repeat(64)}`]
  expect(makeRelease('a', 'e', [image('x', one), image('y', two)]).id).not.toBe(
    makeRelease('a', 'e', [image('x', two), image('y', one)]).id,
  )
})
