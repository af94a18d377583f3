import type * as sdk from '@aws-sdk/client-ecs'
import { findService, findTask } from '../world/ecs/find.js'
import { findTaskDefinition } from '../world/ecs/task-definitions.js'
import type { WorldState } from '../world/state.js'
import { ServiceError } from '../wire/service.js'
import type { AtRequest } from './ecs-task-definitions.js'

interface Tagged {
  tags: readonly sdk.Tag[]
}

/** The operations on the tags of clusters, services, tasks and task definitions. */
export function tagHandlers(state: WorldState, now: AtRequest) {
  return {
    TagResource: now((input: sdk.TagResourceRequest): sdk.TagResourceResponse => {
      const resource = tagged(state, input.resourceArn ?? '')
      const given = input.tags ?? []
      const keys = new Set(given.map(({ key }) => key))
      const tags = [...resource.tags.filter(({ key }) => !keys.has(key)), ...given]
      if (tags.length > 50) throw new ServiceError('InvalidParameterException', 'A resource can have at most 50 tags.')
      resource.tags = tags
      return {}
    }),

    UntagResource: now((input: sdk.UntagResourceRequest): sdk.UntagResourceResponse => {
      const resource = tagged(state, input.resourceArn ?? '')
      resource.tags = resource.tags.filter(({ key }) => !(input.tagKeys ?? []).includes(key ?? ''))
      return {}
    }),

    ListTagsForResource: now((input: sdk.ListTagsForResourceRequest): sdk.ListTagsForResourceResponse => ({
      tags: [...tagged(state, input.resourceArn ?? '').tags],
    })),
  }
}

function tagged(state: WorldState, arn: string): Tagged {
  const kind = /^arn:[\w-]+:ecs:[\w-]+:\d{12}:([a-z-]+)\//.exec(arn)?.[1]
  const found: Tagged | undefined =
    kind === 'cluster' && state.ecs.cluster?.arn === arn
      ? state.ecs.cluster
      : kind === 'service'
        ? findService(state, arn)
        : kind === 'task'
          ? findTask(state, arn)
          : kind === 'task-definition'
            ? findTaskDefinition(state, arn)
            : undefined
  if (found !== undefined) return found
  throw new ServiceError(
    'InvalidParameterException',
    `The specified ${kind?.replace('-', ' ') ?? 'resource'} does not exist. Specify a valid ARN and try again.`,
  )
}
