import { AutoScalingClient, DescribeInstanceRefreshesCommand } from '@aws-sdk/client-auto-scaling'
import { DescribeLaunchTemplateVersionsCommand, EC2Client } from '@aws-sdk/client-ec2'
import { onTestFinished } from 'vitest'
import { wantedBase } from '../../src/lib/compose/bases.js'
import { rehearsalSetup } from '../../src/lib/compose/rehearsal.js'
import { loadConfig } from '../../src/lib/config/index.js'
import { startRehearsal, type Rehearsal, type RehearsalOptions } from '../../src/lib/rehearsal/cloud.js'
import { acceleratedClock, formatClock } from '../../src/lib/system/clock.js'
import { cleanEnvironment } from './cli.js'
import { copyExample, type Project } from './project.js'

export interface Cloud {
  readonly rehearsal: Rehearsal
  readonly project: Project
  /** The environment of a client with an empty HOME; with `extra` over it. */
  client(extra?: Readonly<Record<string, string>>): Record<string, string>
  /** Every call to AWS as `service:Operation`, in order of arrival. */
  readonly calls: readonly string[]
  /** Every request to the registry as `METHOD path`, in order of arrival. */
  readonly requests: readonly string[]
  /** Stops the cloud's time, so that nothing in it ends while a test looks. Clients go by their own clock. */
  pause(): void
  isPaused(): boolean
  resume(): void
}

export interface CloudOptions extends Partial<RehearsalOptions> {
  /** Virtual seconds in a second. */
  readonly speed?: number
  /** The first seed's on an Auto Scaling group if absent. */
  readonly example?: Parameters<typeof copyExample>[0]
  /** Changes the project before its world is set up. */
  readonly prepare?: (project: Project) => Promise<void>
}

/** A rehearsal in this process for rampart in processes of its own, around a copy of the example. Both go with the test. */
export async function startCloud(options: CloudOptions = {}): Promise<Cloud> {
  const { speed = 1200, example, prepare, onCall, onRegistryRequest, ...others } = options
  const project = await copyExample(example)
  // The cloud's time may stand still while that of its clients does not: they are not to lose patience.
  await project.edit('rampart.yml', 'timeout: auto', 'timeout: 100h')
  await prepare?.(project)
  const setup = await rehearsalSetup(await loadConfig({ path: project.config, env: {} }))
  const origin = Date.now()
  const clock = acceleratedClock(speed, origin)
  let lost = 0
  let pausedAt: number | undefined
  const now = (): number => pausedAt ?? clock.now() - lost
  const calls: string[] = []
  const requests: string[] = []
  const rehearsal = await startRehearsal({
    setup,
    scenario: 'healthy',
    now,
    answerPace: 0,
    onCall: (n, service, operation) => {
      calls.push(`${service}:${operation}`)
      onCall?.(n, service, operation)
    },
    onRegistryRequest: (n, method, path) => {
      requests.push(`${method} ${path}`)
      onRegistryRequest?.(n, method, path)
    },
    ...others,
  })
  onTestFinished(() => rehearsal.close())
  const environment = {
    ...rehearsal.environment,
    RAMPART_CLOCK: formatClock(speed, origin),
    RAMPART_ANSWERS: 'stated',
    RAMPART_SIMULATION: `a test, clock at ${speed}x`,
  }
  return {
    rehearsal,
    project,
    calls,
    requests,
    client: (extra) => cleanEnvironment({ ...environment, ...extra }),
    pause: () => {
      pausedAt ??= now()
    },
    isPaused: () => pausedAt !== undefined,
    resume: () => {
      lost = clock.now() - now()
      pausedAt = undefined
    },
  }
}

/** Lets the backend's base be of these sources and 40 days old, where 30 are allowed. */
export async function ageBase({ project, rehearsal }: Pick<Cloud, 'project' | 'rehearsal'>): Promise<void> {
  await project.edit(
    'rampart.yml',
    'repository: rampart-backend-base',
    'repository: rampart-backend-base\n      maxAge: 30d',
  )
  const config = await loadConfig({ path: project.config, env: {} })
  const [service] = config.services
  if (service?.base === undefined) throw new Error('the example has no base')
  const { wanted } = await wantedBase(config, service, service.base)
  rehearsal.registry.storeImage({
    repository: 'rampart-backend-base',
    tag: 'latest',
    layers: [],
    labels: { 'rampart.base.fingerprint': wanted.fingerprint },
    created: rehearsal.world.state.now - 40 * 86_400_000,
  })
}

/** Those that change something in AWS; lock and ledger are notes of rampart's own and change nothing that serves. */
export const changingCall =
  /^(?!ssm:).*:(?:Create|Put|Start|Cancel|Rollback|Delete|Update|Modify|Set|Terminate|Register|Stop|Continue)/

/** Those that write a note of rampart's own. */
export const notingCall = /^ssm:(?:Put|Delete)Parameter$/

/** What of the cloud was asked to change: calls to AWS and requests to the registry. */
export function changesOf(cloud: Pick<Cloud, 'calls' | 'requests'>): readonly string[] {
  return [
    ...cloud.calls.filter((call) => changingCall.test(call)),
    ...cloud.requests.filter((request) => !/^(?:GET|HEAD) /.test(request)),
  ]
}

/** What an Auto Scaling group has been through, as AWS's own clients are told. Newest first. */
export interface History {
  readonly refreshes: readonly { readonly id: string; readonly status: string; readonly version: string }[]
  /** Numbers of the launch template's versions. */
  readonly versions: readonly number[]
}

/** Asks the cloud at that address, by the SDK. */
export async function historyOf(environment: Readonly<Record<string, string>>, group: string): Promise<History> {
  const settings = {
    endpoint: environment['AWS_ENDPOINT_URL'] ?? '',
    region: environment['AWS_REGION'] ?? '',
    credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'not-a-secret' },
  }
  const autoScaling = new AutoScalingClient(settings)
  const ec2 = new EC2Client(settings)
  try {
    const [refreshes, versions] = await Promise.all([
      autoScaling.send(new DescribeInstanceRefreshesCommand({ AutoScalingGroupName: group })),
      ec2.send(new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateName: 'rampart-ai-production' })),
    ])
    return {
      refreshes: (refreshes.InstanceRefreshes ?? []).map((refresh) => ({
        id: refresh.InstanceRefreshId ?? '',
        status: refresh.Status ?? '',
        version: refresh.DesiredConfiguration?.LaunchTemplate?.Version ?? '',
      })),
      versions: (versions.LaunchTemplateVersions ?? []).map((version) => version.VersionNumber ?? 0),
    }
  } finally {
    autoScaling.destroy()
    ec2.destroy()
  }
}

export const exampleGroup = 'rampart-production-asg'

/** A cloud whose time stands still from the moment that its refresh is seen to be in progress. */
export async function startHeldCloud(options: CloudOptions = {}): Promise<Cloud> {
  const held: { cloud?: Cloud; done?: true } = {}
  const cloud = await startCloud({
    ...options,
    onCall: () => {
      if (held.done || held.cloud?.rehearsal.world.state.refreshes.at(-1)?.status !== 'InProgress') return
      held.done = true
      held.cloud.pause()
    },
  })
  held.cloud = cloud
  return cloud
}
