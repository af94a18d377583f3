import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readFilterPattern } from '../../../src/lib/rehearsal/services/logs-filter.js'
import { createAgenda } from '../../../src/lib/rehearsal/world/agenda.js'
import { setDesiredCapacity } from '../../../src/lib/rehearsal/world/group-requests.js'
import { addVersion, findVersion } from '../../../src/lib/rehearsal/world/launch-templates.js'
import { createLogStore } from '../../../src/lib/rehearsal/world/log-store.js'
import { modelsInImage, neededModels } from '../../../src/lib/rehearsal/world/models.js'
import { createRandom } from '../../../src/lib/rehearsal/world/random.js'
import { catalogImages, createTestWorld, previous, setupOf, start } from './support.js'

test('an agenda gives its entries by time, and in the order they came where times are equal', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20 })), (times) => {
      const agenda = createAgenda()
      const taken: [number, number][] = []
      for (const [order, at] of times.entries()) agenda.add(at, () => taken.push([at, order]))
      for (let entry = agenda.take(); entry !== undefined; entry = agenda.take()) entry.run()
      const expected = times
        .map((at, order): [number, number] => [at, order])
        .sort((a, b) => a[0] - b[0] || a[1] - b[1])
      expect(taken).toEqual(expected)
    }),
  )
})

test('random ids have their shapes, and one seed gives one row', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const random = createRandom(seed)
      expect(random.uuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
      expect(random.hex(17)).toMatch(/^[0-9a-f]{17}$/)
      expect(createRandom(seed).uuid()).toBe(createRandom(seed).uuid())
    }),
  )
})

test('a log store keeps lines by time, however they come, and each line under its own id', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom('a', 'b'), fc.integer({ min: 0, max: 50 }))), (lines) => {
      const store = createLogStore()
      for (const [stream, time] of lines) store.append(stream, time, `${stream}${time}`)
      const times = store.events({ from: 10, to: 40 }).map(({ time }) => time)
      expect(times).toEqual(
        lines
          .map(([, time]) => time)
          .filter((time) => time >= 10 && time < 40)
          .sort((a, b) => a - b),
      )
      const ids = store.events({ from: 0, to: Infinity }).map(({ id }) => id)
      expect(new Set(ids).size).toBe(lines.length)
      for (const { name, firstAt, lastAt } of store.streams()) {
        const own = lines.filter(([stream]) => stream === name).map(([, time]) => time)
        expect([firstAt, lastAt]).toEqual([Math.min(...own), Math.max(...own)])
      }
    }),
  )
})

const templateOf = () => {
  const world = createTestWorld()
  const [template] = world.state.templates
  if (template === undefined) throw new Error('no template')
  return { world: world.state, template }
}

test('a clock that shows parts of a millisecond gives whole ones', () => {
  const world = createTestWorld({ switches: { trafficSeconds: 30 } })
  for (let step = 1; step < 50; step++) {
    world.advanceTo(start + step * 3333.3)
    setDesiredCapacity(world.state, 4 + (step % 3))
  }
  const times = [
    world.state.now,
    ...world.state.activities.flatMap(({ startTime, endTime }) => [startTime, endTime ?? 0]),
    ...world.state.logs.events({ from: 0, to: Infinity }).map(({ time }) => time),
  ]
  expect(times.filter((time) => !Number.isInteger(time))).toEqual([])
})

describe('launch templates', () => {
  test('a version inherits from its source all that it does not say, and the default stays', () => {
    const { world, template } = templateOf()
    const data = { InstanceType: 'c5.xlarge' as const }
    const made = addVersion(world, template, { source: '$Latest', description: 'd', data, token: 't' })
    expect(made.number).toBe(8)
    expect(made.data).toEqual({ ...template.versions[0]?.data, InstanceType: 'c5.xlarge' })
    expect(findVersion(template, '$Latest')).toBe(made)
    expect(findVersion(template, '$Default')?.number).toBe(7)
    expect(findVersion(template, undefined)?.number).toBe(7)
  })

  test('without a source it has only what is asked for', () => {
    const { world, template } = templateOf()
    const data = { ImageId: 'ami-1' }
    expect(
      addVersion(world, template, { source: undefined, description: undefined, data, token: undefined }).data,
    ).toEqual(data)
  })

  test('the same token gives the same version again, and refuses anything else', () => {
    const { world, template } = templateOf()
    const request = { source: '7', description: 'd', data: { ImageId: 'ami-1' }, token: 't' }
    const made = addVersion(world, template, request)
    expect(addVersion(world, template, request)).toBe(made)
    expect(template.versions.length).toBe(2)
    expect(() => addVersion(world, template, { ...request, data: { ImageId: 'ami-2' } })).toThrow(
      expect.objectContaining({ code: 'IdempotentParameterMismatch' }),
    )
    expect(addVersion(world, template, { ...request, token: 'other' }).number).toBe(9)
  })

  test('a source that does not exist is refused', () => {
    const { world, template } = templateOf()
    expect(() =>
      addVersion(world, template, { source: '99', description: undefined, data: {}, token: undefined }),
    ).toThrow(expect.objectContaining({ code: 'InvalidLaunchTemplateId.VersionNotFound' }))
  })
})

describe('models', () => {
  const image = catalogImages[`rampart-backend@${previous['rampart-backend']}`]
  const [service] = setupOf().services

  test('are read from the label of the image, whatever stands in it', () => {
    if (image === undefined) throw new Error('no image')
    expect(modelsInImage(image).length).toBe(2)
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (label) => {
        for (const { id, bytes } of modelsInImage({ ...image, labels: { 'rampart.models': label } })) {
          expect(typeof id).toBe('string')
          expect(bytes).toBeGreaterThanOrEqual(0)
        }
      }),
    )
  })

  test('of another revision are not the ones that are needed', () => {
    if (image === undefined) throw new Error('no image')
    const [model] = modelsInImage(image)
    const label = JSON.stringify([{ ...model, revision: 'older' }])
    expect(neededModels(service, { ...image, labels: { 'rampart.models': label } }).map(({ baked }) => baked)).toEqual([
      false,
      false,
    ])
  })
})

describe('filter patterns', () => {
  test.each([
    ['', 'anything', true],
    ['ERROR', 'an ERROR here', true],
    ['ERROR', 'an error here', false],
    ['ERROR model', 'model: ERROR', true],
    ['ERROR model', 'ERROR', false],
    ['?ERROR ?WARN', 'WARN x', true],
    ['?ERROR ?WARN', 'INFO x', false],
    ['ERROR -ignored', 'ERROR ignored', false],
    ['"exit code 1"', 'with exit code 1', true],
    ['"exit code 1"', 'exit 1', false],
    ['%5\\d\\d%', 'HTTP/1.1 503', true],
    ['%5\\d\\d%', 'HTTP/1.1 200', false],
  ])('%s on %s: %s', (pattern, message, expected) => {
    expect(readFilterPattern(pattern)(message)).toBe(expected)
  })

  test.each(['{ $.level = "error" }', '[a, b]', '%(%'])('%s is refused', (pattern) => {
    expect(() => readFilterPattern(pattern)).toThrow(expect.objectContaining({ code: 'InvalidParameterException' }))
  })
})
