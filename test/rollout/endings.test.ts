import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createEndings } from '../../src/lib/rollout/endings.js'
import { lifeIn } from '../../src/lib/rollout/symptom.js'
import { createTroubleWatch, type Look } from '../../src/lib/rollout/trouble.js'

const traceback = [
  'Traceback (most recent call last):',
  '  File "/app/main.py", line 12, in <module>',
  '    import jsonlogic',
  "ModuleNotFoundError: No module named 'jsonlogic'",
]

type Said = readonly [stream: string, text: string, tells?: boolean]

/** When the target's process is taken to have ended, after these lines, a second apart. */
function endAfter(lines: readonly Said[]): number | undefined {
  const endings = createEndings()
  for (const [index, [stream, text, tells = false]] of lines.entries()) {
    endings.hear('i-1', { id: String(index), stream, time: index * 1000, text }, tells)
  }
  return endings.endedAt.get('i-1')
}

const of = (stream: string, ...texts: readonly string[]): readonly Said[] => texts.map((text) => [stream, text])

describe('the last words of a process', () => {
  test.each<[string, readonly Said[], number | undefined]>([
    ['a traceback', of('api', 'INFO ready', ...traceback), 4000],
    ['a traceback that a handler caught', of('api', ...traceback, 'INFO: going on without'), undefined],
    ['a traceback, and another container that is well', [...of('api', ...traceback), ...of('ui', 'GET / 200')], 3000],
    [
      'a traceback, and a process that has begun anew',
      [...of('api', ...traceback), ['api', 'Started', true]],
      undefined,
    ],
    ['an image that is not there', of('cloud-init', 'manifest unknown', 'Cloud-init finished'), 0],
    [
      'an error of Node.js',
      of('ui', '    throw err', 'Error: Cannot find module', '    at x', 'Node.js v24.1.0'),
      1000,
    ],
    ['traffic', of('api', 'GET / 200', 'ERROR: one request failed'), undefined],
  ])('%s', (_what, lines, ended) => {
    expect(endAfter(lines)).toBe(ended)
  })

  test('are read from any text', () => {
    const any = fc.property(fc.string(), (text) => {
      expect(['dead', 'dying', 'alive', 'unknown']).toContain(lifeIn(text))
    })
    fc.assert(any)
  })
})

test('a target that is ill, and silent after an error, is looked into long before the platform gives it up', () => {
  const watch = createTroubleWatch({ kind: 'asg', fleet: 'f', desired: 1, checkpointPercentages: [], alarms: [] }, 0)
  const look = (at: number, health: 'healthy' | 'unhealthy'): string | undefined => {
    const target = { id: 'i-1', zone: 'a', lifecycle: 'InService', health, revision: '8', isNew: true }
    const seen: Look['seen'] = {
      status: 'InProgress',
      direction: 'forward',
      percentage: 0,
      remaining: 0,
      targets: [target],
      failedStarts: [],
    }
    return watch.look({
      seen,
      guards: [],
      loads: new Map(),
      restarts: new Map(),
      endedAt: new Map([['i-1', 10_000]]),
      at,
    })
  }
  expect(look(20_000, 'unhealthy')).toBeUndefined()
  expect(look(40_000, 'healthy')).toBeUndefined()
  expect(look(40_000, 'unhealthy')).toBe('silent after an error')
})
