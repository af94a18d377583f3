import type { Cause } from '../domain/outcome.js'
import type { View } from './view.js'

/**
 * What went wrong, for a person who asks why: the rollout's own cause; where it went well, what its proof or its checks
 * found wrong with the release. Undefined when nothing has.
 */
export function likeliestCause(view: View): Cause | undefined {
  const found = view.rollout?.outcome === 'succeeded' ? undefined : view.cause
  return found ?? unprovedCause(view) ?? failedCheckCause(view)
}

/** Most targets fail a proof for the same reason: it is said once. */
function unprovedCause({ proof }: View): Cause | undefined {
  const missing = proof?.targets.filter(({ proved }) => !proved) ?? []
  const [first] = missing
  if (proof === undefined || first === undefined) return undefined
  const others = missing.filter(({ detail }) => detail !== first.detail)
  return {
    code: 'not-proved',
    summary: `${missing.length} of ${proof.total} targets are not proved: ${first.detail}`,
    evidence: others.map(({ target, detail }) => `${target}: ${detail}`),
    next: [`rampart logs --target ${first.target}`],
  }
}

function failedCheckCause({ checks }: View): Cause | undefined {
  const [first, ...others] = checks.filter(({ phase, result }) => phase === 'verify' && result === 'fail')
  if (first === undefined) return undefined
  const remedies = [first, ...others].flatMap(({ remedy }) => (remedy === undefined ? [] : [remedy]))
  return {
    code: 'check-failed',
    summary: `${first.name}: ${first.detail}`,
    evidence: others.map(({ name, detail }) => `${name}: ${detail}`),
    next: remedies.length > 0 ? remedies : [again],
  }
}

/** Where nobody knows what mends it, a person has to look; and what was rolled back serves nowhere. */
const again = 'look at it where it serves: rampart deploy --keep, then rampart verify'
