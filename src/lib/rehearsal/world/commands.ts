import type { SendCommandRequest } from '@aws-sdk/client-ssm'
import { readProbeHeader } from '../../domain/target-probe.js'
import { probeAnswer } from '../balancer/probe.js'
import type { Instance, WorldState } from './state.js'

/** How far a command has come on one instance; in AWS's words, which has a status and its details. */
export interface Invocation {
  readonly instance: Instance
  status: 'Pending' | 'InProgress' | 'Delayed' | 'Success' | 'Failed' | 'TimedOut'
  details: string
  startedAt: number | undefined
  endedAt: number | undefined
  exitCode: number
  output: string
  error: string
}

export interface CommandRecord {
  readonly id: string
  readonly request: SendCommandRequest
  readonly requestedAt: number
  readonly expiresAt: number
  readonly invocations: readonly Invocation[]
}

/** Seconds between the start of the user data and the agent's first word. */
const agentSeconds = 12
/** The most that one may take unless the request says otherwise, in seconds; that of delivery is another. */
const usualTimeout = 3600

/** Whether the instance's SSM agent answers: it runs, and has been up for a moment. */
export function hasAgent({ switches, now }: WorldState, instance: Instance): boolean {
  const up = (now - instance.launchedAt) / 1000
  return (
    switches.remoteAgents === 'online' && instance.state === 'running' && up >= switches.launchSeconds + agentSeconds
  )
}

/** Sends a command to instances, all of which have an agent; what becomes of it comes with time. */
export function sendCommand(
  world: WorldState,
  request: SendCommandRequest,
  instances: readonly Instance[],
): CommandRecord {
  const delivery = (request.TimeoutSeconds ?? usualTimeout) * 1000
  const command: CommandRecord = {
    id: world.random.uuid(),
    request,
    requestedAt: world.now,
    expiresAt: world.now + delivery,
    invocations: instances.map((instance) => ({
      instance,
      status: 'Pending',
      details: 'Pending',
      startedAt: undefined,
      endedAt: undefined,
      exitCode: -1,
      output: '',
      error: '',
    })),
  }
  world.commands.push(command)
  for (const invocation of command.invocations) deliver(world, command, invocation)
  return command
}

function deliver(world: WorldState, command: CommandRecord, invocation: Invocation): void {
  const { instance } = invocation
  const later = (at: number, run: () => void): void => world.agenda.add(at, run, { quiet: true })
  const end = (status: Invocation['status'], details: string): void => {
    invocation.status = status
    invocation.details = details
    invocation.endedAt = world.now
  }
  later(world.now + world.random.between(300, 900), () => {
    if (instance.state !== 'running') {
      // https://docs.aws.amazon.com/systems-manager/latest/userguide/monitor-commands.html: which status goes with
      // these details is not said there.
      end('Failed', 'Undeliverable')
      return
    }
    invocation.status = 'InProgress'
    invocation.details = 'InProgress'
    invocation.startedAt = world.now
    const { seconds, ...ran } = runScript(world, instance, scriptOf(command.request))
    const bound = Number(command.request.Parameters?.['executionTimeout']?.[0] ?? usualTimeout)
    later(world.now + Math.min(seconds, bound) * 1000, () => {
      if (instance.state !== 'running') return end('Failed', 'Terminated')
      if (seconds > bound) return end('TimedOut', 'ExecutionTimedOut')
      Object.assign(invocation, ran)
      end(ran.exitCode === 0 ? 'Success' : 'Failed', ran.exitCode === 0 ? 'Success' : 'Failed')
    })
  })
}

/** The lines of a document that runs shell scripts. */
const scriptOf = (request: SendCommandRequest): string => (request.Parameters?.['commands'] ?? []).join('\n')

interface Ran {
  readonly seconds: number
  readonly exitCode: number
  readonly output: string
  readonly error: string
}

/** There is no shell: the probe is answered as the instance would, other scripts as on one that lacks their program. */
function runScript(world: WorldState, instance: Instance, script: string): Ran {
  const probe = readProbeHeader(script)
  if (probe !== undefined) {
    const { line, seconds } = probeAnswer(world, instance, probe)
    return { seconds: 0.6 + seconds, exitCode: 0, output: `${line}\n`, error: '' }
  }
  const word = /^\s*([\w./-]+)/m.exec(script.replaceAll(/^\s*#.*$/gm, ''))?.[1]
  if (word === undefined) return { seconds: 0.2, exitCode: 0, output: '', error: '' }
  const error = `sh: 1: ${word}: not found (simulated by rampart's rehearsal, in which instances have no shell)\n`
  return { seconds: 0.2, exitCode: 127, output: '', error: `${error}failed to run commands: exit status 127` }
}
