import type { Activity, WorldState } from './state.js'

/** `At 2026-11-22T02:25:43Z …`, as the causes of scaling activities begin. */
export function at(world: WorldState, text: string): string {
  return `At ${new Date(world.now).toISOString().replace(/\.\d+Z$/, 'Z')} ${text}`
}

/** Begins a scaling activity. */
export function recordActivity(
  world: WorldState,
  statusCode: Activity['statusCode'],
  description: string,
  cause: string,
  zone: string,
): Activity {
  const activity: Activity = {
    id: world.random.uuid(),
    startTime: world.now,
    endTime: undefined,
    statusCode,
    statusMessage: undefined,
    description,
    cause,
    details: JSON.stringify({ 'Subnet ID': `subnet-0${zone.slice(-1).repeat(16)}`, 'Availability Zone': zone }),
  }
  world.activities.push(activity)
  return activity
}

/** Ends a scaling activity well. */
export function finishActivity(world: WorldState, activity: Activity): void {
  activity.statusCode = 'Successful'
  activity.endTime = world.now
}
