import { describe, expect, test } from 'vitest'
import { RampartError } from '../../src/lib/errors/rampart-error.js'
import type { EventBody } from '../../src/lib/events/event.js'
import { build } from '../../src/lib/operations/build.js'
import { checkAccount, chooseServices } from '../../src/lib/operations/check-account.js'
import type { ServiceImage } from '../../src/lib/operations/push-images.js'
import { endOf, inPhase, Interruption, runOperation, type RunContext } from '../../src/lib/operations/run.js'
import { ManualClock } from '../support/manual-clock.js'
import { of, startFleet } from '../rollout/support/fleet.js'

function context(): RunContext & { readonly events: EventBody[]; readonly controller: AbortController } {
  const events: EventBody[] = []
  const controller = new AbortController()
  return {
    clock: new ManualClock(),
    emit: (event) => events.push(event),
    signal: controller.signal,
    events,
    controller,
  }
}

const about = { command: 'deploy', app: 'a', environment: 'e', simulation: undefined }

describe('the end that an error means', () => {
  test('what rampart expects: its kind, its place, its problems and what is next', () => {
    const error = new RampartError('usage', 'is wrong', {
      place: { file: 'rampart.yml', line: 3, column: 5 },
      problems: [{ message: 'no such key', hint: 'use app' }],
      next: ['mend it'],
    })
    expect(endOf(error)).toEqual({
      ending: 'usage',
      message: 'rampart.yml:3:5: is wrong',
      problems: ['no such key (use app)'],
      next: ['mend it'],
    })
  })

  test.each([
    ['SIGINT', 'interrupted'],
    ['SIGTERM', 'terminated'],
    ['SIGHUP', 'terminated'],
  ] as const)('%s', (signal, ending) => {
    expect(endOf(new Interruption(signal))).toEqual({
      ending,
      message: `Stopped by ${signal}. Nothing that serves was changed.`,
      next: [],
    })
  })

  test.each([new TypeError('x is not a function'), 'a string'])('anything else is a bug and says so: %s', (thrown) => {
    expect(endOf(thrown)).toMatchObject({
      ending: 'bug',
      message: expect.stringMatching(/^This is a bug in rampart: /),
    })
  })
})

describe('a phase', () => {
  test('is timed by the clock, and says how it went', async () => {
    const run = context()
    const value = await inPhase(run, 'build', async () => {
      await run.clock.sleep(1500)
      return { value: 7, detail: '2 images' }
    })
    expect(value).toBe(7)
    expect(run.events).toEqual([
      { type: 'phase.started', phase: 'build' },
      { type: 'phase.finished', phase: 'build', outcome: 'done', duration: 1500, detail: '2 images' },
    ])
  })

  test('that throws has failed; one that begins after the stop never began', async () => {
    const run = context()
    await expect(inPhase(run, 'push', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(run.events.at(-1)).toEqual({ type: 'phase.finished', phase: 'push', outcome: 'failed', duration: 0 })
    run.controller.abort(new Interruption('SIGINT'))
    const count = run.events.length
    await expect(inPhase(run, 'release', () => Promise.resolve({ value: 1 }))).rejects.toThrow('Stopped by SIGINT.')
    expect(run.events).toHaveLength(count)
  })
})

describe('a run', () => {
  test('begins and ends with an event, whatever happens, and never rejects', async () => {
    const run = context()
    const error = new Error('oh')
    const ended = await runOperation(run, about, () => Promise.reject(error))
    expect(ended).toMatchObject({ ending: 'bug', error })
    expect(run.events).toMatchObject([
      { type: 'run.started', command: 'deploy', simulated: false },
      { type: 'run.finished', ending: 'bug', exitCode: 1, duration: 0 },
    ])
    expect(run.events[0]).not.toHaveProperty('simulation')
    expect(run.events[1]).not.toHaveProperty('problems')
  })

  test('says what is simulated, and every problem', async () => {
    const run = context()
    await runOperation(run, { ...about, simulation: 'scenario healthy', phases: ['build'] }, () =>
      Promise.reject(new RampartError('preflight', 'no', { problems: [{ message: 'one' }, { message: 'two' }] })),
    )
    expect(run.events).toMatchObject([
      { simulated: true, simulation: 'scenario healthy', phases: ['build'] },
      { exitCode: 3, problems: ['one', 'two'] },
    ])
  })
})

const image = (service: string, uploadedLayerBytes = 0): ServiceImage => ({
  service,
  build: () => Promise.resolve({ service, repository: `host/${service}`, digest: `sha256:${'a'.repeat(64)}` }),
  push: () => Promise.resolve({ uploadedLayerBytes }),
})

describe('building without rolling out', () => {
  test('pushes what was chosen, and ends with the references', async () => {
    const run = context()
    const ended = await build([image('backend', 1_234_000), image('frontend')], ['backend'], run)
    expect(ended).toEqual({ ending: 'done', message: `host/backend@sha256:${'a'.repeat(64)}`, next: [] })
    expect(of(run.events, 'phase.finished').map(({ phase, outcome }) => `${phase} ${outcome}`)).toEqual([
      'build done',
      'push done',
    ])
    expect(of(run.events, 'phase.finished')[1]?.detail).toMatch(/^1\.23 MB of layers/)
  })

  test('a service that is not configured is a usage error that names those that are', () => {
    const all = [image('backend'), image('frontend')]
    expect(chooseServices(all, [])).toBe(all)
    expect(() => chooseServices(all, ['backend', 'api'])).toThrow(
      expect.objectContaining({ kind: 'usage', next: ['use one of backend, frontend'] }),
    )
  })
})

describe('the account', () => {
  test('who asks, and repositories that are there', async () => {
    const { aws } = await startFleet()
    expect(await checkAccount(aws.account, undefined, ['rampart-backend', 'rampart-frontend'])).toEqual([
      { name: 'identity', result: 'ok', detail: expect.stringMatching(/^arn:aws:/) },
      { name: 'repositories', result: 'ok', detail: 'rampart-backend, rampart-frontend' },
    ])
  })

  test('a repository that is not: the command that makes it', async () => {
    const { aws } = await startFleet()
    expect((await checkAccount(aws.account, undefined, ['rampart-backend', 'api']))[1]).toEqual({
      name: 'repositories',
      result: 'fail',
      detail: 'ECR has no repository api',
      remedy: 'aws ecr create-repository --repository-name api',
    })
  })

  test('a registry that is not ECR is not looked for there', async () => {
    const { aws, calls } = await startFleet()
    const checks = await checkAccount(aws.account, 'ghcr.io', ['api'])
    expect(checks[1]).toMatchObject({ name: 'repositories', result: 'skip' })
    expect(calls.map(({ operation }) => operation)).toEqual(['GetCallerIdentity'])
  })
})

test('a rollout that ended well and a target that does not serve: verification failed, target by target', async () => {
  const fleet = await startFleet()
  const driver = fleet.driver()
  const { ended, events } = await fleet.run({
    request: {
      driver: {
        ...driver,
        prove: async (revision, release) => {
          // Somebody takes an instance out of service just now, and it stays out; the group launches another one.
          const [one] = fleet.cloud.world.state.group.instances
          if (one !== undefined) one.lifecycle = 'Standby'
          return driver.prove(revision, release)
        },
      },
    },
  })
  expect(ended).toMatchObject({
    ending: 'verification',
    message: expect.stringMatching(/^4 of 5 targets are proved to serve r-/),
    problems: [expect.stringMatching(/^i-\w+: lifecycle Standby/)],
    next: ['rampart deploy -c rampart.yml'],
  })
  expect(of(events, 'proof')).toMatchObject([{ proved: 4, total: 5 }])
})
