import { describe, expect, test } from 'vitest'
import { ok, judge } from '../../src/lib/doctor/outcome.js'
import { chooseTasks, runChecks, type CheckTask } from '../../src/lib/doctor/run-checks.js'
import { RampartError } from '../../src/lib/errors/rampart-error.js'
import { acceleratedClock } from '../../src/lib/system/clock.js'

const task = (name: string, ask: CheckTask['ask'], patience?: number): CheckTask => ({
  name,
  remote: false,
  ask,
  ...(patience !== undefined && { patience }),
})

describe('checks run at once, each on its own', () => {
  test('one that throws, at once or later, is a failure of itself', async () => {
    const checks = await runChecks(
      [
        task('well', async () => ok('fine')),
        task('throws', () => {
          throw new Error('broken')
        }),
        task('rejects', async () => {
          throw new RampartError('usage', 'what is this', { place: { file: 'a.yml', line: 3 }, next: ['mend it'] })
        }),
      ],
      acceleratedClock(1000, Date.now()),
    )
    expect(checks.map(({ name, result, detail, place, remedy }) => ({ name, result, detail, place, remedy }))).toEqual([
      { name: 'well', result: 'ok', detail: 'fine', place: undefined, remedy: undefined },
      {
        name: 'throws',
        result: 'fail',
        detail: 'the check itself failed: broken',
        place: undefined,
        remedy: undefined,
      },
      { name: 'rejects', result: 'fail', detail: 'what is this', place: 'a.yml:3', remedy: 'mend it' },
    ])
  })

  test('one that never answers is given up in its own time and told to stop', async () => {
    let told: unknown
    const never = task(
      'never',
      (signal) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            told = signal.reason
            reject(signal.reason as Error)
          })
        }),
      9000,
    )
    const checks = await runChecks([never, task('well', async () => ok('fine'))], acceleratedClock(1000, Date.now()))
    expect(checks.map(({ result }) => result)).toEqual(['fail', 'ok'])
    expect(checks[0]).toMatchObject({ detail: 'no answer within 9 s', remedy: 'rampart doctor --only never' })
    expect(told).toBeInstanceOf(Error)
  })

  test('they do not wait for each other', async () => {
    const first = Promise.withResolvers<void>()
    const second = Promise.withResolvers<void>()
    const checks = await runChecks(
      [
        task('first', async () => {
          first.resolve()
          await second.promise
          return ok('first')
        }),
        task('second', async () => {
          await first.promise
          second.resolve()
          return ok('second')
        }),
      ],
      acceleratedClock(1, Date.now()),
    )
    expect(checks.map(({ name, result }) => `${name} ${result}`)).toEqual(['first ok', 'second ok'])
  })
})

test('checks are chosen by name, in their own order', () => {
  const tasks = ['a', 'b', 'c'].map((name) => task(name, async () => ok(name)))
  expect(chooseTasks(tasks, ['c', 'a']).map(({ name }) => name)).toEqual(['a', 'c'])
  expect(chooseTasks(tasks, [])).toBe(tasks)
  expect(() => chooseTasks(tasks, ['d'])).toThrow(RampartError)
})

test('the worst finding stands for all, and the same one is said once', () => {
  const outcome = judge(
    [
      { result: 'warn', detail: 'small', place: 'f:1' },
      { result: 'fail', detail: 'large', place: 'f:2', remedy: 'mend' },
      { result: 'warn', detail: 'small', place: 'f:1' },
    ],
    'well',
  )
  expect(outcome).toMatchObject({ result: 'fail', detail: 'large, and 1 more', place: 'f:2', remedy: 'mend' })
  expect(outcome.findings?.map(({ detail }) => detail)).toEqual(['large', 'small'])
})
