import type { Around } from './change.js'
import { tell } from './events.js'
import { kindOf } from './kinds/index.js'
import type { StackRecord, StackResource } from './stack.js'
import type { Step } from './steps.js'

/** A resource that a stack does not want any more. */
export interface Leftover {
  readonly resource: StackResource
  /** True when it stays in the account and only leaves the stack. */
  readonly keeps: boolean
}

/** What deletes them: each after all that needs it. */
export function deleteSteps(
  around: Pick<Around, 'world' | 'has' | 'call'>,
  stack: StackRecord,
  leftovers: readonly Leftover[],
): readonly Step[] {
  return leftovers.map(({ resource, keeps }): Step => {
    const { id, type, physicalId } = resource
    const kind = kindOf(type)
    const place = { ...around, stack: stack.name, tags: [], id }
    const say = (status: string, reason?: string): void =>
      tell(around.world, stack, { resource: id, physicalId, type, status, ...(reason !== undefined && { reason }) })
    const leave = (): void => {
      if (stack.resources.get(id)?.physicalId === physicalId) stack.resources.delete(id)
    }
    return {
      id,
      after: new Set(leftovers.filter((other) => other.resource.needs.has(id)).map((other) => other.resource.id)),
      begin() {
        if (keeps) {
          leave()
          say('DELETE_SKIPPED')
          return undefined
        }
        say('DELETE_IN_PROGRESS')
        kind.remove?.(place, resource)
        return kind.seconds / 2
      },
      settled: () => kind.gone?.(place, resource) ?? true,
      end() {
        leave()
        say('DELETE_COMPLETE')
      },
      fail: (reason) => say('DELETE_FAILED', reason),
    }
  })
}
