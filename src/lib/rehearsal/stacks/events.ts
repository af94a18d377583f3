import type { WorldState } from '../world/state.js'
import type { StackEventRecord, StackRecord } from './stack.js'

type Told = Pick<StackEventRecord, 'resource' | 'physicalId' | 'type' | 'status'> & { readonly reason?: string }

function add(world: WorldState, stack: StackRecord, told: Told): StackEventRecord {
  const uuid = world.random.uuid()
  const event: StackEventRecord = {
    ...told,
    id: told.resource === stack.name ? uuid : `${told.resource}-${told.status}-${uuid}`,
    at: world.now,
    reason: told.reason,
    token: stack.token,
  }
  stack.events.push(event)
  return event
}

/** What becomes of one resource, as an event and as its newest state. */
export function tell(world: WorldState, stack: StackRecord, told: Told): void {
  stack.states.set(told.resource, add(world, stack, told))
}

/** The stack's own status, with an event. */
export function turn(world: WorldState, stack: StackRecord, status: string, reason?: string): void {
  stack.status = status
  stack.reason = reason
  stack.updatedAt = world.now
  add(world, stack, {
    resource: stack.name,
    physicalId: stack.arn,
    type: 'AWS::CloudFormation::Stack',
    status,
    ...(reason !== undefined && { reason }),
  })
}
