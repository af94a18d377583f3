import type { RolloutOutcome } from '../../domain/outcome.js'
import type { ListedRollout } from '../driver.js'
import { deploymentId, isActive, outcomeOf } from './deployments.js'
import { revisionOf } from './parts.js'
import type { Listed } from './records.js'

/**
 * Deployments of several services that belong together, oldest first. ECS knows of no such thing: a chain goes through
 * the services in the order of the rollout, each begun soon after the one before had succeeded; after a failure those
 * that were moved before it go back.
 */
export type Chain = readonly [Listed, ...Listed[]]

/** Longer than the mover is ever blind between the end of one deployment and the beginning of the next. */
const gap = 15 * 60_000

const succeeded = ({ deployment }: Listed): boolean => deployment.status === 'SUCCESSFUL'

/** True for an earlier task definition of the same family, and for one of any other. */
function isOlder(part: string, than: string): boolean {
  const [[family, number], [otherFamily, otherNumber]] = [part.split(':'), than.split(':')]
  return family !== otherFamily || Number(number) < Number(otherNumber)
}

function continues(chain: Chain, one: Listed): boolean {
  const last = chain.at(-1) ?? chain[0]
  if (isActive(last.deployment.status)) return false
  if (one.deployment.createdAt - (last.deployment.finishedAt ?? one.deployment.createdAt) > gap) return false
  const own = chain.filter((member) => member.index === one.index)
  const [known] = own
  if (chain.some((member) => !succeeded(member))) {
    // Each goes back once; what comes then, or goes to something newer, is another rollout.
    return known !== undefined && own.length === 1 && succeeded(known) && isOlder(one.part, known.part)
  }
  return known === undefined && chain.every((member) => member.index < one.index)
}

/** All deployments of a cluster's services, oldest first, as chains, oldest first. */
export function chainsOf(listed: readonly Listed[]): readonly Chain[] {
  const chains: [Listed, ...Listed[]][] = []
  for (const one of listed) {
    const chain = chains.at(-1)
    if (chain !== undefined && continues(chain, one)) chain.push(one)
    else chains.push([one])
  }
  return chains
}

/** The deployments of a chain that moved it forward, one for each service that it moved. */
export function forwardOf(chain: Chain): readonly Listed[] {
  return chain.filter((one, place) => chain.findIndex((other) => other.index === one.index) === place)
}

/** True for a deployment that takes its service back, because another one of the same rollout has failed. */
export function isReturn(listed: readonly Listed[], one: Listed): boolean {
  const chain = chainsOf(listed).find((each) => each.includes(one))
  return chain !== undefined && !forwardOf(chain).includes(one)
}

/** How a chain ended; undefined while it runs, or while services that were moved have not gone back. */
export function outcomeOfChain(chain: Chain): RolloutOutcome | undefined {
  if (chain.some(({ deployment }) => isActive(deployment.status))) return undefined
  const forward = forwardOf(chain)
  const failing = forward.find((one) => !succeeded(one))
  if (failing === undefined) return 'succeeded'
  const outcome = outcomeOf(failing.deployment.status)
  if (outcome !== 'rolled-back') return outcome
  const returned = forward
    .filter(succeeded)
    .every((one) => chain.some((other) => other.index === one.index && other !== one && succeeded(other)))
  return returned ? 'rolled-back' : 'failed'
}

/** A chain as anybody can come upon it; `otherwise` are the parts of services that it does not move. */
export function listedChain(cluster: string, chain: Chain, otherwise: readonly string[]): ListedRollout {
  const forward = forwardOf(chain)
  const parts = otherwise.map((part, index) => forward.find((one) => one.index === index)?.part ?? part)
  const last = chain.at(-1) ?? chain[0]
  const leading = chain.find((one) => isActive(one.deployment.status)) ?? forward.find((one) => !succeeded(one)) ?? last
  const outcome = outcomeOfChain(chain)
  const endedAt = Math.max(...chain.map(({ deployment }) => deployment.finishedAt ?? 0))
  const { status, statusReason } = leading.deployment
  return {
    handle: { id: deploymentId(chain[0].deployment.arn), startedAt: chain[0].deployment.createdAt, attached: true },
    revision: revisionOf(cluster, parts),
    status,
    ...(outcome !== undefined && { outcome, endedAt }),
    ...(statusReason !== undefined && { reason: statusReason }),
  }
}
