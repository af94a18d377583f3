import { describe, expect, test } from 'vitest'
import { formatError } from '../../src/lib/errors/format.js'
import { firstFailure, ofNewestChange, standingOf, stuck } from '../../src/lib/operations/stack-state.js'
import type { Stack, StackEvent } from '../../src/lib/ports/stacks.js'

const stackOf = (status: string): Stack => ({ name: 'shop', id: 'arn:shop', status, parameters: {}, outputs: [] })

let count = 0
const event = (resource: string, status: string, reason?: string): StackEvent => ({
  id: `e${(count += 1)}`,
  time: count,
  resource,
  physicalId: resource,
  resourceType: resource === 'shop' ? 'AWS::CloudFormation::Stack' : 'AWS::Thing',
  status,
  ...(reason !== undefined && { reason }),
})

const command = (words: string): string => `rampart infra ${words}`

describe('what can be done with a stack', () => {
  test.each([
    ['CREATE_COMPLETE', 'ready'],
    ['UPDATE_COMPLETE', 'ready'],
    ['UPDATE_ROLLBACK_COMPLETE', 'ready'],
    ['UPDATE_FAILED', 'ready'],
    ['REVIEW_IN_PROGRESS', 'named'],
    ['CREATE_IN_PROGRESS', 'busy'],
    ['UPDATE_COMPLETE_CLEANUP_IN_PROGRESS', 'busy'],
    ['ROLLBACK_COMPLETE', 'stuck'],
    ['UPDATE_ROLLBACK_FAILED', 'stuck'],
    ['DELETE_FAILED', 'stuck'],
    ['DELETE_COMPLETE', 'absent'],
  ])('%s is %s', (status, standing) => {
    expect(standingOf(stackOf(status))).toBe(standing)
  })

  test('without one, all', () => {
    expect(standingOf(undefined)).toBe('absent')
  })
})

const history = [
  event('shop', 'CREATE_IN_PROGRESS'),
  event('Old', 'CREATE_FAILED', 'of another time'),
  event('shop', 'CREATE_COMPLETE'),
  event('shop', 'UPDATE_IN_PROGRESS', 'User Initiated'),
  event('Service', 'UPDATE_FAILED', 'the circuit breaker was triggered'),
  event('Alarm', 'UPDATE_FAILED', 'Resource update cancelled'),
  event('shop', 'UPDATE_ROLLBACK_IN_PROGRESS'),
  event('Service', 'UPDATE_FAILED', 'the old image is gone'),
  event('shop', 'UPDATE_ROLLBACK_FAILED'),
]

test('the first failure of the newest change is the cause', () => {
  expect(ofNewestChange(history, 'shop')).toHaveLength(6)
  expect(firstFailure(ofNewestChange(history, 'shop'), 'shop')?.reason).toBe('the circuit breaker was triggered')
})

test('a rollback that failed is explained, with the way out', () => {
  expect(formatError(stuck(stackOf('UPDATE_ROLLBACK_FAILED'), history, command))).toBe(
    `Error: Stack shop is UPDATE_ROLLBACK_FAILED: an update failed, and going back failed too. It takes no change until it has gone back.
  It began with Service (AWS::Thing): the circuit breaker was triggered
  Going back stopped at Service (AWS::Thing): the old image is gone
Next:
  mend what the reasons name (a thing that somebody deleted or changed by hand, a permission, a limit)
  rampart infra deploy --continue-rollback
  rampart infra deploy --continue-rollback --skip Service
  what is skipped is no longer as the template says: put it right by hand, then deploy again`,
  )
})

test('a stack that could not be made has to go first', () => {
  const error = stuck(stackOf('ROLLBACK_COMPLETE'), history, command)
  expect([error.kind, error.next]).toEqual(['preflight', ['rampart infra destroy', 'rampart infra deploy']])
})
