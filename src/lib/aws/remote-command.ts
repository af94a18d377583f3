import {
  GetCommandInvocationCommand,
  InvalidInstanceId,
  InvocationDoesNotExist,
  SSMClient,
  SendCommandCommand,
  paginateDescribeInstanceInformation,
  paginateListCommandInvocations,
  type CommandInvocation,
} from '@aws-sdk/client-ssm'
import type { Clock } from '../ports/clock.js'
import type { RemoteCommand, RemoteOptions, RemoteResult } from '../ports/remote-command.js'
import { call } from './failure.js'
import { clientSettings, counted, type ClientOptions } from './options.js'

/** https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html */
const mostMachines = 50
/** Seconds in which an agent must take a command: the least that AWS takes. */
const delivery = 30
const interval = 2000
/** Milliseconds beyond what delivery and script may take, after which what has not ended is given up. */
const grace = 20_000

const ended: ReadonlySet<string> = new Set(['Success', 'Failed', 'TimedOut', 'Cancelled'])

function parts<T>(all: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, index) => all.slice(index * size, (index + 1) * size))
}

/** The RemoteCommand port on Run Command, with AWS-RunShellScript. */
export function createRemoteCommand(options: ClientOptions, clock: Clock): RemoteCommand {
  const client = counted(new SSMClient(clientSettings(options)), options)

  async function send(script: string, machines: readonly string[], how: RemoteOptions): Promise<string | undefined> {
    return call('ssm:SendCommand', async () => {
      try {
        const answer = await client.send(
          new SendCommandCommand({
            DocumentName: 'AWS-RunShellScript',
            InstanceIds: [...machines],
            Comment: how.comment.slice(0, 100),
            Parameters: { commands: script.split('\n'), executionTimeout: [String(how.timeout)] },
            TimeoutSeconds: delivery,
            MaxConcurrency: String(mostMachines),
            // One machine's failure must not keep the others from being asked.
            MaxErrors: '100%',
          }),
        )
        return answer.Command?.CommandId ?? ''
      } catch (error) {
        if (error instanceof InvalidInstanceId) return undefined
        throw error
      }
    })
  }

  async function invocations(id: string): Promise<readonly CommandInvocation[]> {
    return call('ssm:ListCommandInvocations', async () => {
      const found: CommandInvocation[] = []
      for await (const page of paginateListCommandInvocations({ client }, { CommandId: id, MaxResults: 50 })) {
        found.push(...(page.CommandInvocations ?? []))
      }
      return found
    })
  }

  /** The listing cuts outputs at 2500 characters; this one at 24,000. */
  async function resultOf(
    id: string,
    { InstanceId = '', Status, StatusDetails }: CommandInvocation,
  ): Promise<RemoteResult> {
    const why = StatusDetails ?? Status ?? 'unknown'
    if (Status !== 'Success' && why !== 'Failed') return notRun(why)
    return call('ssm:GetCommandInvocation', async (): Promise<RemoteResult> => {
      try {
        const one = await client.send(new GetCommandInvocationCommand({ CommandId: id, InstanceId }))
        const { ResponseCode = -1, StandardOutputContent = '', StandardErrorContent = '' } = one
        return { kind: 'done', exitCode: ResponseCode, output: StandardOutputContent, error: StandardErrorContent }
      } catch (error) {
        if (error instanceof InvocationDoesNotExist) return notRun(why)
        throw error
      }
    })
  }

  async function runOn(
    script: string,
    machines: readonly string[],
    how: RemoteOptions,
  ): Promise<ReadonlyMap<string, RemoteResult>> {
    const results = new Map<string, RemoteResult>()
    const id = await send(script, machines, how)
    if (id === undefined) {
      // AWS refuses the whole command for one machine that it does not know; which one it does not say.
      if (machines.length === 1) return new Map(machines.map((one) => [one, notRun('InvalidInstanceId')]))
      const halves = parts(machines, Math.ceil(machines.length / 2))
      const both = await Promise.all(halves.map(async (half) => runOn(script, half, how)))
      return new Map(both.flatMap((half) => [...half]))
    }
    const deadline = clock.now() + (delivery + how.timeout) * 1000 + grace
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- it asks until all have answered
      await clock.sleep(interval, how.signal)
      // oxlint-disable-next-line no-await-in-loop
      const seen = await invocations(id)
      const over = seen.filter((one) => ended.has(one.Status ?? '') && !results.has(one.InstanceId ?? ''))
      // A few at a time: AWS throttles this operation early.
      for (const few of parts(over, 5)) {
        // oxlint-disable-next-line no-await-in-loop
        const answers = await Promise.all(few.map(async (one) => resultOf(id, one)))
        few.forEach((one, index) => results.set(one.InstanceId ?? '', answers[index] ?? notRun('unknown')))
      }
      if (results.size >= machines.length) return results
      if (clock.now() >= deadline) break
    }
    for (const one of machines) if (!results.has(one)) results.set(one, notRun('DeliveryTimedOut'))
    return results
  }

  return {
    reachable: (machines) =>
      call('ssm:DescribeInstanceInformation', async () => {
        const online = new Set<string>()
        for (const some of parts(machines, mostMachines)) {
          const Filters = [{ Key: 'InstanceIds', Values: [...some] }]
          // oxlint-disable-next-line no-await-in-loop
          for await (const page of paginateDescribeInstanceInformation({ client }, { Filters, MaxResults: 50 })) {
            for (const one of page.InstanceInformationList ?? []) {
              if (one.InstanceId !== undefined && one.PingStatus === 'Online') online.add(one.InstanceId)
            }
          }
        }
        return online
      }),

    async run(script, machines, how) {
      const all = await Promise.all(parts(machines, mostMachines).map(async (some) => runOn(script, some, how)))
      return new Map(all.flatMap((some) => [...some]))
    },
  }
}

const notRun = (why: string): RemoteResult => ({ kind: 'not-run', why })
