import { createRandom, type Random } from '../random.js'
import { heldByModels } from '../ecs/start-task.js'
import { isHealthyTask } from '../ecs/task-state.js'
import type { TargetGroup, WorldState } from '../state.js'
import { evaluateAlarms } from './evaluate.js'
import { keptMinutes } from './metrics.js'
import { measureUsage } from './usage.js'

const minute = 60_000
/** Requests that users make of each service in a minute. */
const requests = 240
/** How many of them are looked at for how long they take. */
const looked = 24

/** Measures the world at the end of each minute, and has the alarms look at what was measured. */
export function measureEachMinute(world: WorldState, seed: number): void {
  // Of its own: what is measured changes nothing in the world.
  const random = createRandom(seed + 104_729)
  const next = Math.floor(world.now / minute) * minute + minute
  const each = (at: number): void => {
    world.agenda.add(
      at,
      () => {
        measure(world, random, at - minute)
        // What alarms bring about is for the world to react to; measures alone are not.
        if (evaluateAlarms(world)) world.agenda.add(world.now, () => undefined)
        each(nextMinute(world, at))
      },
      { quiet: true },
    )
  }
  each(next)
}

/** Where months go by at once and no alarm looks on, what nobody could ask for any more is not measured. */
function nextMinute(world: WorldState, at: number): number {
  const isWatched = world.alarms.some(({ configuredAt }) => configuredAt >= world.bornAt)
  const useful = Math.floor((world.horizon - keptMinutes * minute) / minute) * minute
  return isWatched ? at + minute : Math.max(at + minute, useful)
}

function measure(world: WorldState, random: Random, at: number): void {
  measureUsage(world, at)
  for (const group of world.targetGroups) measureGroup(world, group, random, at)
  const busy = (name: string, dimensions: Readonly<Record<string, string>>, namespace: string): void =>
    world.metrics.add({ namespace, name, dimensions }, at, [random.between(30, 45), random.between(30, 45)])
  for (const { id, throughput, credits, readyAt } of world.efs.fileSystems) {
    if (throughput !== 'bursting' || readyAt > at) continue
    const dimensions = { FileSystemId: id }
    world.metrics.add({ namespace: 'AWS/EFS', name: 'BurstCreditBalance', dimensions }, at, [credits])
  }
  if (world.group.name !== '') busy('CPUUtilization', { AutoScalingGroupName: world.group.name }, 'AWS/EC2')
  for (const { name } of world.ecs.services) {
    const tasks = world.ecs.tasks.filter((task) => task.service?.name === name && isHealthyTask(world, task))
    if (tasks.length === 0) continue
    const dimensions = { ClusterName: world.ecs.cluster?.name ?? '', ServiceName: name }
    busy('CPUUtilization', dimensions, 'AWS/ECS')
    // Models stay where they were loaded.
    const held = tasks.reduce((most, task) => Math.max(most, heldByModels(world, task)), 0)
    const memory = [random.between(61, 63), random.between(61, 63)].map((usual) => Math.min(100, Math.max(usual, held)))
    world.metrics.add({ namespace: 'AWS/ECS', name: 'MemoryUtilization', dimensions }, at, memory)
  }
}

/** The dimensions by which CloudWatch knows a load balancer and a target group: the ends of their ARNs. */
const lastOf = (arn: string): string => arn.slice(arn.lastIndexOf(':') + 1).replace(/^loadbalancer\//, '')

/**
 * What the load balancer tells of a target group. Codes that nothing was answered with have no data, as with AWS.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
 */
function measureGroup(world: WorldState, group: TargetGroup, random: Random, at: number): void {
  const balancer = { LoadBalancer: lastOf(world.loadBalancer.arn) }
  const own = { ...balancer, TargetGroup: lastOf(group.arn) }
  const add = (name: string, values: readonly number[], dimensions: Readonly<Record<string, string>> = own): void =>
    world.metrics.add({ namespace: 'AWS/ApplicationELB', name, dimensions }, at, values)
  const targets = [...group.targets.values()]
  const healthy = targets.filter(({ state }) => state === 'healthy')
  if (targets.length > 0) {
    add('HealthyHostCount', [healthy.length])
    add('UnHealthyHostCount', [targets.filter(({ state }) => state === 'unhealthy').length])
  }
  // Whoever shifts traffic between two target groups has one that nobody asks.
  if (world.switches.trafficSeconds === 0 || targets.length === 0) return
  if (healthy.length === 0) return add('HTTPCode_ELB_5XX_Count', [requests], balancer)
  const { newAnswers, tailFactor } = world.switches
  const counts = { '2XX': 0, '5XX': 0 }
  const times: number[] = []
  healthy.forEach(({ host }, index) => {
    const serving = host.serving.get(group.port)
    const share = Math.floor(requests / healthy.length) + (index < requests % healthy.length ? 1 : 0)
    counts[serving?.troubled === true && newAnswers === 'unavailable' ? '5XX' : '2XX'] += share
    const usual = (serving?.models.length ?? 0) > 0 ? 0.12 : 0.01
    const slow = serving?.troubled === true ? tailFactor : 1
    for (let n = 0; n < Math.ceil(looked / healthy.length); n++) {
      const drawn = random.next()
      times.push(usual * (0.8 + drawn / 2) * (drawn < 0.9 ? 1 : slow))
    }
  })
  add('RequestCount', [requests])
  add('TargetResponseTime', times)
  for (const [code, count] of Object.entries(counts)) if (count > 0) add(`HTTPCode_Target_${code}_Count`, [count])
}
