import type { Target, TargetHealth } from '../domain/target.js'
import type { TargetHealthDescription } from '../ports/auto-scaling.js'

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

/** What the load balancer says of a target that is to be in so many target groups: the worst of what they say. */
export function healthOfTarget(
  watchers: number,
  seen: readonly TargetHealthDescription[],
): Pick<Target, 'health' | 'reason'> {
  const rank = (one: TargetHealthDescription): number => severity.indexOf(health(one.state))
  const worst = seen.toSorted((a, b) => rank(a) - rank(b))[0]
  // In only some of its target groups: what the others would send goes nowhere.
  const registered = seen.length >= watchers
  if (worst === undefined || (!registered && health(worst.state) === 'healthy')) {
    const missing = watchers - seen.length
    return { health: 'unused', reason: `not registered with ${missing} of ${watchers} target groups` }
  }
  const reason = [worst.reason, worst.description].filter((part) => part !== undefined && part !== '').join(': ')
  return { health: health(worst.state), ...(reason !== '' && { reason }) }
}
