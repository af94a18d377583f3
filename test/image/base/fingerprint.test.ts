import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { baseFingerprint, type FingerprintParts } from '../../../src/lib/image/base/fingerprint.js'

const text = fc.string({ unit: 'binary' })
const bytes = fc.uint8Array({ maxLength: 20 })
const model = fc.record(
  { id: text, revision: text, files: fc.array(text, { maxLength: 3 }) },
  { requiredKeys: ['id', 'revision'] },
)
const parts: fc.Arbitrary<FingerprintParts> = fc.record({
  dockerfile: bytes,
  inputs: fc.array(fc.tuple(text, bytes), { maxLength: 4 }).map((rows) => new Map(rows)),
  models: fc.uniqueArray(model, { maxLength: 4, selector: (one) => JSON.stringify(one) }),
  args: fc.dictionary(text, text, { maxKeys: 4 }),
  platform: fc.constantFrom('linux/amd64', 'linux/arm64'),
})

/** The parts without any order that does not matter. */
const meaning = ({ dockerfile, inputs, models, args, platform }: FingerprintParts): string =>
  JSON.stringify([
    [...dockerfile],
    [...inputs].map(([path, content]) => JSON.stringify([path, [...content]])).sort(),
    models
      .map(({ id, revision, files }) => JSON.stringify([id, revision, files === undefined ? null : [...files].sort()]))
      .sort(),
    Object.entries(args)
      .map((pair) => JSON.stringify(pair))
      .sort(),
    platform,
  ])

describe('a base’s fingerprint', () => {
  test('does not depend on the order in which things are written down', () => {
    fc.assert(
      fc.property(parts, (given) => {
        const turned: FingerprintParts = {
          ...given,
          inputs: new Map([...given.inputs].reverse()),
          models: given.models
            .map((one) => ({ ...one, ...(one.files && { files: [...one.files].reverse() }) }))
            .reverse(),
          args: Object.fromEntries(Object.entries(given.args).reverse()),
        }
        expect(baseFingerprint(turned)).toBe(baseFingerprint(given))
      }),
    )
  })

  test('is another one for every other meaning', () => {
    fc.assert(
      fc.property(parts, parts, (one, other) => {
        expect(baseFingerprint(one) === baseFingerprint(other)).toBe(meaning(one) === meaning(other))
      }),
      { numRuns: 500 },
    )
  })

  test('does not depend on words about a model that the Dockerfile brings', () => {
    const pinned = { id: 'a/b', revision: '1' }
    const rest = { dockerfile: Buffer.from('FROM x'), inputs: new Map(), args: {}, platform: 'linux/amd64' }
    const plain = baseFingerprint({ ...rest, models: [pinned] })
    expect(baseFingerprint({ ...rest, models: [{ ...pinned, provide: 'dockerfile', ref: 'main' }] })).toBe(plain)
  })

  test('changes with every part', () => {
    const base: FingerprintParts = {
      dockerfile: Buffer.from('FROM python'),
      inputs: new Map([['requirements.txt', Buffer.from('torch==2')]]),
      models: [{ id: 'a/b', revision: '1' }],
      args: { A: '1' },
      platform: 'linux/amd64',
    }
    const changed: FingerprintParts[] = [
      { ...base, dockerfile: Buffer.from('FROM python ') },
      { ...base, inputs: new Map([['requirements.txt', Buffer.from('torch==3')]]) },
      { ...base, inputs: new Map([['other.txt', Buffer.from('torch==2')]]) },
      { ...base, models: [{ id: 'a/b', revision: '2' }] },
      { ...base, models: [{ id: 'a/b', revision: '1', files: [] }] },
      { ...base, models: [{ id: 'a/b', revision: '1', provide: 'rampart' }] },
      { ...base, models: [{ id: 'a/b', revision: '1', provide: 'rampart', ref: 'main' }] },
      { ...base, args: { A: '2' } },
      { ...base, args: {} },
      { ...base, platform: 'linux/arm64' },
    ]
    expect(new Set([base, ...changed].map((one) => baseFingerprint(one))).size).toBe(changed.length + 1)
  })

  test('stays what it is: bases in registries are named by it', () => {
    expect(
      baseFingerprint({
        dockerfile: Buffer.from('FROM x'),
        inputs: new Map(),
        models: [],
        args: {},
        platform: 'linux/amd64',
      }),
    ).toMatchInlineSnapshot(`"365049cf374a760756dc4671eab917644bc09cbc8f501c29115223d02bd0f0fc"`)
  })
})
