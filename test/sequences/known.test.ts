import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { play, type Tally } from './play.js'
import type { Name, Step } from './steps.js'
import type { Platform } from './world.js'

const deploy = (name: Name, call?: number): Step => ({
  kind: 'deploy',
  name,
  how: call === undefined ? {} : { death: { call, performed: true } },
  waits: false,
  releasesHold: false,
})

/** Every tenth call of a run, so that a later version with a call more or less still meets the moment. */
const everyTenth = Array.from({ length: 8 }, (_, index) => 10 + 10 * index)

/** What random sequences have found, each as short as it could be told. */
const known: readonly {
  readonly name: string
  readonly platforms: readonly Platform[]
  readonly moments?: readonly number[]
  readonly at: (call: number) => readonly Step[]
}[] = [
  {
    name: 'a rollout that is gone on with hours after its process died has its whole time',
    platforms: ['ecs'],
    at: (call) => [deploy('B', call), { kind: 'rest' }, deploy('B')],
  },
  {
    name: 'a service that a release leaves alone has not failed when the release is taken back',
    platforms: ['ecs'],
    at: (call) => [deploy('B'), { kind: 'turn', name: 'bad-ui', at: call, by: 'rollback' }],
  },
  {
    name: 'nor when it is aborted',
    platforms: ['ecs'],
    at: (call) => [deploy('A'), { kind: 'turn', name: 'C', at: call, by: 'abort' }],
  },
  {
    name: 'a release that comes again takes back only what this time has moved',
    platforms: ['ecs'],
    at: (call) => [deploy('B'), deploy('A'), deploy('C'), { kind: 'turn', name: 'A', at: call, by: 'abort' }],
  },
  {
    name: 'what begins while somebody looks is not taken for the rollout before it',
    platforms: ['ecs'],
    // Every call: it is a matter of two.
    moments: Array.from({ length: 8 }, (_, index) => 36 + index),
    at: (call) => [deploy('B'), deploy('A'), deploy('C'), { kind: 'turn', name: 'B', at: call, by: 'abort' }],
  },
  {
    name: 'what comes right after a rollout that failed is another one',
    platforms: ['ecs'],
    at: (call) => [deploy('bad-ui'), { kind: 'turn', name: 'A', at: call, by: 'abort' }],
  },
  {
    name: 'a rollback goes back to what served, also for a service that was moved already',
    platforms: ['ecs'],
    moments: Array.from({ length: 8 }, (_, index) => 100 + 5 * index),
    at: (call) => [{ kind: 'turn', name: 'A', at: call, by: 'rollback' }],
  },
  {
    name: 'a service that goes back already is not turned once more',
    platforms: ['ecs'],
    moments: Array.from({ length: 8 }, (_, index) => 135 + 5 * index),
    at: (call) => [deploy('A'), { kind: 'turn', name: 'bad-ui', at: call, by: 'abort' }],
  },
  {
    name: 'who rolls back while a rollout is only asked for turns that rollout',
    platforms: ['asg'],
    // The call for the refresh, and that for the lock on which it depends.
    moments: Array.from({ length: 6 }, (_, index) => 29 + index),
    at: (call) => [deploy('A'), deploy('B'), { kind: 'turn', name: 'A', at: call, by: 'rollback' }],
  },
  {
    name: 'who goes back when a failed release has gone back by itself loses nothing good',
    platforms: ['asg', 'ecs'],
    moments: [0],
    at: () => [
      ...(['A', 'B', 'bad-ui'] as const).map((name) => deploy(name)),
      { kind: 'rollback', to: undefined, how: {}, waits: false },
      { kind: 'rollback', to: 'A', how: {}, waits: false },
    ],
  },
  {
    name: 'who deploys what somebody takes back is told that it went back',
    platforms: ['asg', 'ecs'],
    // Of the rollback: before it asks, and when the rollout is on its way back.
    moments: [34, 37],
    at: (call) => [
      { kind: 'deploy', name: 'A', how: { leaveAt: 44 }, waits: false, releasesHold: false },
      { kind: 'rollback', to: undefined, how: { leaveAt: call }, waits: false },
      { kind: 'deploy', name: 'A', how: {}, waits: false, releasesHold: true },
    ],
  },
  {
    name: 'what a rollout moves while somebody looks is not taken for what was there before',
    platforms: ['ecs'],
    // Every call: it is a matter of one.
    moments: Array.from({ length: 4 }, (_, index) => 45 + index),
    at: (call) => [deploy('A'), { kind: 'turn', name: 'bad-ui', at: call, by: 'rollback' }],
  },
  {
    name: 'a rollback that was lost may hold deploys',
    platforms: ['ecs'],
    moments: [44],
    at: (call) => [
      { kind: 'deploy', name: 'A', how: { leaveAt: 44 }, waits: false, releasesHold: false },
      {
        kind: 'rollback',
        to: undefined,
        how: { death: { call, performed: false } },
        waits: false,
      },
      deploy('A'),
    ],
  },
  {
    name: 'a service that was stopped half-way is brought to its end by the same release',
    platforms: ['asg', 'ecs'],
    at: (call) => [deploy('B'), { kind: 'turn', name: 'A', at: call, by: 'stay' }, { kind: 'rest' }, deploy('A')],
  },
]

for (const { name, platforms, moments = everyTenth, at } of known) {
  test.each(platforms)(`${name} (%s)`, { timeout: 120_000 }, async (platform) => {
    const directory = await mkdtemp(join(tmpdir(), 'rampart-sequences-'))
    const before = { ...process.env }
    onTestFinished(async () => {
      process.env = before
      await rm(directory, { recursive: true, force: true })
    })
    const tally: Tally = new Map()
    for (const call of moments) await play(platform, directory, at(call), tally)
    // The one that each sequence ends with, at least.
    expect(tally.get('deploy done')).toBeGreaterThanOrEqual(moments.length)
  })
}
