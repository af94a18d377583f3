import { assert, boolean, nat, option, property, record, tuple, uniqueArray } from 'fast-check'
import { expect, test } from 'vitest'
import type { Digest } from '../../src/lib/domain/digest.js'
import type { StoredImage } from '../../src/lib/domain/stored-image.js'
import { bytesFreed, bytesOf, findOrphans, leastAge } from '../../src/lib/release/orphans.js'

const now = Date.parse('2026-03-01T00:00:00Z')
const old = now - 2 * leastAge
const digest = (name: string | number): Digest => `sha256:${String(name).padStart(64, '0')}`

const image = (name: number, changes: Partial<StoredImage> = {}): StoredImage => ({
  digest: digest(name),
  tags: [],
  pushedAt: old,
  blobs: [{ digest: digest(`${name}0`), bytes: 100 }],
  children: [],
  ...changes,
})

const found = (images: readonly StoredImage[], needed: readonly Digest[] = []) =>
  findOrphans([{ repository: 'app', images }], new Set(needed), now).flatMap((shelf) =>
    shelf.images.map((one) => one.digest),
  )

test.each([
  ['has a tag', image(1, { tags: ['latest'] }), []],
  ['is of a release', image(1), [digest(1)]],
  ['is younger than a day', image(1, { pushedAt: now - leastAge + 1 }), []],
])('an image stays that %s', (_why, kept, needed) => {
  expect(found([kept, image(2)], needed)).toEqual([digest(2)])
})

test('what a kept image stands on, lists, or is signed by stays, however long the chain', () => {
  const images = [
    image(1, { tags: ['latest'], children: [digest(2)], blobs: [] }),
    image(2, { base: digest(3) }),
    image(3, { base: digest(4) }),
    image(4),
    image(5, { subject: digest(2) }),
    image(6, { subject: digest(7) }),
    image(7),
  ]
  expect(found(images)).toEqual([digest(6), digest(7)])
})

test('a base stays that an image of another repository stands on', () => {
  const shelves = findOrphans(
    [
      { repository: 'app', images: [image(1, { tags: ['latest'], base: digest(2) })] },
      { repository: 'base', images: [image(2), image(3)] },
    ],
    new Set(),
    now,
  )
  expect(shelves.map(({ images }) => images.map((one) => one.digest))).toEqual([[], [digest(3)]])
})

test('an index is deleted before what it lists, as ECR wants it', () => {
  expect(found([image(1), image(2, { children: [digest(1)] })])).toEqual([digest(2), digest(1)])
})

test('only bytes count that nothing else holds, each once', () => {
  const shared = { digest: digest('a'), bytes: 1000 }
  const own = { digest: digest('b'), bytes: 30 }
  const [shelf] = findOrphans(
    [
      {
        repository: 'app',
        images: [
          image(1, { tags: ['latest'], blobs: [shared] }),
          image(2, { blobs: [shared, own] }),
          image(3, { blobs: [own, { digest: digest('c'), bytes: 7 }] }),
        ],
      },
    ],
    new Set(),
    now,
  )
  expect(shelf).toBeDefined()
  if (shelf === undefined) return
  expect(bytesOf(shelf)).toBe(37)
  expect(bytesFreed(shelf, new Set([digest(3)]))).toBe(7)
  expect(bytesFreed(shelf, new Set([digest(2), digest(3)]))).toBe(37)
})

const size = 8
const anyImages = tuple(
  ...Array.from({ length: size }, (_, name) =>
    record({
      tagged: boolean(),
      young: boolean(),
      base: option(nat(size - 1), { nil: undefined }),
      subject: option(nat(size - 1), { nil: undefined }),
      children: uniqueArray(nat(size - 1), { maxLength: 2 }),
    }).map(({ tagged, young, base, subject, children }) =>
      image(name, {
        tags: tagged ? ['v1'] : [],
        pushedAt: young ? now : old,
        children: children.map(digest),
        ...(base !== undefined && { base: digest(base) }),
        ...(subject !== undefined && { subject: digest(subject) }),
      }),
    ),
  ),
)

test('whatever refers to what: no release, tag, or anything that they need is ever an orphan', () => {
  assert(
    property(anyImages, uniqueArray(nat(size - 1), { maxLength: 3 }), (images, released) => {
      const orphans = new Set(found(images, released.map(digest)))
      const left = images.filter((one) => !orphans.has(one.digest))
      for (const name of released) expect(orphans).not.toContain(digest(name))
      for (const one of images.filter(({ tags, pushedAt }) => tags.length > 0 || pushedAt === now)) {
        expect(orphans).not.toContain(one.digest)
      }
      for (const one of left) {
        for (const other of [...one.children, ...(one.base === undefined ? [] : [one.base])]) {
          expect(orphans).not.toContain(other)
        }
      }
    }),
  )
})
