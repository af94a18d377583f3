import type * as sdk from '@aws-sdk/client-ssm'
import { paginate } from '../wire/pagination.js'
import { type RequestContext, ServiceError } from '../wire/service.js'
import { hasAgent, sendCommand, type CommandRecord, type Invocation } from '../world/commands.js'
import type { Instance, WorldState } from '../world/state.js'
import type { World } from '../world/world.js'

const wire = { signingName: 'ssm', protocol: 'awsJson1_1' } as const
const plugin = 'aws:runShellScript'
const documents: ReadonlySet<string> = new Set(['AWS-RunShellScript'])
/** What a listing shows of an output, and what the single invocation does. */
const shown = { listed: 2500, output: 24_000, error: 8000 } as const

/**
 * SSM's Run Command: it sends shell scripts to instances and says what became of them.
 * https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html
 */
export function runCommandHandlers(world: World) {
  const { state } = world

  function commandOf(id: string | undefined): CommandRecord {
    const found = state.commands.find((one) => one.id === id)
    if (found === undefined) throw new ServiceError('InvalidCommandId', '')
    return found
  }

  return {
    SendCommand: (input: sdk.SendCommandRequest, context: RequestContext): sdk.SendCommandResult => {
      world.advanceTo(context.now)
      if (!documents.has(input.DocumentName ?? '')) throw new ServiceError('InvalidDocument', '')
      const ids = input.InstanceIds ?? []
      if (ids.length > 50) {
        throw new ServiceError('ValidationException', 'A command names at most 50 instances; use targets for more.')
      }
      // Terminated ones, those that never registered and those of others are refused alike, and the command with them.
      const instances = ids.map((id) => state.instances.find((one) => one.id === id && hasAgent(state, one)))
      const reached = instances.filter((one): one is Instance => one !== undefined)
      if (reached.length < ids.length || (ids.length === 0 && input.Targets === undefined)) {
        throw new ServiceError('InvalidInstanceId', 'Instances not in a valid state for account')
      }
      if ((input.Parameters?.['commands'] ?? []).length === 0) {
        throw new ServiceError('InvalidParameters', 'The parameter commands is required.')
      }
      const command = sendCommand(state, input, ids.length > 0 ? reached : targetsOf(state, input.Targets ?? []))
      return { Command: describeCommand(command) }
    },

    GetCommandInvocation: (
      input: sdk.GetCommandInvocationRequest,
      context: RequestContext,
    ): sdk.GetCommandInvocationResult => {
      world.advanceTo(context.now)
      const command = commandOf(input.CommandId)
      const invocation = command.invocations.find(({ instance }) => instance.id === input.InstanceId)
      // Right after SendCommand its invocations are not known yet.
      if (invocation === undefined || invocation.status === 'Pending') {
        throw new ServiceError('InvocationDoesNotExist', '')
      }
      const { startedAt, endedAt } = invocation
      return {
        CommandId: command.id,
        InstanceId: invocation.instance.id,
        Comment: command.request.Comment ?? '',
        DocumentName: command.request.DocumentName,
        DocumentVersion: '$DEFAULT',
        PluginName: plugin,
        ResponseCode: invocation.exitCode,
        ExecutionStartDateTime: startedAt === undefined ? '' : new Date(startedAt).toISOString(),
        ExecutionElapsedTime: startedAt === undefined ? '' : `PT${((endedAt ?? state.now) - startedAt) / 1000}S`,
        ExecutionEndDateTime: endedAt === undefined ? '' : new Date(endedAt).toISOString(),
        Status: invocation.status,
        StatusDetails: invocation.details,
        StandardOutputContent: invocation.output.slice(0, shown.output),
        StandardErrorContent: invocation.error.slice(0, shown.error),
        StandardOutputUrl: '',
        StandardErrorUrl: '',
      }
    },

    ListCommandInvocations: (
      input: sdk.ListCommandInvocationsRequest,
      context: RequestContext,
    ): sdk.ListCommandInvocationsResult => {
      world.advanceTo(context.now)
      const commands = input.CommandId === undefined ? state.commands : [commandOf(input.CommandId)]
      const items = commands.flatMap((command) =>
        command.invocations
          .filter(({ instance }) => input.InstanceId === undefined || instance.id === input.InstanceId)
          .map((invocation) => ({ command, invocation })),
      )
      const page = paginate(wire, {
        operation: 'ListCommandInvocations',
        items,
        limit: input.MaxResults ?? 50,
        token: input.NextToken,
        keyOf: ({ command, invocation }) => `${command.id} ${invocation.instance.id}`,
        boundTo: [input.CommandId, input.InstanceId, input.Details],
      })
      return {
        CommandInvocations: page.items.map(({ command, invocation }) =>
          describeInvocation(command, invocation, input.Details === true),
        ),
        NextToken: page.nextToken,
      }
    },

    DescribeInstanceInformation: (
      input: sdk.DescribeInstanceInformationRequest,
      context: RequestContext,
    ): sdk.DescribeInstanceInformationResult => {
      world.advanceTo(context.now)
      const asked = input.Filters?.find(({ Key }) => Key === 'InstanceIds')?.Values
      const items = state.instances.filter(
        (one) => hasAgent(state, one) && (asked === undefined || asked.includes(one.id)),
      )
      const page = paginate(wire, {
        operation: 'DescribeInstanceInformation',
        items,
        limit: input.MaxResults ?? 50,
        token: input.NextToken,
        keyOf: ({ id }) => id,
        boundTo: asked,
      })
      return {
        InstanceInformationList: page.items.map((one) => ({
          InstanceId: one.id,
          PingStatus: 'Online',
          LastPingDateTime: new Date(state.now),
          AgentVersion: '3.3.1611.0',
          IsLatestVersion: true,
          PlatformType: 'Linux',
          PlatformName: 'Amazon Linux',
          PlatformVersion: '2023',
          ResourceType: 'EC2Instance',
          IPAddress: one.privateAddress,
          ComputerName: `ip-${one.privateAddress.replaceAll('.', '-')}`,
        })),
        NextToken: page.nextToken,
      }
    },
  }
}

/** Those of the group's instances that have all the tags; `InstanceIds` is a key among others. */
function targetsOf(state: WorldState, targets: readonly sdk.Target[]): readonly Instance[] {
  return state.instances.filter(
    (one) =>
      hasAgent(state, one) &&
      targets.every(({ Key = '', Values = [] }) =>
        Key === 'InstanceIds'
          ? Values.includes(one.id)
          : one.tags.some(({ key, value }) => `tag:${key}` === Key && Values.includes(value)),
      ),
  )
}

function describeCommand(command: CommandRecord): sdk.Command {
  const { request, invocations } = command
  const ended = invocations.filter(({ endedAt }) => endedAt !== undefined)
  const failed = ended.filter(({ status }) => status !== 'Success')
  const over = ended.length === invocations.length
  const status = !over ? 'InProgress' : failed.length > 0 ? 'Failed' : 'Success'
  return {
    CommandId: command.id,
    DocumentName: request.DocumentName,
    DocumentVersion: '$DEFAULT',
    Comment: request.Comment ?? '',
    ExpiresAfter: new Date(command.expiresAt),
    Parameters: request.Parameters,
    InstanceIds: request.InstanceIds ?? [],
    Targets: request.Targets ?? [],
    RequestedDateTime: new Date(command.requestedAt),
    Status: ended.length === 0 ? 'Pending' : status,
    StatusDetails: ended.length === 0 ? 'Pending' : status,
    MaxConcurrency: request.MaxConcurrency ?? '50',
    MaxErrors: request.MaxErrors ?? '0',
    TargetCount: invocations.length,
    CompletedCount: ended.length,
    ErrorCount: failed.length,
    DeliveryTimedOutCount: 0,
    TimeoutSeconds: request.TimeoutSeconds ?? 3600,
  }
}

function describeInvocation(command: CommandRecord, invocation: Invocation, details: boolean): sdk.CommandInvocation {
  const { instance, status, startedAt, endedAt } = invocation
  return {
    CommandId: command.id,
    InstanceId: instance.id,
    InstanceName: '',
    Comment: command.request.Comment ?? '',
    DocumentName: command.request.DocumentName,
    DocumentVersion: '$DEFAULT',
    RequestedDateTime: new Date(command.requestedAt),
    Status: status,
    StatusDetails: invocation.details,
    StandardOutputUrl: '',
    StandardErrorUrl: '',
    CommandPlugins:
      !details || startedAt === undefined
        ? []
        : [
            {
              Name: plugin,
              Status: status === 'Delayed' ? 'Pending' : status,
              StatusDetails: invocation.details,
              ResponseCode: invocation.exitCode,
              ResponseStartDateTime: new Date(startedAt),
              ...(endedAt !== undefined && { ResponseFinishDateTime: new Date(endedAt) }),
              Output: (invocation.output + invocation.error).slice(0, shown.listed),
            },
          ],
  }
}
