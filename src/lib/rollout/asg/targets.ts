import type { Target, TargetHealth } from '../../domain/target.js'
import type { AutoScalingGroup, TargetHealthDescription } from '../../ports/auto-scaling.js'

const states: ReadonlySet<string> = new Set(['healthy', 'unhealthy', 'initial', 'draining', 'unused', 'unavailable'])
/** The worst first: a target is as healthy as the worst of its target groups says. */
const severity: readonly TargetHealth[] = [
  'unhealthy',
  'unavailable',
  'draining',
  'initial',
  'unused',
  'healthy',
  'none',
]

const health = (state: string): TargetHealth => {
  // `unhealthy.draining` is unhealthy to us as it is to clients.
  const word = state.split('.')[0] ?? ''
  return states.has(word) ? (word as TargetHealth) : 'unavailable'
}

/** The group's instances as targets, with what its target groups say of them. */
export function targetsOf(
  group: AutoScalingGroup,
  healths: readonly TargetHealthDescription[],
  revision: string,
): readonly Target[] {
  return group.instances.map((instance) => {
    const seen = healths
      .filter((one) => one.targetId === instance.id)
      .sort((a, b) => severity.indexOf(health(a.state)) - severity.indexOf(health(b.state)))[0]
    const reason = [seen?.reason, seen?.description].filter((part) => part !== undefined && part !== '').join(': ')
    return {
      id: instance.id,
      zone: instance.zone,
      lifecycle: instance.lifecycleState,
      health: seen === undefined ? (group.targetGroupArns.length === 0 ? 'none' : 'unused') : health(seen.state),
      ...(reason !== '' && { reason }),
      revision: instance.launchTemplate?.version ?? '',
      isNew: instance.launchTemplate?.version === revision,
    }
  })
}
