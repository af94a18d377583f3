import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type PageRequest, paginate } from '../../../src/lib/rehearsal/wire/pagination.js'

const autoScaling = { protocol: 'awsQuery', signingName: 'autoscaling' } as const

const page = (request: Partial<PageRequest<string>> & Pick<PageRequest<string>, 'items'>) =>
  paginate(autoScaling, { operation: 'DescribeAutoScalingGroups', limit: 2, token: undefined, ...request })

const keyOf = (item: string): string => item

describe('a listing', () => {
  test('is read whole and once, page by page, whatever the size of a page', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.integer({ min: 1, max: 10 }), (items, limit) => {
        const seen: string[] = []
        let token: string | undefined
        do {
          const { items: some, nextToken } = page({ items, limit, token })
          expect(some.length).toBeLessThanOrEqual(limit)
          seen.push(...some)
          token = nextToken
        } while (token !== undefined)
        expect(seen).toEqual(items)
      }),
    )
  })

  test('that fits has no token', () => {
    expect(page({ items: ['a', 'b'] })).toEqual({ items: ['a', 'b'], nextToken: undefined })
    expect(page({ items: [] })).toEqual({ items: [], nextToken: undefined })
  })

  test('goes on after the last item seen, though others came before it or went', () => {
    const { nextToken: token } = page({ items: ['c', 'b', 'a'], keyOf })
    expect(page({ items: ['e', 'd', 'c', 'b', 'a'], keyOf, token })).toMatchObject({ items: ['a'] })
    expect(page({ items: ['c', 'a', 'z'], keyOf, token })).toMatchObject({ items: ['z'] })
    expect(page({ items: ['c'], keyOf, token })).toEqual({ items: [], nextToken: undefined })
  })
})

describe('a token', () => {
  const items = ['a', 'b', 'c']
  const { nextToken: token = '' } = page({ items })

  test('says nothing of what it holds for', () => {
    expect(token).toMatch(/^[\w-]+$/)
  })

  test.each([
    ['of another operation', { operation: 'DescribeInstanceRefreshes', token }],
    ['of the same operation with another request', { boundTo: ['other'], token }],
    ['that was never given out', { token: 'x' }],
    ['that is empty', { token: '' }],
    ['that was changed', { token: `${token.slice(0, -2)}AA` }],
  ])('%s is refused', (_name, request) => {
    expect(() => page({ items, ...request })).toThrow(
      expect.objectContaining({ code: 'InvalidNextToken', message: 'The NextToken value is not valid.' }),
    )
  })

  test.each([
    ['awsQuery', 'elasticloadbalancing', 'ValidationError'],
    ['ec2Query', 'ec2', 'InvalidParameterValue'],
    ['awsJson1_1', 'ecr', 'InvalidParameterException'],
    ['awsJson1_1', 'logs', 'InvalidParameterException'],
    ['awsJson1_0', 'monitoring', 'InvalidNextToken'],
  ] as const)('is refused over %s by %s as %s', (protocol, signingName, code) => {
    const request = { operation: 'Describe', items, limit: 1, token: 'x' }
    expect(() => paginate({ protocol, signingName }, request)).toThrow(expect.objectContaining({ code, status: 400 }))
  })
})

describe('the size of a page', () => {
  const ec2 = { protocol: 'ec2Query', signingName: 'ec2' } as const
  const elb = { protocol: 'awsQuery', signingName: 'elasticloadbalancing' } as const
  const logs = { protocol: 'awsJson1_1', signingName: 'logs' } as const
  const tooLarge =
    "Value '101' at 'maxRecords' failed to satisfy constraint: Member must have value less than or equal to 100"

  test.each([
    [autoScaling, 'DescribeInstanceRefreshes', 101, 'ValidationError', `1 validation error detected: ${tooLarge}`],
    [
      ec2,
      'DescribeInstances',
      4,
      'InvalidParameterValue',
      'Value ( 4 ) for parameter maxResults is invalid. Expecting a value greater than 5.',
    ],
    [
      elb,
      'DescribeTargetGroups',
      0,
      'ValidationError',
      "1 validation error detected: Value '0' at 'pageSize' failed to satisfy constraint: Member must have value greater than or equal to 1",
    ],
    [
      logs,
      'DescribeLogStreams',
      51,
      'InvalidParameterException',
      "1 validation error detected: Value '51' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 50",
    ],
  ])('of %j %s may not be %i', (service, operation, limit, code, message) => {
    const request = { operation, items: [], limit, token: undefined }
    expect(() => paginate(service, request)).toThrow(expect.objectContaining({ code, message }))
  })

  test('is free within its bounds, and where there are none', () => {
    const items = Array.from({ length: 7 }, (_, index) => index)
    expect(paginate(ec2, { operation: 'DescribeInstances', items, limit: 5, token: undefined }).items).toHaveLength(5)
    expect(paginate(ec2, { operation: 'toString', items, limit: 7, token: undefined }).items).toHaveLength(7)
  })
})
