import { DescribeServicesCommand, UpdateServiceCommand } from '@aws-sdk/client-ecs'
import { describe, expect, test } from 'vitest'
import { exitCodes } from '../../../src/lib/errors/exit-codes.js'
import { of } from '../support/fleet.js'
import { clusterName, startCluster, type Cluster, type Letters } from './support.js'

const b: Letters = { api: 'b', ui: 'b' }

const digestsOf = (cluster: Cluster, letters: Letters) => ({
  api: [cluster.digest('api', letters.api)],
  ui: [cluster.digest('ui', letters.ui)],
})
const previous: Letters = { api: 'previous', ui: 'previous' }

describe('a release over two services', () => {
  test('moves one after the other, and proves the digest that ECS reports for every task', async () => {
    const cluster = await startCluster()
    const { ended, events } = await cluster.run()
    expect(ended.ending).toBe('done')
    expect(cluster.serves()).toEqual(digestsOf(cluster, b))
    expect(cluster.deployments()).toEqual({ api: ['SUCCESSFUL'], ui: ['SUCCESSFUL'] })
    const [proof] = of(events, 'proof')
    expect(proof?.targets).toHaveLength(4)
    for (const { detail } of proof?.targets ?? [])
      expect(detail).toMatch(/ECS reports that (api|ui) runs sha256:[0-9a-f]{64}; RUNNING, healthy/)
    const [recorded] = of(events, 'release.recorded')
    expect(recorded?.revision).toEqual({ name: clusterName, number: 'finbert-api:8,finbert-ui:8' })
    const updates = cluster.calls.filter((call) => call === 'UpdateService')
    expect(updates).toHaveLength(2)
    const [api, ui] = cluster.cloud.world.state.ecs.services.map((one) => one.deployments[1])
    expect(ui?.createdAt).toBeGreaterThan(api?.finishedAt ?? Infinity)
  })

  test('leaves a service alone whose image did not change', async () => {
    const cluster = await startCluster()
    await cluster.run()
    const { ended, events } = await cluster.run({ release: { api: 'b', ui: 'c' } })
    expect(ended.ending).toBe('done')
    expect(cluster.deployments()).toEqual({ api: ['SUCCESSFUL'], ui: ['SUCCESSFUL', 'SUCCESSFUL'] })
    expect(of(events, 'release.recorded')[0]?.revision.number).toBe('finbert-api:8,finbert-ui:9')
    const status = await cluster.driver().status(cluster.cloud.registryHost, [])
    expect(status).toMatchObject({ release: of(events, 'release.recorded')[0]?.release.id, desired: 4 })
  })

  test('finds nothing to do the second time, and rolls all the same when it is forced', async () => {
    const cluster = await startCluster()
    await cluster.run()
    const again = await cluster.run()
    expect(again.ended.message).toMatch(/^Nothing to do/)
    expect(cluster.revisions()).toEqual({ api: 2, ui: 2 })
    expect(cluster.calls.filter((call) => call === 'UpdateService')).toHaveLength(2)
    const forced = await cluster.run({ force: true })
    expect(forced.ended.ending).toBe('done')
    // Those that were there are none of the new ones, though they are of the same definition.
    const seen = of(forced.events, 'target.changed').map(({ target }) => target)
    const [fresh, old] = [true, false].map(
      (isNew) => new Set(seen.filter((one) => one.isNew === isNew).map(({ id }) => id)),
    )
    expect([fresh?.size, old?.size]).toEqual([4, 4])
    expect([...(fresh ?? [])].filter((id) => old?.has(id))).toEqual([])
    expect(cluster.deployments()).toEqual({ api: ['SUCCESSFUL', 'SUCCESSFUL'], ui: ['SUCCESSFUL', 'SUCCESSFUL'] })
    expect(cluster.revisions()).toEqual({ api: 2, ui: 2 })
  })

  test('says in its deployment configuration what rampart.yml says, and keeps what is not ours', async () => {
    const cluster = await startCluster({
      change: { circuitBreaker: { type: 'COUNT', value: 4, resetOnHealthyTask: false }, alarms: ['target-5xx'] },
    })
    await cluster.run()
    const { services } = await cluster.console.send(
      new DescribeServicesCommand({ cluster: clusterName, services: ['finbert-api'] }),
    )
    expect(services?.[0]?.deploymentConfiguration).toMatchObject({
      minimumHealthyPercent: 100,
      maximumPercent: 200,
      alarms: { alarmNames: ['target-5xx'], enable: true, rollback: true },
      deploymentCircuitBreaker: {
        enable: true,
        rollback: true,
        resetOnHealthyTask: false,
        thresholdConfiguration: { type: 'COUNT', value: 4 },
      },
    })
  })
})

describe('a release that fails', () => {
  test('in the first service: the platform goes back, the second is never touched', async () => {
    const cluster = await startCluster({ switches: { newImages: 'exit', faultyService: 'api' } })
    const { ended, events } = await cluster.run()
    expect({ ending: ended.ending, exit: exitCodes[ended.ending] }).toEqual({ ending: 'rolledBack', exit: 4 })
    expect(cluster.serves()).toEqual(digestsOf(cluster, previous))
    expect(cluster.deployments()).toEqual({ api: ['ROLLBACK_SUCCESSFUL'], ui: [] })
    expect(of(events, 'rollout.finished')[0]?.cause).toMatchObject({ code: 'container-exits' })
  })

  test.each(['exit', 'never-ready', 'missing'] as const)(
    'in the second service (%s): the first goes back too',
    async (newImages) => {
      const cluster = await startCluster({ switches: { newImages, faultyService: 'ui' } })
      const { ended, events } = await cluster.run()
      expect(ended).toMatchObject({ ending: 'rolledBack' })
      expect(cluster.serves()).toEqual(digestsOf(cluster, previous))
      expect(cluster.deployments()).toEqual({ api: ['SUCCESSFUL', 'SUCCESSFUL'], ui: ['ROLLBACK_SUCCESSFUL'] })
      const code = { exit: 'container-exits', 'never-ready': 'never-ready', missing: 'image-pull' }[newImages]
      expect(of(events, 'rollout.finished')[0]?.cause?.code).toBe(code)
    },
  )

  test('in the only service that it changes: the other stays as it is', async () => {
    const cluster = await startCluster({ switches: { newImages: 'exit', faultyService: 'ui' } })
    const { ended } = await cluster.run({ release: { api: 'previous', ui: 'b' } })
    expect(ended).toMatchObject({ ending: 'rolledBack' })
    expect(cluster.serves()).toEqual(digestsOf(cluster, previous))
    expect(cluster.deployments()).toEqual({ api: [], ui: ['ROLLBACK_SUCCESSFUL'] })
  })

  test('is given up by rampart itself after so many failed starts', async () => {
    const cluster = await startCluster({
      switches: { newImages: 'exit', faultyService: 'ui' },
      change: { circuitBreaker: { type: 'COUNT', value: 50, resetOnHealthyTask: false } },
    })
    const { ended, events } = await cluster.run({ maxFailedStarts: 2 })
    expect(ended.ending).toBe('rolledBack')
    expect(of(events, 'warning').map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/new targets? failed to start/),
    )
    expect(cluster.serves()).toEqual(digestsOf(cluster, previous))
    expect(cluster.deployments().ui).toEqual(['ROLLBACK_SUCCESSFUL'])
  })

  test('the same release again starts anew with the same task definitions', async () => {
    const cluster = await startCluster({ switches: { newImages: 'exit', faultyService: 'ui' } })
    await cluster.run()
    const { ended } = await cluster.run()
    expect(ended.ending).toBe('rolledBack')
    expect(cluster.revisions()).toEqual({ api: 2, ui: 2 })
    expect(cluster.serves()).toEqual(digestsOf(cluster, previous))
  })
})

describe('other people', () => {
  test('another deployment under way is a conflict, and nothing is changed', async () => {
    const cluster = await startCluster()
    await cluster.console.send(
      new UpdateServiceCommand({ cluster: clusterName, service: 'finbert-ui', forceNewDeployment: true }),
    )
    const { ended } = await cluster.run()
    expect({ ending: ended.ending, exit: exitCodes[ended.ending] }).toEqual({ ending: 'conflict', exit: 6 })
    expect(ended.message).toMatch(/Another deployment of finbert-ui is PENDING since/)
    expect(cluster.revisions()).toEqual({ api: 1, ui: 1 })
  })
})

describe('a client that dies and comes back', () => {
  /** Calls that change something; between any two of them, and while it rolls. */
  test.each([1, 2, 3, 4])('after change %i: one release, one deployment of each service', async (nth) => {
    const controller = new AbortController()
    let changes = 0
    const cluster = await startCluster({
      onCall: (_n, _service, operation) => {
        if (!/^(?:Register|Update)/.test(operation)) return
        changes += 1
        if (changes === nth) controller.abort(new Error('killed'))
      },
    })
    await cluster.run({ controller }).catch(() => undefined)
    const { ended } = await cluster.run()
    expect(ended.ending).toBe('done')
    expect(cluster.serves()).toEqual(digestsOf(cluster, b))
    expect(cluster.revisions()).toEqual({ api: 2, ui: 2 })
    expect(cluster.deployments()).toEqual({ api: ['SUCCESSFUL'], ui: ['SUCCESSFUL'] })
  })

  test('what an earlier run moved goes back too when the run that goes on fails', async () => {
    const cluster = await startCluster({ switches: { newImages: 'exit', faultyService: 'ui' } })
    const controller = new AbortController()
    await cluster
      .run({
        controller,
        onEvent: (event) => {
          if (event.type === 'rollout.progress' && cluster.deployments().api[0] === 'SUCCESSFUL')
            controller.abort(new Error('killed'))
        },
      })
      .catch(() => undefined)
    const { ended } = await cluster.run()
    expect(ended.ending).toBe('rolledBack')
    expect(cluster.serves()).toEqual(digestsOf(cluster, previous))
  })

  test('what was left between two services is gone on with much later, and has its whole time then', async () => {
    const controller = new AbortController()
    const cluster = await startCluster({
      onCall: (_n, _service, operation) => {
        if (operation === 'UpdateService') controller.abort(new Error('killed'))
      },
    })
    await cluster.run({ controller }).catch(() => undefined)
    await cluster.clock.sleep(24 * 3_600_000)
    const { ended, events } = await cluster.run({ timeout: 3_600_000 })
    expect(of(events, 'rollout.started')).toMatchObject([{ attached: true }])
    expect(of(events, 'warning')).toEqual([])
    expect(ended).toMatchObject({ ending: 'done' })
    expect(cluster.serves()).toEqual(digestsOf(cluster, b))
    expect(cluster.deployments()).toEqual({ api: ['SUCCESSFUL'], ui: ['SUCCESSFUL'] })
  })

  test.each(['RegisterTaskDefinition', 'UpdateService'])(
    'an answer to %s that is lost makes nothing twice',
    async (operation) => {
      for (const force of [false, true]) {
        const cluster = await startCluster({
          faults: [{ match: { operation }, calls: [1, 3], effect: { kind: 'drop', when: 'after' } }],
          maxAttempts: 3,
        })
        const { ended } = await cluster.run({ force })
        expect(ended.ending).toBe('done')
        expect(cluster.revisions()).toEqual({ api: 2, ui: 2 })
        expect(cluster.deployments()).toEqual({ api: ['SUCCESSFUL'], ui: ['SUCCESSFUL'] })
      }
    },
  )
})

describe('a shift of traffic that waits for a person', () => {
  test('is shown, and goes on when somebody says so', async () => {
    const cluster = await startCluster({ strategy: 'BLUE_GREEN' })
    const configuration = {
      strategy: 'BLUE_GREEN',
      lifecycleHooks: [{ targetType: 'PAUSE', lifecycleStages: ['POST_SCALE_UP'] }],
    } as const
    await cluster.console.send(
      new UpdateServiceCommand({
        cluster: clusterName,
        service: 'finbert-api',
        deploymentConfiguration: {
          ...configuration,
          lifecycleHooks: [...configuration.lifecycleHooks].map((one) => ({
            ...one,
            lifecycleStages: [...one.lifecycleStages],
          })),
        },
      }),
    )
    const controller = new AbortController()
    const left = await cluster.run({
      controller,
      onEvent: (event) => {
        if (event.type === 'rollout.progress' && event.reason?.includes('paused') === true)
          controller.abort(new Error('left'))
      },
    })
    expect(left.ended.ending).toBe('unknown')
    expect(of(left.events, 'detached')[0]?.goesOn).toMatch(
      /^service deployment \S+ of finbert-rag-prod; finbert-ui will not be moved until somebody comes back$/,
    )
    const { ended } = await cluster.run({ request: { goOn: true } })
    expect(ended.ending).toBe('done')
    const { events } = left
    expect(of(events, 'rollout.progress').map(({ reason }) => reason)).toContainEqual(
      expect.stringMatching(
        /finbert-api, service 1 of 2: POST_SCALE_UP.*paused until .*continue with rampart deploy --continue/,
      ),
    )
    expect(cluster.serves()).toEqual(digestsOf(cluster, b))
  })

  test.each(['CANARY', 'LINEAR'] as const)('%s shifts are shown stage by stage', async (kind) => {
    const strategy =
      kind === 'CANARY'
        ? ({ kind, percent: 10, bakeTimeInMinutes: 5 } as const)
        : ({ kind, stepPercent: 50, stepBakeTimeInMinutes: 5 } as const)
    const cluster = await startCluster({ strategy: kind, change: { strategy } })
    const { ended, events } = await cluster.run()
    expect(ended.ending).toBe('done')
    expect(cluster.serves()).toEqual(digestsOf(cluster, b))
    const said = of(events, 'rollout.progress').map(({ reason }) => reason ?? '')
    expect(said.some((reason) => /PRODUCTION_TRAFFIC_SHIFT, \d+ % of the traffic/.test(reason))).toBe(true)
  })
})
