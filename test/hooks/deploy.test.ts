import { describe, expect, test } from 'vitest'
import type { HookName } from '../../src/lib/domain/hook.js'
import type { EventBody } from '../../src/lib/events/event.js'
import { findHooks } from '../../src/lib/hooks/find.js'
import type { HttpRequest } from '../../src/lib/ports/http.js'
import { Announcer, type NoticeTarget } from '../../src/lib/operations/announcer.js'
import { interrupted, of, startFleet, type Fleet, type RunOptions } from '../rollout/support/fleet.js'
import { hookFolder, hookOptions } from './support.js'

interface Told {
  readonly notice: string
  readonly end?: { readonly outcome: string; readonly problems: readonly string[] }
}

interface Announced {
  readonly ending: string
  readonly problems: readonly string[]
  readonly message: string
  readonly events: readonly EventBody[]
  /** Each hook that ran with its last line, and each call that changes AWS, in their order. */
  readonly course: readonly string[]
  readonly told: readonly Told[]
}

const changing = /^(?:CreateLaunchTemplateVersion|StartInstanceRefresh|RollbackInstanceRefresh)$/

/** Deploys with hooks of these scripts, and with a listener for notices. */
async function deployWith(
  fleet: Fleet,
  scripts: Partial<Record<HookName, string>>,
  options: RunOptions = {},
): Promise<Announced> {
  const directory = await hookFolder(scripts)
  const told: Told[] = []
  const target: NoticeTarget = {
    webhook: 'https://hooks.example.com/T0',
    format: 'json',
    on: ['started', 'succeeded', 'failed', 'rolled-back'],
  }
  const controller = options.controller ?? new AbortController()
  const announcer = new Announcer({
    command: 'deploy',
    app: 'rampart-ai',
    environment: 'production',
    simulated: true,
    source: () => Promise.resolve(undefined),
    mask: (text) => text,
    hooks: { ...(await findHooks(directory, '.rampart/hooks')), ...hookOptions(directory) },
    notices: [target],
    delivery: {
      clock: fleet.clock,
      random: () => 0,
      http: {
        via: () => undefined,
        now: () => fleet.clock.now(),
        session: () => ({
          send: ({ body = '' }: HttpRequest) => {
            told.push(JSON.parse(body) as Told)
            const timing = { resolve: 0, connect: 0, tls: 0, firstByte: 0, total: 0 }
            return Promise.resolve({
              kind: 'answer',
              status: 200,
              headers: {},
              body: new Uint8Array(),
              cut: false,
              timing,
              address: '',
            })
          },
          close: () => undefined,
        }),
      },
    },
  })
  const events: EventBody[] = []
  const course: string[] = []
  const before = fleet.calls.length
  let seen = before
  const emit = (event: EventBody): void => {
    for (; seen < fleet.calls.length; seen += 1) {
      const { operation } = fleet.calls[seen] ?? { operation: '' }
      if (changing.test(operation)) course.push(operation)
    }
    events.push(event)
    if (event.type === 'hook.line') course.push(`${event.hook}: ${event.text}`)
    options.onEvent?.(event)
  }
  const context = { clock: fleet.clock, signal: controller.signal, emit }
  const ended = await announcer.around(context, async (heard) => {
    const run = await fleet.run({
      ...options,
      controller,
      onEvent: heard.emit,
      request: { ...options.request, announcer },
    })
    return run.ended
  })
  return { ending: ended.ending, message: ended.message, problems: ended.problems ?? [], events, course, told }
}

const all: Partial<Record<HookName, string>> = {
  'pre-build': 'echo "$RAMPART_APP $RAMPART_ENVIRONMENT ${RAMPART_RELEASE:-no release}"',
  'pre-deploy': 'echo "${RAMPART_RELEASE%-*} ${RAMPART_REVISION:-no revision}"',
  'post-rollout': 'echo "$RAMPART_PREVIOUS_REVISION to $RAMPART_REVISION, ${RAMPART_OUTCOME:-no outcome}"',
  'post-deploy': 'echo "$RAMPART_OUTCOME $RAMPART_EXIT_CODE $RAMPART_PROVED of $RAMPART_TARGETS"',
  failed: 'echo "$RAMPART_OUTCOME $RAMPART_EXIT_CODE"',
  'post-rollback': 'echo never',
}

test('each at its moment, with what is known by then', async () => {
  const fleet = await startFleet()
  const { ending, course, told, events } = await deployWith(fleet, all)
  expect({ ending, course }).toEqual({
    ending: 'done',
    course: [
      'pre-build: rampart-ai production no release',
      'pre-deploy: r no revision',
      'CreateLaunchTemplateVersion',
      'StartInstanceRefresh',
      'post-rollout: 7 to 8, no outcome',
      'post-deploy: done 0 4 of 4',
    ],
  })
  expect(told.map(({ notice }) => notice)).toEqual(['started', 'succeeded'])
  expect(of(events, 'phase.finished').at(-1)).toMatchObject({ phase: 'hooks', outcome: 'done' })
})

test('nothing to do: nothing is announced', async () => {
  const fleet = await startFleet()
  await fleet.run()
  const { ending, course, told } = await deployWith(fleet, all)
  expect({ ending, course, told }).toEqual({
    ending: 'done',
    course: ['pre-build: rampart-ai production no release'],
    told: [],
  })
})

describe('a hook that forbids', () => {
  test.each(['pre-build', 'pre-deploy'] as const)(
    '%s: nothing is changed, and its last lines say why',
    async (hook) => {
      const fleet = await startFleet()
      const { ending, message, problems, course, told } = await deployWith(fleet, {
        ...all,
        [hook]: 'echo checking; echo "tests are red" >&2; exit 3',
      })
      expect({ ending, message, problems }).toEqual({
        ending: 'preflight',
        message: `The hook ${hook} failed: it ended with code 3. Nothing that serves was changed.`,
        problems: expect.arrayContaining(['checking', 'tests are red']),
      })
      expect(course.at(-1)).toBe('failed: preflight 3')
      expect(course.filter((step) => changing.test(step))).toEqual([])
      expect(told).toMatchObject([{ notice: 'failed', end: { outcome: 'preflight' } }])
    },
  )

  test('a release that was made before is not started either', async () => {
    const fleet = await startFleet()
    await fleet.run()
    await fleet.run({ release: 'other' })
    const { ending, course } = await deployWith(fleet, { 'pre-deploy': 'echo no; exit 1' })
    expect({ ending, course }).toEqual({ ending: 'preflight', course: ['pre-deploy: no'] })
  })
})

test('a hook that comes after and fails is a warning, and no lie about the deploy', async () => {
  const fleet = await startFleet()
  const { ending, events } = await deployWith(fleet, {
    'post-rollout': 'exit 1',
    'post-deploy': 'echo "the cache is stubborn"; exit 2',
  })
  expect(ending).toBe('done')
  expect(of(events, 'warning')).toMatchObject([
    { message: 'The hook post-rollout failed: it ended with code 1. What was rolled out does not depend on it.' },
    {
      message: 'The hook post-deploy failed: it ended with code 2. What was rolled out does not depend on it.',
      next: ['its last line: the cache is stubborn'],
    },
  ])
})

test('a rollout that goes back: the hook for failures, and no other', async () => {
  const fleet = await startFleet({ scenario: 'bad-image' })
  const { ending, course, told } = await deployWith(fleet, all)
  expect(ending).toBe('rolledBack')
  expect(course.slice(-1)).toEqual(['failed: rolledBack 4'])
  expect(course.filter((step) => step.startsWith('post-'))).toEqual([])
  expect(told.map(({ notice, end }) => [notice, end?.outcome])).toEqual([
    ['started', undefined],
    ['failed', 'rolledBack'],
  ])
})

test('a rollout that is joined has been announced by whoever began it', async () => {
  const fleet = await startFleet()
  const first = fleet.run()
  const { promise, resolve } = Promise.withResolvers<Announced>()
  let joined = false
  fleet.clock.meanwhile = () => {
    if (joined) return
    joined = true
    deployWith(fleet, all).then(resolve, () => undefined)
  }
  const [, { ending, course, told }] = await Promise.all([first, promise])
  expect(ending).toBe('done')
  expect(course.filter((step) => !changing.test(step))).toEqual([
    'pre-build: rampart-ai production no release',
    'post-rollout: 7 to 8, no outcome',
    'post-deploy: done 0 4 of 4',
  ])
  expect(told.map(({ notice }) => notice)).toEqual(['succeeded'])
})

describe('a run that is left', () => {
  test('in a hook before anything: the hook ends, nothing was changed, nobody is told', async () => {
    const fleet = await startFleet()
    const controller = new AbortController()
    const { ending, course, told } = await deployWith(
      fleet,
      { ...all, 'pre-deploy': 'echo up; sleep 300' },
      {
        controller,
        onEvent: (event) => {
          if (event.type === 'hook.line' && event.text === 'up') controller.abort(interrupted())
        },
      },
    )
    expect({ ending, told }).toEqual({ ending: 'interrupted', told: [] })
    expect(course.slice(-1)).toEqual(['pre-deploy: up'])
  })

  test('in the hook after its rollout: what was rolled out stands, unproved', async () => {
    const fleet = await startFleet()
    const controller = new AbortController()
    const { ending, events } = await deployWith(
      fleet,
      { 'post-rollout': 'echo up; sleep 300' },
      {
        controller,
        onEvent: (event) => {
          if (event.type === 'hook.line') controller.abort(interrupted())
        },
      },
    )
    expect(ending).toBe('unknown')
    expect(of(events, 'warning')).toMatchObject([
      { message: 'The hook post-rollout was ended with the run. What was rolled out does not depend on it.' },
    ])
  })

  test('while it rolls: nobody is told of an end that nobody knows', async () => {
    const fleet = await startFleet()
    const controller = new AbortController()
    const { ending, course, told } = await deployWith(fleet, all, {
      controller,
      onEvent: (event) => {
        if (event.type === 'rollout.progress') controller.abort(interrupted())
      },
    })
    expect(ending).toBe('unknown')
    expect(course.some((step) => /^(?:failed|post-)/.test(step))).toBe(false)
    expect(told.map(({ notice }) => notice)).toEqual(['started'])
  })
})
