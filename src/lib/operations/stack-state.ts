import { RampartError } from '../errors/rampart-error.js'
import type { Stack, StackEvent } from '../ports/stacks.js'

/** What can be done with a stack, seen from its status. */
export type Standing = 'absent' | 'named' | 'ready' | 'busy' | 'stuck'

/** `named` is a stack that a change set was made for and never executed: it holds nothing. */
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html#cfn-console-view-stack-data-resources-status-codes
export function standingOf(stack: Stack | undefined): Standing {
  if (stack === undefined || stack.status === 'DELETE_COMPLETE') return 'absent'
  if (stack.status === 'REVIEW_IN_PROGRESS') return 'named'
  if (stack.status.endsWith('_IN_PROGRESS')) return 'busy'
  const { status } = stack
  const isStuck = status === 'ROLLBACK_COMPLETE' || (status.endsWith('_FAILED') && status !== 'UPDATE_FAILED')
  return isStuck ? 'stuck' : 'ready'
}

const failed = (event: StackEvent): boolean => event.status.endsWith('_FAILED')

/** The events of a stack's newest change alone. `stackName` is how the stack calls itself among its resources. */
export function ofNewestChange(events: readonly StackEvent[], stackName: string): readonly StackEvent[] {
  const begins = ({ resource, status }: StackEvent): boolean =>
    resource === stackName && /^(?:CREATE|UPDATE|DELETE|IMPORT)_IN_PROGRESS$/.test(status)
  const start = events.findLastIndex(begins)
  return start < 0 ? events : events.slice(start)
}

/** What failed first: what CloudFormation cancelled and undid afterwards are consequences. */
export const firstFailure = (events: readonly StackEvent[], stackName: string): StackEvent | undefined =>
  events.find((event) => failed(event) && event.resource !== stackName)

/** The resources whose rollback failed. */
const unrolled = (events: readonly StackEvent[], stackName: string): readonly StackEvent[] => {
  const turn = events.findLastIndex(({ status }) => status === 'UPDATE_ROLLBACK_IN_PROGRESS')
  return events.slice(turn + 1).filter((event) => failed(event) && event.resource !== stackName)
}

/** A failed resource and why, in one line. */
export const failureWords = ({ resource, resourceType, reason }: StackEvent): string =>
  `${resource} (${resourceType}): ${reason ?? 'CloudFormation gives no reason'}`

/** Why nothing can be done with a stack as it is, and the way out. */
export function stuck(stack: Stack, events: readonly StackEvent[], command: (words: string) => string): RampartError {
  const recent = ofNewestChange(events, stack.name)
  const cause = firstFailure(recent, stack.name)
  const problems = cause === undefined ? [] : [{ message: `It began with ${failureWords(cause)}` }]
  if (stack.status === 'UPDATE_ROLLBACK_FAILED') {
    const left = unrolled(recent, stack.name)
    const names = [...new Set(left.map(({ resource }) => resource))]
    return new RampartError(
      'preflight',
      `Stack ${stack.name} is UPDATE_ROLLBACK_FAILED: an update failed, and going back failed too. It takes no change until it has gone back.`,
      {
        problems: [...problems, ...left.map((one) => ({ message: `Going back stopped at ${failureWords(one)}` }))],
        next: [
          'mend what the reasons name (a thing that somebody deleted or changed by hand, a permission, a limit)',
          command('deploy --continue-rollback'),
          ...(names.length === 0
            ? []
            : [
                `${command('deploy --continue-rollback')} ${names.map((name) => `--skip ${name}`).join(' ')}`,
                'what is skipped is no longer as the template says: put it right by hand, then deploy again',
              ]),
        ],
      },
    )
  }
  if (stack.status === 'ROLLBACK_COMPLETE' || stack.status === 'CREATE_FAILED' || stack.status === 'ROLLBACK_FAILED') {
    return new RampartError(
      'preflight',
      `Stack ${stack.name} is ${stack.status}: it could not be made, and CloudFormation takes no other change of it than its end.`,
      { problems, next: [command('destroy'), command('deploy')] },
    )
  }
  return new RampartError('preflight', `Stack ${stack.name} is ${stack.status} and takes no change as it is.`, {
    problems,
    next: [command('destroy'), 'see what it still holds: aws cloudformation describe-stack-resources'],
  })
}
