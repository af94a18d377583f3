import { randomUUID } from 'node:crypto'
import * as sdk from '@aws-sdk/client-cloudformation'
import { changeSetHandlers } from '../stacks/change-sets.js'
import { describeEvent, describeResource, describeStack, summaryOf } from '../stacks/describe.js'
import { checkTypes } from '../stacks/kinds/index.js'
import { orderOf } from '../stacks/graph.js'
import { continueRollback, deleteStack } from '../stacks/requests.js'
import { createStackStore } from '../stacks/store.js'
import { invalid, readTemplate, word } from '../stacks/template.js'
import { paginate } from '../wire/pagination.js'
import type { RequestContext, Service } from '../wire/service.js'
import type { World } from '../world/world.js'

const signingName = 'cloudformation'
const wire = { signingName, protocol: 'awsQuery' } as const

/**
 * CloudFormation over the resource types that `rampart infra` uses, which it makes in this world through the other
 * services, as CloudFormation itself does.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Operations.html
 */
export function createCloudFormationService(world: World, services: () => readonly Service[]): Service {
  const { state } = world
  const handlerOf = (service: string, operation: string) =>
    services().find((each) => each.signingName === service)?.handlers[operation]
  const store = createStackStore(state, {
    has: (service, operation) => handlerOf(service, operation) !== undefined,
    call: (service, operation, input) => {
      const { accountId, region } = state.setup
      const context = {
        now: state.now,
        accountId,
        region,
        requestId: randomUUID(),
        endpoint: `http://${state.registryHost}`,
        accessKeyId: '',
      }
      return handlerOf(service, operation)?.(input, context)
    },
  })
  /** A handler that sees the world as it is now, and whose changes have had their first effect when it answers. */
  const now =
    <I, O>(handle: (input: I, context: RequestContext) => O) =>
    (input: I, context: RequestContext): O => {
      world.advanceTo(context.now)
      const answer = handle(input, context)
      world.advanceTo(context.now)
      return answer
    }

  const handlers = {
    ...changeSetHandlers(store, now),

    DescribeStacks: now((input: sdk.DescribeStacksInput): sdk.DescribeStacksOutput => {
      const { StackName } = input
      const found = StackName === undefined ? store.live() : [store.require(StackName)]
      const page = paginate(wire, { operation: 'DescribeStacks', items: found, limit: 100, token: input.NextToken })
      return { Stacks: page.items.map(describeStack), NextToken: page.nextToken }
    }),

    ListStacks: now((input: sdk.ListStacksInput): sdk.ListStacksOutput => {
      const asked = input.StackStatusFilter ?? []
      const items = store.all().filter(({ status }) => asked.length === 0 || asked.some((one) => one === status))
      const page = paginate(wire, { operation: 'ListStacks', items, limit: 100, token: input.NextToken })
      return {
        StackSummaries: page.items.map((stack) => {
          const { StackId, StackName, CreationTime, LastUpdatedTime, StackStatus } = describeStack(stack)
          return { StackId, StackName, CreationTime, LastUpdatedTime, StackStatus }
        }),
        NextToken: page.nextToken,
      }
    }),

    DescribeStackEvents: now((input: sdk.DescribeStackEventsInput): sdk.DescribeStackEventsOutput => {
      const stack = store.require(input.StackName ?? '')
      const page = paginate(wire, {
        operation: 'DescribeStackEvents',
        items: stack.events.toReversed(),
        limit: 100,
        token: input.NextToken,
        keyOf: ({ id }) => id,
        boundTo: input.StackName,
      })
      return { StackEvents: page.items.map((event) => describeEvent(stack, event)), NextToken: page.nextToken }
    }),

    DescribeStackResources: now((input: sdk.DescribeStackResourcesInput): sdk.DescribeStackResourcesOutput => {
      const { StackName, LogicalResourceId, PhysicalResourceId } = input
      const stack =
        StackName === undefined
          ? store
              .live()
              .find(({ states }) => [...states.values()].some(({ physicalId }) => physicalId === PhysicalResourceId))
          : store.require(StackName)
      if (stack === undefined) throw invalid(`Stack for ${PhysicalResourceId} does not exist`)
      const found = [...stack.states.values()].filter(
        ({ resource, physicalId }) =>
          (LogicalResourceId ?? resource) === resource && (PhysicalResourceId ?? physicalId) === physicalId,
      )
      return { StackResources: found.map((event) => describeResource(stack, event)) }
    }),

    ListStackResources: now((input: sdk.ListStackResourcesInput): sdk.ListStackResourcesOutput => {
      const stack = store.require(input.StackName ?? '')
      const page = paginate(wire, {
        operation: 'ListStackResources',
        items: [...stack.states.values()],
        limit: 100,
        token: input.NextToken,
        boundTo: input.StackName,
      })
      return { StackResourceSummaries: page.items.map(summaryOf), NextToken: page.nextToken }
    }),

    GetTemplate: now((input: sdk.GetTemplateInput): sdk.GetTemplateOutput => {
      const { StackName = '', ChangeSetName } = input
      const stack = store.require(StackName)
      const wanted = ChangeSetName === undefined ? stack.wanted : stack.changeSets.get(ChangeSetName)?.wanted
      if (wanted === undefined) throw invalid(`Template for stack ${StackName} is not available`)
      return { TemplateBody: wanted.body, StagesAvailable: ['Original', 'Processed'] }
    }),

    GetTemplateSummary: now((input: sdk.GetTemplateSummaryInput): sdk.GetTemplateSummaryOutput => {
      const body = input.TemplateBody ?? store.require(input.StackName ?? '').wanted?.body
      if (body === undefined) throw invalid('Either Template URL or Template Body must be specified.')
      const template = readTemplate(body)
      return {
        ...declared(template),
        ResourceTypes: [...new Set(Object.values(template.Resources).map(({ Type }) => Type))].sort(),
        Version: '2010-09-09',
      }
    }),

    ValidateTemplate: now((input: sdk.ValidateTemplateInput): sdk.ValidateTemplateOutput => {
      if (input.TemplateBody === undefined) throw invalid('Either Template URL or Template Body must be specified.')
      const template = readTemplate(input.TemplateBody)
      checkTypes(template)
      orderOf(template)
      return declared(template)
    }),

    DeleteStack: now((input: sdk.DeleteStackInput): void => deleteStack(store, input)),

    ContinueUpdateRollback: now((input: sdk.ContinueUpdateRollbackInput): sdk.ContinueUpdateRollbackOutput => {
      continueRollback(store, input)
      return {}
    }),

    ListExports: now((): sdk.ListExportsOutput => ({
      Exports: store
        .live()
        .flatMap((stack) =>
          stack.outputs.flatMap(({ exportName, value }) =>
            exportName === undefined ? [] : [{ ExportingStackId: stack.arn, Name: exportName, Value: value }],
          ),
        ),
    })),
  }
  return { ...wire, target: '2010-05-15', sdk, handlers }
}

/** What a template says of itself. */
function declared(template: ReturnType<typeof readTemplate>) {
  const roles = Object.values(template.Resources).filter(({ Type }) => Type.startsWith('AWS::IAM::'))
  const isNamed = roles.some(({ Properties = {} }) => Properties['RoleName'] !== undefined)
  const capability: sdk.Capability = isNamed ? 'CAPABILITY_NAMED_IAM' : 'CAPABILITY_IAM'
  return {
    ...(template.Description !== undefined && { Description: template.Description }),
    Parameters: Object.entries(template.Parameters).map(([ParameterKey, { Default, Description, NoEcho, Type }]) => ({
      ParameterKey,
      ...(Default !== undefined && { DefaultValue: word(Default) }),
      ...(Description !== undefined && { Description }),
      ...(Type !== undefined && { ParameterType: Type }),
      NoEcho: NoEcho === true,
    })),
    ...(roles.length > 0 && {
      Capabilities: [capability],
      CapabilitiesReason: `The following resource(s) require capabilities: [${[...new Set(roles.map(({ Type }) => Type))].join(', ')}]`,
    }),
  }
}
