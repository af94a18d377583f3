import type { Cause } from '../../domain/outcome.js'
import type { Target } from '../../domain/target.js'

/** What of a group a refresh does not replace by itself. */
export interface Held {
  readonly group: string
  /** The refresh's own reason. */
  readonly reason: string | undefined
  /** Instances that are protected from scale-in. */
  readonly protectedIds: readonly string[]
  readonly targets: readonly Target[]
}

const most = 5
const names = (ids: readonly string[]): string =>
  `${ids.slice(0, most).join(', ')}${ids.length > most ? ` and ${ids.length - most} more` : ''}`

// AWS's words for these are not documented, so that the instances themselves are asked as well.
const saysProtected = /\bprotect/i
const saysStandby = /\bstandby\b/i

/**
 * The instances that a person has taken out of the refresh's reach: by default it waits for them for an hour and then
 * fails. Only when nothing else is left to replace, or the refresh says so itself.
 * https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_RefreshPreferences.html
 */
export function blockedCause({ group, reason = '', protectedIds, targets }: Held): Cause | undefined {
  const old = targets.filter(({ isNew, lifecycle }) => !isNew && !lifecycle.startsWith('Terminat'))
  const shielded = old.filter(({ id }) => protectedIds.includes(id)).map(({ id }) => id)
  const standby = old.filter(({ lifecycle }) => lifecycle === 'Standby').map(({ id }) => id)
  const alone = old.length > 0 && old.every(({ id }) => shielded.includes(id) || standby.includes(id))
  const evidence = reason === '' ? [] : [reason]
  if (shielded.length > 0 && (saysProtected.test(reason) || alone)) {
    return {
      code: 'protected-instance',
      summary: `The refresh waits for ${names(shielded)}: protected from scale-in.`,
      evidence,
      next: [
        `aws autoscaling set-instance-protection --auto-scaling-group-name ${group} --instance-ids ${shielded.slice(0, most).join(' ')} --no-protected-from-scale-in`,
      ],
    }
  }
  if (standby.length > 0 && (saysStandby.test(reason) || alone)) {
    return {
      code: 'standby-instance',
      summary: `The refresh waits for ${names(standby)}: in Standby.`,
      evidence,
      next: [
        `aws autoscaling exit-standby --auto-scaling-group-name ${group} --instance-ids ${standby.slice(0, most).join(' ')}`,
      ],
    }
  }
  return undefined
}
