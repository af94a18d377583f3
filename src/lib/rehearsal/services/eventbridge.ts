import * as sdk from '@aws-sdk/client-eventbridge'
import { paginate } from '../wire/pagination.js'
import { type RequestContext, type Service, ServiceError } from '../wire/service.js'
import type { EventRule } from '../world/monitoring/event-bus.js'
import { readPattern } from '../world/monitoring/event-pattern.js'
import type { World } from '../world/world.js'

const signingName = 'events'
const wire = { signingName, protocol: 'awsJson1_1' } as const

/** The rules of the default event bus. https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Operations.html */
export function createEventBridgeService(world: World): Service {
  const { state } = world
  const { region, accountId } = state.setup
  const ruleOf = (name: string | undefined, bus: string | undefined): EventRule => {
    checkBus(bus)
    const found = state.eventRules.find((rule) => rule.name === name)
    if (found === undefined) {
      throw new ServiceError('ResourceNotFoundException', `Rule ${name ?? ''} does not exist on EventBus default.`)
    }
    return found
  }
  const handlers = {
    PutRule: (input: sdk.PutRuleRequest, context: RequestContext): sdk.PutRuleResponse => {
      checkBus(input.EventBusName)
      const { Name: name = '', EventPattern: pattern, ScheduleExpression: schedule, State, Description } = input
      if (!/^[.\-_A-Za-z0-9]{1,64}$/.test(name))
        throw new ServiceError('ValidationException', 'Parameter Name is not valid.')
      if (pattern === undefined && schedule === undefined) {
        const words = 'Parameter(s) EventPattern or ScheduleExpression must be specified.'
        throw new ServiceError('ValidationException', words)
      }
      const read = pattern === undefined ? undefined : readPattern(pattern)
      if (typeof read === 'string') throw new ServiceError('InvalidEventPatternException', read)
      const found = state.eventRules.find((rule) => rule.name === name)
      const rule: EventRule = found ?? {
        name,
        arn: `arn:aws:events:${region}:${accountId}:rule/${name}`,
        createdBy: context.accountId,
        description: undefined,
        pattern: undefined,
        schedule: undefined,
        state: 'ENABLED',
        targets: [],
        tags: (input.Tags ?? []).map(({ Key = '', Value = '' }) => ({ Key, Value })),
      }
      // What a call leaves out is gone afterwards; tags alone are those of the first call.
      Object.assign(rule, { pattern, schedule, description: Description })
      rule.state = State === 'DISABLED' ? 'DISABLED' : 'ENABLED'
      if (found === undefined) state.eventRules.push(rule)
      return { RuleArn: rule.arn }
    },

    PutTargets: (input: sdk.PutTargetsRequest): sdk.PutTargetsResponse => {
      const rule = ruleOf(input.Rule, input.EventBusName)
      for (const { Id = '', Arn = '' } of input.Targets ?? []) {
        rule.targets = [...rule.targets.filter((target) => target.Id !== Id), { Id, Arn }]
      }
      return { FailedEntryCount: 0, FailedEntries: [] }
    },

    RemoveTargets: (input: sdk.RemoveTargetsRequest): sdk.RemoveTargetsResponse => {
      const rule = ruleOf(input.Rule, input.EventBusName)
      rule.targets = rule.targets.filter(({ Id }) => !(input.Ids ?? []).includes(Id))
      return { FailedEntryCount: 0, FailedEntries: [] }
    },

    ListRules: (input: sdk.ListRulesRequest): sdk.ListRulesResponse => {
      checkBus(input.EventBusName)
      const page = paginate(wire, {
        operation: 'ListRules',
        items: state.eventRules.filter(({ name }) => name.startsWith(input.NamePrefix ?? '')),
        limit: input.Limit ?? 100,
        token: input.NextToken,
        keyOf: ({ name }) => name,
        boundTo: input.NamePrefix,
      })
      return { Rules: page.items.map(describeRule), NextToken: page.nextToken }
    },

    ListTargetsByRule: (input: sdk.ListTargetsByRuleRequest): sdk.ListTargetsByRuleResponse => {
      const { targets, name } = ruleOf(input.Rule, input.EventBusName)
      const page = paginate(wire, {
        operation: 'ListTargetsByRule',
        items: targets,
        limit: input.Limit ?? 100,
        token: input.NextToken,
        keyOf: ({ Id }) => Id,
        boundTo: name,
      })
      return { Targets: [...page.items], NextToken: page.nextToken }
    },

    DescribeRule: (input: sdk.DescribeRuleRequest): sdk.DescribeRuleResponse => {
      const rule = ruleOf(input.Name, input.EventBusName)
      return { ...describeRule(rule), CreatedBy: rule.createdBy }
    },

    ListTagsForResource: (input: sdk.ListTagsForResourceRequest): sdk.ListTagsForResourceResponse => {
      const found = state.eventRules.find(({ arn }) => arn === input.ResourceARN)
      if (found === undefined) {
        const name = (input.ResourceARN ?? '').split('/').at(-1) ?? ''
        throw new ServiceError('ResourceNotFoundException', `Rule ${name} does not exist on EventBus default.`)
      }
      return { Tags: [...found.tags] }
    },

    DeleteRule: (input: sdk.DeleteRuleRequest): void => {
      checkBus(input.EventBusName)
      const at = state.eventRules.findIndex(({ name }) => name === input.Name)
      if (at < 0) return
      if ((state.eventRules[at]?.targets.length ?? 0) > 0) {
        throw new ServiceError('ValidationException', "Rule can't be deleted since it has targets.")
      }
      state.eventRules.splice(at, 1)
    },
  }
  return { signingName, protocol: 'awsJson1_1', target: 'AWSEvents', sdk, handlers }
}

function checkBus(bus: string | undefined): void {
  if (bus === undefined || bus === 'default') return
  throw new ServiceError('ResourceNotFoundException', `Event bus ${bus} does not exist.`)
}

function describeRule({ name, arn, pattern, schedule, state, description }: EventRule): sdk.Rule {
  return {
    Name: name,
    Arn: arn,
    ...(pattern !== undefined && { EventPattern: pattern }),
    ...(schedule !== undefined && { ScheduleExpression: schedule }),
    ...(description !== undefined && { Description: description }),
    State: state,
    EventBusName: 'default',
  }
}
