import type { RunContext } from './run.js'
import type { Stack, StackEvent, Stacks } from '../ports/stacks.js'
import { ofNewestChange } from './stack-state.js'

const pace = 5000

/** How a change of a stack ended. */
export interface StackEnd {
  /** Undefined when it is gone. */
  readonly stack: Stack | undefined
  readonly status: string
  readonly events: readonly StackEvent[]
}

/**
 * Tells what CloudFormation does with a stack until it is done: `stack.changed` for each of its events, once.
 * `after` is the last event before; left out, those of the newest change are told from its beginning.
 */
export async function followStack(
  stacks: Stacks,
  { stack, after }: { readonly stack: Stack; readonly after?: string | undefined },
  { clock, emit, signal }: RunContext,
): Promise<StackEnd> {
  const all: StackEvent[] = []
  let last = after
  for (;;) {
    // First the stack, then its events: when it is done, all of them are there.
    const now = await stacks.describe(stack.id)
    const found = await stacks.events(stack.id, last)
    const fresh = last === undefined ? ofNewestChange(found, stack.name) : found
    for (const { resource, resourceType, status, reason } of fresh) {
      emit({
        type: 'stack.changed',
        stack: stack.name,
        resource,
        resourceType,
        status,
        ...(reason !== undefined && { reason }),
      })
    }
    all.push(...fresh)
    last = found.at(-1)?.id ?? last
    const status = now?.status ?? 'DELETE_COMPLETE'
    if (!status.endsWith('_IN_PROGRESS') || status === 'REVIEW_IN_PROGRESS') {
      return { stack: now, status, events: all }
    }
    await clock.sleep(pace, signal)
  }
}
