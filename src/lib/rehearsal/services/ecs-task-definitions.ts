import type * as sdk from '@aws-sdk/client-ecs'
import { deregisterTaskDefinition, findTaskDefinition, registerTaskDefinition } from '../world/ecs/task-definitions.js'
import type { WorldState } from '../world/state.js'
import { paginate } from '../wire/pagination.js'
import { type RequestContext, ServiceError } from '../wire/service.js'
import { describeTaskDefinition } from './ecs-describe.js'

const wire = { signingName: 'ecs', protocol: 'awsJson1_1' } as const

/** How a handler is made to see the world as it is at the request's time. */
export type AtRequest = <I, O>(
  handle: (input: I, context: RequestContext) => O,
) => (input: I, context: RequestContext) => O

/** The operations on task definitions. */
export function taskDefinitionHandlers(state: WorldState, now: AtRequest) {
  return {
    RegisterTaskDefinition: now(
      (input: sdk.RegisterTaskDefinitionRequest, context): sdk.RegisterTaskDefinitionResponse => {
        const record = registerTaskDefinition(state, input, `arn:aws:iam::${context.accountId}:user/rehearsal`)
        return { taskDefinition: describeTaskDefinition(record), tags: [...record.tags] }
      },
    ),

    DescribeTaskDefinition: now((input: sdk.DescribeTaskDefinitionRequest): sdk.DescribeTaskDefinitionResponse => {
      const record = findTaskDefinition(state, input.taskDefinition ?? '')
      if (record === undefined) throw new ServiceError('ClientException', 'Unable to describe task definition.')
      return {
        taskDefinition: describeTaskDefinition(record),
        ...(input.include?.includes('TAGS') === true && { tags: [...record.tags] }),
      }
    }),

    DeregisterTaskDefinition: now(
      (input: sdk.DeregisterTaskDefinitionRequest): sdk.DeregisterTaskDefinitionResponse => ({
        taskDefinition: describeTaskDefinition(deregisterTaskDefinition(state, input.taskDefinition ?? '')),
      }),
    ),

    ListTaskDefinitions: now((input: sdk.ListTaskDefinitionsRequest): sdk.ListTaskDefinitionsResponse => {
      const { familyPrefix, status = 'ACTIVE', sort = 'ASC' } = input
      // The "prefix" is the whole name of a family.
      const sorted = state.ecs.definitions
        .filter((each) => each.status === status && (familyPrefix ?? each.family) === each.family)
        .toSorted((a, b) => (a.family < b.family ? -1 : a.family > b.family ? 1 : a.revision - b.revision))
        .map(({ arn }) => arn)
      const page = paginate(wire, {
        operation: 'ListTaskDefinitions',
        items: sort === 'DESC' ? sorted.toReversed() : sorted,
        limit: input.maxResults ?? 100,
        token: input.nextToken,
        keyOf: (arn) => arn,
        boundTo: [familyPrefix, status, sort],
      })
      return { taskDefinitionArns: [...page.items], nextToken: page.nextToken }
    }),

    ListTaskDefinitionFamilies: now(
      (input: sdk.ListTaskDefinitionFamiliesRequest): sdk.ListTaskDefinitionFamiliesResponse => {
        const { familyPrefix = '', status = 'ACTIVE' } = input
        const active = new Set(
          state.ecs.definitions.filter((each) => each.status === 'ACTIVE').map(({ family }) => family),
        )
        const families = [...new Set(state.ecs.definitions.map(({ family }) => family))]
          .filter((family) => family.startsWith(familyPrefix))
          .filter((family) => status === 'ALL' || active.has(family) === (status === 'ACTIVE'))
          .toSorted()
        const page = paginate(wire, {
          operation: 'ListTaskDefinitionFamilies',
          items: families,
          limit: input.maxResults ?? 100,
          token: input.nextToken,
          keyOf: (family) => family,
          boundTo: [familyPrefix, status],
        })
        return { families: [...page.items], nextToken: page.nextToken }
      },
    ),
  }
}
