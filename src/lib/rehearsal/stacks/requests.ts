import type { ContinueUpdateRollbackInput, DeleteStackInput } from '@aws-sdk/client-cloudformation'
import { deleteSteps, type Leftover } from './remove.js'
import { goBack } from './change.js'
import { runSteps } from './steps.js'
import type { StackStore } from './store.js'
import { turn } from './events.js'
import { invalid } from './template.js'

/** Deletes a stack; one that is not there is deleted already. @throws ServiceError ValidationError. */
export function deleteStack(
  store: StackStore,
  { StackName = '', ClientRequestToken, RetainResources = [] }: DeleteStackInput,
): void {
  const stack = store.find(StackName)
  if (stack === undefined || stack.status === 'DELETE_COMPLETE' || stack.status === 'DELETE_IN_PROGRESS') return
  if (stack.status === 'REVIEW_IN_PROGRESS') {
    store.drop(stack)
    return
  }
  if (stack.status.endsWith('_IN_PROGRESS')) {
    throw invalid(`Stack [${stack.arn}] cannot be deleted while in status ${stack.status}`)
  }
  const { world } = store
  stack.token = ClientRequestToken
  turn(world, stack, 'DELETE_IN_PROGRESS', 'User Initiated')
  const leftovers = [...stack.resources.values()].map((resource): Leftover => ({
    resource,
    keeps: resource.keepsWhenDeleted || RetainResources.includes(resource.id),
  }))
  runSteps(world, deleteSteps(store, stack, leftovers), 'goOn', (failed) => {
    if (failed.length > 0) {
      turn(world, stack, 'DELETE_FAILED', `The following resource(s) failed to delete: [${failed.join(', ')}]. `)
      return
    }
    stack.deletedAt = world.now
    stack.outputs = []
    turn(world, stack, 'DELETE_COMPLETE')
  })
}

/** Goes on with a rollback that failed, without the resources to skip. @throws ServiceError ValidationError. */
export function continueRollback(
  store: StackStore,
  { StackName = '', ResourcesToSkip = [], ClientRequestToken }: ContinueUpdateRollbackInput,
): void {
  const stack = store.require(StackName)
  if (stack.status !== 'UPDATE_ROLLBACK_FAILED') {
    throw invalid(`Stack:${stack.arn} is in ${stack.status} state and can not continue update rollback.`)
  }
  const failed = new Set(stack.unfinished.map(({ id }) => id))
  const strange = ResourcesToSkip.filter((id) => stack.states.get(id)?.status !== 'UPDATE_FAILED')
  if (strange.length > 0) {
    throw invalid(
      `[${strange.join(', ')}] cannot be skipped: only resources that are in the UPDATE_FAILED state because a rollback failed can be.`,
    )
  }
  stack.token = ClientRequestToken
  turn(store.world, stack, 'UPDATE_ROLLBACK_IN_PROGRESS', 'User Initiated')
  goBack(store, stack, stack.unfinished, [...failed], ResourcesToSkip)
}
