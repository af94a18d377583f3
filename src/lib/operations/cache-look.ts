import {
  compareModels,
  forecastBurst,
  type CacheModel,
  type CacheRecord,
  type CacheStatus,
} from '../domain/model-cache.js'
import type { InfraPlan } from '../domain/infra.js'
import { RampartError } from '../errors/rampart-error.js'
import type { FileSystem, ModelCache } from '../ports/model-cache.js'
import type { Stack } from '../ports/stacks.js'
import type { Check } from '../rollout/driver.js'

/** What a stack says of its model cache. */
export interface CachePlace {
  readonly fileSystem: string
  readonly cluster: string
  /** An ARN with its revision. */
  readonly taskDefinition: string
  readonly family: string
  readonly subnets: readonly string[]
  readonly securityGroup: string
}

type CachePlan = NonNullable<InfraPlan['modelCache']>

export interface LookRequest {
  readonly cache: ModelCache
  readonly stack: () => Promise<Stack | undefined>
  readonly stackName: string
  readonly plan: CachePlan
  /** Ports on which tasks may reach the world. */
  readonly outbound: readonly number[]
  /** The command that makes the infrastructure. */
  readonly mend: string
}

const outputOf = (stack: Stack | undefined, name: string): string =>
  stack?.outputs.find(({ key }) => key === name)?.value ?? ''

/** Subnets in which nothing can mount it now. */
const unmountedOf = (subnets: readonly string[], { mounts }: FileSystem): readonly string[] =>
  subnets.filter((subnet) => !mounts.some((one) => one.subnet === subnet && one.state === 'available'))

const subnetsOf = (stack: Stack | undefined): readonly string[] =>
  outputOf(stack, 'PrivateSubnets')
    .split(',')
    .filter((one) => one !== '')

/** There is nothing that could be filled. */
const none = (detail: string, remedy: string) => ({
  place: undefined,
  checks: [{ name: 'model cache', result: 'fail', detail, remedy } as const],
})

/** Where the cache is, and what stands in the way of filling it. */
export async function lookBeforeWarming(
  request: LookRequest,
): Promise<{ readonly place: CachePlace | undefined; readonly checks: readonly Check[] }> {
  const { cache, plan, mend, stackName, outbound } = request
  const stack = await request.stack()
  const id = outputOf(stack, 'ModelCacheId')
  const taskDefinition = outputOf(stack, 'CacheFillTask')
  if (stack === undefined) return none(`there is no stack ${stackName}`, mend)
  if (id === '') return none(`the stack ${stackName} has no model cache yet`, mend)
  if (taskDefinition === '') {
    return none(
      `the stack ${stackName} has nothing that could fill it: with egress: endpoints no model hub is reached`,
      'set infra.network.egress to nat, or let the base image carry the models',
    )
  }
  const found = await cache.fileSystem(id)
  if (found === undefined) return none(`the file system ${id} of the stack ${stackName} does not exist`, mend)
  const subnets = subnetsOf(stack)
  const unmounted = unmountedOf(subnets, found)
  const mounted = subnets.filter((subnet) => !unmounted.includes(subnet))
  const checks: readonly Check[] = [
    found.state === 'available'
      ? { name: 'model cache', result: 'ok', detail: `${id} is available` }
      : {
          name: 'model cache',
          result: 'fail',
          detail: `${id} is ${found.state}`,
          remedy: 'wait until it is available',
        },
    throughputCheck(found, plan, mend),
    unmounted.length === 0
      ? { name: 'mount targets', result: 'ok', detail: `${subnets.length} of ${subnets.length} subnets` }
      : {
          name: 'mount targets',
          result: mounted.length === 0 ? 'fail' : 'warn',
          detail: `nothing in ${unmounted.join(', ')} can mount it`,
          remedy: mend,
        },
    outbound.includes(443)
      ? { name: 'way to the hub', result: 'ok', detail: 'port 443 is open to the world' }
      : {
          name: 'way to the hub',
          result: 'fail',
          detail: `tasks may reach the world on ${outbound.join(', ') || 'no port'}, not on 443`,
          remedy: 'add 443 to infra.network.outbound',
        },
  ]
  return {
    place: {
      fileSystem: id,
      cluster: outputOf(stack, 'CacheFillCluster'),
      taskDefinition,
      family: taskDefinition.replace(/^.*:task-definition\//, '').replace(/:\d+$/, ''),
      subnets: mounted,
      securityGroup: outputOf(stack, 'ServingSecurityGroupId'),
    },
    checks,
  }
}

function throughputCheck({ throughput, id }: FileSystem, plan: CachePlan, mend: string): Check {
  const name = 'throughput'
  if (throughput !== plan.throughput) {
    const detail = `${id} is ${throughput}; rampart.yml says ${plan.throughput}`
    return { name, result: 'fail', detail, remedy: mend }
  }
  if (throughput !== 'bursting') return { name, result: 'ok', detail: `${throughput}, as rampart.yml says` }
  return {
    name,
    result: 'warn',
    detail: 'bursting: a small file system is slow once its credits are gone',
    remedy: 'rampart cache status says when; infra.modelCache.throughput: elastic has no credits',
  }
}

/** The cache as it is, against rampart.yml. Rejects with kind `preflight` when there is none. */
export async function lookAtCache(
  { cache, stackName, plan, mend, stack: ask }: Omit<LookRequest, 'outbound'>,
  wanted: readonly CacheModel[],
  records: (fileSystem: string) => Promise<readonly CacheRecord[]>,
  now: number,
): Promise<CacheStatus> {
  const stack = await ask()
  const id = outputOf(stack, 'ModelCacheId')
  const [found, proved] = id === '' ? [undefined, []] : await Promise.all([cache.fileSystem(id), records(id)])
  if (found === undefined) {
    const what = stack === undefined ? `There is no stack ${stackName}.` : `The stack ${stackName} has no model cache.`
    throw new RampartError('preflight', what, { next: [mend] })
  }
  const models = compareModels(wanted, proved)
  const isKnown = models.length > 0 && models.every(({ state }) => state !== 'missing')
  const read = models.reduce((sum, one) => sum + (one.state === 'unwanted' ? 0 : (one.bytes ?? 0)), 0)
  const credits = found.throughput === 'bursting' ? await cache.burstCredits(id, now) : undefined
  return {
    fileSystem: id,
    state: found.state,
    bytes: found.bytes,
    throughput: found.throughput,
    wantedThroughput: plan.throughput,
    path: plan.path,
    burst: found.throughput === 'bursting' ? forecastBurst(found.bytes, isKnown ? read : undefined, credits) : null,
    mounts: found.mounts,
    unmounted: unmountedOf(subnetsOf(stack), found),
    models,
  }
}
