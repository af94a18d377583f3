import {
  ChangeSetNotFoundException,
  CloudFormationClient,
  ContinueUpdateRollbackCommand,
  CreateChangeSetCommand,
  DeleteChangeSetCommand,
  DeleteStackCommand,
  DescribeStacksCommand,
  ExecuteChangeSetCommand,
  GetTemplateCommand,
  paginateDescribeChangeSet,
  paginateDescribeStackEvents,
  type Change,
  type Stack as SdkStack,
  type StackEvent as SdkEvent,
} from '@aws-sdk/client-cloudformation'
import type { StackChange } from '../domain/infra.js'
import type { Refusal } from '../ports/auto-scaling.js'
import type { Stack, StackEvent, Stacks } from '../ports/stacks.js'
import { attempt, call, errorCode } from './failure.js'
import { clientSettings, counted, type ClientOptions } from './options.js'

function stackOf(from: SdkStack): Stack {
  return {
    name: from.StackName ?? '',
    id: from.StackId ?? from.StackName ?? '',
    status: from.StackStatus ?? '',
    ...(from.StackStatusReason !== undefined && { statusReason: from.StackStatusReason }),
    parameters: Object.fromEntries(
      (from.Parameters ?? []).map((one) => [one.ParameterKey ?? '', one.ParameterValue ?? '']),
    ),
    outputs: (from.Outputs ?? []).map((one) => ({
      key: one.OutputKey ?? '',
      value: one.OutputValue ?? '',
      description: one.Description ?? '',
    })),
  }
}

function eventOf(from: SdkEvent): StackEvent {
  return {
    id: from.EventId ?? '',
    time: from.Timestamp?.getTime() ?? 0,
    resource: from.LogicalResourceId ?? '',
    physicalId: from.PhysicalResourceId ?? '',
    resourceType: from.ResourceType ?? '',
    status: from.ResourceStatus ?? '',
    ...(from.ResourceStatusReason !== undefined && { reason: from.ResourceStatusReason }),
  }
}

const replacements: Readonly<Record<string, StackChange['replacement']>> = { True: 'yes', Conditional: 'maybe' }

function changeOf({ ResourceChange: from }: Change): StackChange {
  const names = (from?.Details ?? []).map(({ Target }) => Target?.Name ?? Target?.Attribute ?? '')
  return {
    action: from?.Action ?? '',
    resource: from?.LogicalResourceId ?? '',
    resourceType: from?.ResourceType ?? '',
    replacement: replacements[from?.Replacement ?? ''] ?? 'no',
    properties: [...new Set(names)].filter((name) => name !== '').sort(),
    ...(from?.PolicyAction !== undefined && { policy: from.PolicyAction }),
  }
}

// A change set that would change nothing FAILS, and its words are the only thing that tells it from a broken one.
const emptyReason = /didn't contain changes|no updates are to be performed/i

const pairs = <K extends string, V extends string>(record: Readonly<Record<string, string>>, key: K, value: V) =>
  Object.entries(record).map(([name, text]) => ({ [key]: name, [value]: text }) as { [P in K | V]: string })

async function refusalOf(operation: string, send: () => Promise<unknown>): Promise<Refusal | undefined> {
  const answer = await attempt(operation, async () => {
    await send()
    return undefined
  })
  return answer?.refused
}

/** CloudFormation has no code of its own for a stack that is not there: it calls the name invalid. */
async function orNone<T>(operation: string, ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof ChangeSetNotFoundException || errorCode(error) === 'ValidationError') return undefined
    return call(operation, () => Promise.reject(error))
  }
}

/** The Stacks port on CloudFormation. */
export function createStacks(options: ClientOptions): Stacks {
  const client = counted(new CloudFormationClient(clientSettings(options)), options)
  return {
    describe: (stack) =>
      orNone('cloudformation:DescribeStacks', async () => {
        const found = (await client.send(new DescribeStacksCommand({ StackName: stack }))).Stacks?.[0]
        return found && stackOf(found)
      }),

    template: (stack) =>
      orNone('cloudformation:GetTemplate', async () => {
        const answer = await client.send(new GetTemplateCommand({ StackName: stack, TemplateStage: 'Original' }))
        return answer.TemplateBody
      }),

    createChangeSet: ({ stack, name, kind, body, parameters, tags }) =>
      refusalOf('cloudformation:CreateChangeSet', () =>
        client.send(
          new CreateChangeSetCommand({
            StackName: stack,
            ChangeSetName: name,
            ChangeSetType: kind === 'create' ? 'CREATE' : 'UPDATE',
            TemplateBody: body,
            Parameters: pairs(parameters, 'ParameterKey', 'ParameterValue'),
            Tags: pairs(tags, 'Key', 'Value'),
            Capabilities: ['CAPABILITY_IAM'],
            // Repositories and log groups that an earlier stack has left, or `base build` has made, become its own.
            // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-automatically.html
            ImportExistingResources: true,
          }),
        ),
      ),

    describeChangeSet: (stack, name) =>
      orNone('cloudformation:DescribeChangeSet', async () => {
        const changes: StackChange[] = []
        let about: { readonly status: string; readonly reason?: string } = { status: '' }
        const pages = paginateDescribeChangeSet({ client }, { StackName: stack, ChangeSetName: name })
        for await (const page of pages) {
          changes.push(...(page.Changes ?? []).map(changeOf))
          about = { status: page.Status ?? '', ...(page.StatusReason !== undefined && { reason: page.StatusReason }) }
        }
        return { ...about, isEmpty: about.status === 'FAILED' && emptyReason.test(about.reason ?? ''), changes }
      }),

    async deleteChangeSet(stack, name) {
      await orNone('cloudformation:DeleteChangeSet', () =>
        client.send(new DeleteChangeSetCommand({ StackName: stack, ChangeSetName: name })),
      )
    },

    executeChangeSet: (stack, name, token) =>
      refusalOf('cloudformation:ExecuteChangeSet', () =>
        client.send(
          new ExecuteChangeSetCommand({
            StackName: stack,
            ChangeSetName: name,
            ClientRequestToken: token,
            // What a change that fails has only just made holds nothing, and would stand in the way of the next one.
            RetainExceptOnCreate: true,
          }),
        ),
      ),

    async events(stack, after) {
      const found: StackEvent[] = []
      const asked = orNone('cloudformation:DescribeStackEvents', async () => {
        // Newest first.
        for await (const page of paginateDescribeStackEvents({ client }, { StackName: stack })) {
          for (const one of page.StackEvents ?? []) {
            if (one.EventId === after) return
            found.push(eventOf(one))
          }
        }
      })
      await asked
      return found.reverse()
    },

    continueRollback: (stack, skip) =>
      refusalOf('cloudformation:ContinueUpdateRollback', () =>
        client.send(
          new ContinueUpdateRollbackCommand({
            StackName: stack,
            ...(skip.length > 0 && { ResourcesToSkip: [...skip] }),
          }),
        ),
      ),

    deleteStack: (stack, token) =>
      refusalOf('cloudformation:DeleteStack', () =>
        client.send(new DeleteStackCommand({ StackName: stack, ClientRequestToken: token })),
      ),
  }
}
