import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Digest } from '../../../src/lib/domain/digest.js'
import { ongoing } from '../../../src/lib/rehearsal/world/ecs/deployments.js'
import { continueServiceDeployment, stopServiceDeployment } from '../../../src/lib/rehearsal/world/ecs/requests.js'
import { taskBounds } from '../../../src/lib/rehearsal/world/ecs/scheduler.js'
import type { EcsService } from '../../../src/lib/rehearsal/world/ecs/state.js'
import { isLive } from '../../../src/lib/rehearsal/world/ecs/task-state.js'
import { registerTaskDefinition } from '../../../src/lib/rehearsal/world/ecs/task-definitions.js'
import { stopTask } from '../../../src/lib/rehearsal/world/ecs/task.js'
import { updateService } from '../../../src/lib/rehearsal/world/ecs/update-service.js'
import { setAnswer } from '../../../src/lib/rehearsal/world/load-balancer.js'
import type { Switches } from '../../../src/lib/rehearsal/world/switches.js'
import { createWorld, type World } from '../../../src/lib/rehearsal/world/world.js'
import { catalogImages, next, previous, registryHost, start } from '../world/support.js'
import { cluster, ecsSetup } from './support.js'

const strategies = ['ROLLING', 'BLUE_GREEN', 'CANARY', 'LINEAR'] as const

function worldOf(desired: number, strategy: (typeof strategies)[number], switches: Partial<Switches>): World {
  return createWorld({
    setup: ecsSetup(desired, { strategy }),
    images: { find: (repository, reference) => catalogImages[`${repository}@${reference}`] },
    previousImages: previous,
    registryHost,
    start,
    switches: { trafficSeconds: 0, ...switches },
  })
}

function serviceIn({ state }: World): EcsService {
  const [service] = state.ecs.services
  if (service === undefined) throw new Error('no service')
  return service
}

function deploy(world: World, digest: Digest): void {
  const [first] = world.state.ecs.definitions
  const { definition } = first ?? {}
  if (definition === undefined) throw new Error('no definition')
  const image = `${registryHost}/rampart-backend@${digest}`
  const { arn } = registerTaskDefinition(
    world.state,
    { ...definition, containerDefinitions: definition.containerDefinitions?.map((each) => ({ ...each, image })) },
    'a test',
  )
  updateService(world.state, { cluster, service: 'finbert-api', taskDefinition: arn })
}

type Action = (world: World, pick: number) => void

const actions: Readonly<Record<string, Action>> = {
  deploy: (world) => deploy(world, next['rampart-backend']),
  goBack: (world) => deploy(world, previous['rampart-backend']),
  force: ({ state }) => updateService(state, { cluster, service: 'finbert-api', forceNewDeployment: true }),
  scale: ({ state }, pick) => updateService(state, { cluster, service: 'finbert-api', desiredCount: pick % 7 }),
  kill: ({ state }, pick) => {
    const task = state.ecs.tasks[pick % state.ecs.tasks.length]
    if (task !== undefined) stopTask(state, task, 'UserInitiated', 'a test')
  },
  sicken: ({ state }, pick) => {
    const task = state.ecs.tasks[pick % state.ecs.tasks.length]
    if (task?.status === 'RUNNING') setAnswer(state, task, 8000, 503)
  },
  rollback: (world) => {
    const deployment = ongoing(serviceIn(world))
    if (deployment) stopServiceDeployment(world.state, { serviceDeploymentArn: deployment.arn, stopType: 'ROLLBACK' })
  },
  abort: (world) => {
    const deployment = ongoing(serviceIn(world))
    if (deployment) stopServiceDeployment(world.state, { serviceDeploymentArn: deployment.arn, stopType: 'ABORT' })
  },
  resume: (world) => {
    const deployment = ongoing(serviceIn(world))
    const hook = deployment?.hooks.find(({ status }) => status === 'AWAITING_ACTION')
    if (deployment && hook) {
      continueServiceDeployment(world.state, { serviceDeploymentArn: deployment.arn, hookId: hook.id })
    }
  },
}

/** What may never be, whatever has happened. */
function impossibilities(world: World): readonly string[] {
  const { state } = world
  const service = serviceIn(world)
  const open = service.deployments.filter(({ finishedAt }) => finishedAt === undefined)
  const running = new Set(state.ecs.tasks.filter(({ status }) => status !== 'STOPPED').map(({ id }) => id))
  const weights = service.revisions.map(({ productionWeight }) => productionWeight)
  return [
    ...(open.length > 1 ? ['two open deployments'] : []),
    ...(service.entries.filter(({ status }) => status === 'PRIMARY').length === 1
      ? []
      : ['not one primary deployment']),
    ...state.targetGroups.flatMap(({ targets }) =>
      // A target drains for its whole delay, even when its task has exited.
      [...targets.values()]
        .filter(({ host, state: health }) => health !== 'draining' && !running.has(host.id))
        .map(({ host }) => `${host.id} is gone and still a target`),
    ),
    ...(weights.every((weight) => weight >= 0 && weight <= 100) ? [] : [`weights ${weights.join(' ')}`]),
    ...service.deployments
      .filter(({ failures }) => failures < 0)
      .map(({ arn }) => `${arn} has a negative number of failures`),
    ...state.ecs.tasks
      .filter(({ startedAt, stoppedAt }) => !Number.isInteger(startedAt ?? 0) || !Number.isInteger(stoppedAt ?? 0))
      .map(({ taskId }) => `${taskId} has a time that is no whole millisecond`),
  ]
}

const steps = fc.array(
  fc.record({
    action: fc.constantFrom(...Object.keys(actions)),
    pick: fc.nat(50),
    seconds: fc.constantFrom(0, 1, 4, 15, 40, 130, 600),
  }),
  { maxLength: 14 },
)

describe('a service of ECS', () => {
  test('whatever is done to it, the world stays possible, and calm brings the service back', () => {
    fc.assert(
      fc.property(
        steps,
        fc.integer({ min: 1, max: 5 }),
        fc.constantFrom(...strategies),
        fc.constantFrom('fine', 'exit', 'never-ready', 'missing', 'crash-loop'),
        (sequence, desired, strategy, newImages) => {
          const world = worldOf(desired, strategy, { newImages })
          updateService(world.state, {
            cluster,
            service: 'finbert-api',
            deploymentConfiguration: {
              strategy,
              deploymentCircuitBreaker: { enable: true, rollback: true },
              ...(strategy !== 'ROLLING' && {
                lifecycleHooks: [
                  {
                    targetType: 'PAUSE',
                    lifecycleStages: ['POST_SCALE_UP'],
                    timeoutConfiguration: { timeoutInMinutes: 20, action: 'CONTINUE' },
                  },
                ],
              }),
            },
          })
          for (const { action, pick, seconds } of sequence) {
            actions[action]?.(world, pick)
            world.advanceTo(world.state.now + seconds * 1000)
            expect(impossibilities(world)).toEqual([])
          }
          // The earlier release works always: deployed last, it must be what serves in the end.
          deploy(world, previous['rampart-backend'])
          world.advanceTo(world.state.now + 6 * 3_600_000)
          expect(impossibilities(world)).toEqual([])
          const service = serviceIn(world)
          expect(service.deployments.at(-1)?.status).toBe('SUCCESSFUL')
          const live = world.state.ecs.tasks.filter((task) => task.service === service && isLive(task))
          expect(live.map(({ startedBy }) => startedBy)).toEqual(
            Array.from({ length: service.desired }, () => service.entries[0]?.id),
          )
          expect(service.entries).toHaveLength(1)
        },
      ),
      { numRuns: 300 },
    )
  }, 120_000)

  test('keeps within its bounds through rolling deployments of any configuration', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 0, max: 100 }),
        fc.integer({ min: 100, max: 250 }),
        (desired, minimumHealthyPercent, maximumPercent) => {
          fc.pre(minimumHealthyPercent !== 100 || maximumPercent !== 100)
          const world = worldOf(desired, 'ROLLING', {})
          updateService(world.state, {
            cluster,
            service: 'finbert-api',
            deploymentConfiguration: { minimumHealthyPercent, maximumPercent },
          })
          deploy(world, next['rampart-backend'])
          const service = serviceIn(world)
          const { minimum, maximum } = taskBounds(service)
          for (let passed = 0; passed < 7200 && ongoing(service) !== undefined; passed += 3) {
            world.advanceTo(world.state.now + 3000)
            const live = world.state.ecs.tasks.filter((task) => task.service === service && isLive(task))
            expect(live.length).toBeLessThanOrEqual(Math.max(maximum, desired))
            expect(live.filter(({ status }) => status === 'RUNNING').length).toBeGreaterThanOrEqual(minimum)
          }
          const isStuck = minimum === desired && maximum === desired
          expect(ongoing(service) === undefined).toBe(!isStuck)
        },
      ),
      { numRuns: 200 },
    )
  }, 120_000)
})
