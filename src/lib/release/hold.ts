import type { Parameters } from '../ports/parameters.js'
import { holdName, type Place } from './paths.js'

/** Why nothing may be deployed to an environment until somebody says so. */
export interface Hold {
  readonly reason: string
  readonly by: string
  /** ISO 8601. */
  readonly at: string
}

/** The hold of an environment; undefined when there is none. What can not be read holds too: it was put there for a reason. */
export async function readHold(parameters: Parameters, place: Place): Promise<Hold | undefined> {
  const found = await parameters.get(holdName(place))
  if (found === undefined) return undefined
  const at = new Date(found.modifiedAt).toISOString()
  try {
    const { reason, by } = JSON.parse(found.value) as Partial<Hold>
    return { reason: reason ?? found.value, by: by ?? 'unknown', at }
  } catch {
    return { reason: found.value, by: 'unknown', at }
  }
}

/** Holds every deploy to the environment. */
export function hold(parameters: Parameters, place: Place, value: Hold): Promise<void> {
  return parameters.put(holdName(place), JSON.stringify(value))
}

/** Lets deploys go on. */
export function releaseHold(parameters: Parameters, place: Place): Promise<void> {
  return parameters.remove(holdName(place))
}
