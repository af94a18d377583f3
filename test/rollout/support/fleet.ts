import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AutoScalingClient } from '@aws-sdk/client-auto-scaling'
import { EC2Client } from '@aws-sdk/client-ec2'
import { expect, onTestFinished } from 'vitest'
import { createAws } from '../../../src/lib/aws/index.js'
import type { Digest } from '../../../src/lib/domain/digest.js'
import type { Release } from '../../../src/lib/domain/release.js'
import type { EventBody, EventType } from '../../../src/lib/events/event.js'
import { deploy, type DeployRequest } from '../../../src/lib/operations/deploy.js'
import { monitor, type MonitorRequest } from '../../../src/lib/operations/monitor.js'
import type { ServiceImage } from '../../../src/lib/operations/push-images.js'
import { Interruption, runOperation, type Ended } from '../../../src/lib/operations/run.js'
import { startRehearsal, type Rehearsal, type RehearsalOptions } from '../../../src/lib/rehearsal/cloud.js'
import type { Instance } from '../../../src/lib/rehearsal/world/state.js'
import { makeRelease } from '../../../src/lib/release/make-release.js'
import { createAsgDriver } from '../../../src/lib/rollout/asg/driver.js'
import type { AsgRolloutOptions } from '../../../src/lib/rollout/asg/options.js'
import type { Driver } from '../../../src/lib/rollout/driver.js'
import { linesOf } from '../../../src/lib/rollout/log-lines.js'
import { ManualClock } from '../../support/manual-clock.js'

export const region = 'us-west-2'
export const groupName = 'rampart-production-asg'
export const logGroup = '/rampart/production'
const alarmNames = ['target-5xx', 'latency']
export const repositories = ['rampart-backend', 'rampart-frontend']

const model = { id: 'protectai/deberta-v3-base-prompt-injection-v2', revision: 'e6535ca4', bytes: 300_000_000 }
const labels = { 'rampart.models': JSON.stringify([model]) }

export interface FleetOptions extends Partial<Pick<RehearsalOptions, 'scenario' | 'switches' | 'faults' | 'seed'>> {
  readonly desired?: number
  readonly max?: number
  readonly rollout?: Partial<AsgRolloutOptions>
  /** One, so that a fault of the wire is seen at once; the SDK's own tries are for tests of the throttled wire. */
  readonly maxAttempts?: number
  readonly logs?: boolean
  /** Runs when the nth AWS call has been handled, before its answer is sent. */
  readonly onAnswer?: RehearsalOptions['onAnswer']
  readonly onCall?: RehearsalOptions['onCall']
}

export interface Run {
  readonly ended: Ended
  readonly events: readonly EventBody[]
}

export interface RunOptions {
  readonly release?: string
  readonly force?: boolean
  readonly timeout?: number
  readonly maxFailedStarts?: number
  /** Runs with each event, as a reporter would. */
  readonly onEvent?: (event: EventBody) => void
  readonly controller?: AbortController
  readonly request?: Partial<DeployRequest>
}

export interface MonitorOptions extends Pick<RunOptions, 'onEvent' | 'controller'> {
  readonly rollout?: string
  readonly stays?: boolean
}

/** A clock on which others act whenever somebody sleeps, as they would while a real one runs. */
export class SharedClock extends ManualClock {
  #sleeps = 0
  /** Runs before the nth sleep (from 1) moves the time. */
  meanwhile: (n: number) => Promise<void> | void = () => undefined

  override async sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    this.#sleeps += 1
    await this.meanwhile(this.#sleeps)
    await super.sleep(milliseconds, signal)
  }
}

/** A rehearsal with a fleet, and what it takes to deploy to it in this process. */
export interface Fleet {
  readonly cloud: Rehearsal
  readonly clock: SharedClock
  /** What other people use: clients of their own. */
  readonly console: { readonly autoScaling: AutoScalingClient; readonly ec2: EC2Client }
  readonly aws: ReturnType<typeof createAws>
  /** Every AWS call so far, with the virtual time at which it came. */
  readonly calls: { readonly operation: string; readonly at: number }[]
  /** A driver as a new process would have it. */
  driver(options?: Partial<AsgRolloutOptions>): Driver
  /** Stores the images of a release under that letter, and gives the release. */
  release(letter: string): Release
  run(options?: RunOptions): Promise<Run>
  /** Watches as a process of its own would: `rampart monitor`. */
  monitor(options?: MonitorOptions): Promise<Run>
  /** Instances that count towards the group's size. */
  live(): readonly Instance[]
  /** The digests that the user data of the instance's launch-template version names, by repository. */
  serves(instance: Instance): Readonly<Record<string, string>>
}

export const of = <T extends EventType>(events: readonly EventBody[], type: T): Extract<EventBody, { type: T }>[] =>
  events.filter((event): event is Extract<EventBody, { type: T }> => event.type === type)

function enter(environment: Readonly<Record<string, string>>): void {
  const before = { ...process.env }
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) Reflect.deleteProperty(process.env, name)
  Object.assign(process.env, environment)
  onTestFinished(() => {
    process.env = before
  })
}

/** The usual options: two at a time of four, launching first, with a warmup of two minutes. */
export const usual: AsgRolloutOptions = {
  minHealthyPercentage: 100,
  maxHealthyPercentage: 200,
  warmup: 120,
  bakeTime: 0,
  checkpointPercentages: [],
  alarms: [],
}

/** Starts a rehearsal of four instances that ends with the test. */
export async function startFleet(options: FleetOptions = {}): Promise<Fleet> {
  const { desired = 4, rollout: rules, maxAttempts = 1, logs = true, onAnswer, onCall } = options
  const clock = new SharedClock()
  const calls: Fleet['calls'] = []
  const errors: unknown[] = []
  const directory = await mkdtemp(join(tmpdir(), 'rampart-test-'))
  const cloud = await startRehearsal({
    directory,
    setup: {
      app: 'rampart-ai',
      environment: 'production',
      region,
      accountId: '123456789012',
      group: { name: groupName, desired, min: 0, max: options.max ?? 2 * desired },
      logGroup,
      alarms: alarmNames,
      services: [
        {
          name: 'backend',
          repository: 'rampart-backend',
          base: { repository: 'rampart-backend-base', tag: 'f1', models: [model], labels },
          livePath: '/api/v1/health',
          readyPath: '/api/v1/health/ready',
          port: 8000,
        },
        { name: 'frontend', repository: 'rampart-frontend', livePath: '/', readyPath: '/', port: 3000 },
      ],
    },
    scenario: options.scenario ?? 'healthy',
    now: () => clock.now(),
    onCall: (n, service, operation) => {
      calls.push({ operation, at: clock.now() })
      onCall?.(n, service, operation)
    },
    onError: (error) => errors.push(error),
    ...(onAnswer !== undefined && { onAnswer }),
    ...(options.faults !== undefined && { faults: options.faults }),
    ...(options.seed !== undefined && { seed: options.seed }),
    switches: { trafficSeconds: 0, ...options.switches },
  })
  onTestFinished(async () => {
    await cloud.close()
    await rm(directory, { recursive: true, force: true })
    if (errors.length > 0) throw new AggregateError(errors, 'the rehearsal itself failed')
  })
  enter(cloud.environment)
  // The cloud's time is none; to wait a second between attempts would be for nothing.
  const aws = createAws({ region, maxAttempts, pace: 1000 })
  const { state } = cloud.world

  const image = (repository: string, letter: string): Digest =>
    cloud.registry.storeImage({
      repository,
      layers: [{ phantom: { name: `${repository} ${letter}`, size: 1_500_000 } }],
      ...(repository === 'rampart-backend' && { labels }),
    }).digest

  const images = (letter: string): readonly ServiceImage[] =>
    repositories.map((repository) => ({
      service: repository.replace('rampart-', ''),
      build: () =>
        Promise.resolve({
          service: repository.replace('rampart-', ''),
          repository: `${cloud.registryHost}/${repository}`,
          digest:
            letter === 'previous' ? (cloud.previousImages[repository] ?? 'sha256:none') : image(repository, letter),
        }),
      push: () => Promise.resolve({ uploadedLayerBytes: 0 }),
    }))

  const fleet: Fleet = {
    cloud,
    clock,
    console: { autoScaling: new AutoScalingClient({ region }), ec2: new EC2Client({ region }) },
    aws,
    calls,
    driver: (changes = {}) =>
      createAsgDriver(groupName, { ...usual, ...rules, ...changes }, { ...aws, clock }, logs ? logGroup : undefined),
    release: (letter) =>
      makeRelease(
        'rampart-ai',
        'production',
        repositories.map((repository) => ({
          service: repository.replace('rampart-', ''),
          repository: `${cloud.registryHost}/${repository}`,
          digest: image(repository, letter),
        })),
      ),
    async run({ release = 'next', force = false, timeout = 3_600_000, maxFailedStarts = 3, ...others } = {}) {
      const events: EventBody[] = []
      const controller = others.controller ?? new AbortController()
      const context = {
        clock,
        signal: controller.signal,
        emit: (event: EventBody) => {
          events.push(event)
          others.onEvent?.(event)
        },
      }
      const request: DeployRequest = {
        app: 'rampart-ai',
        environment: 'production',
        images: images(release),
        driver: fleet.driver(),
        ...(logs && { lines: linesOf(aws.logs, logGroup, { clock }) }),
        patience: () => ({ timeout, maxFailedStarts }),
        force,
        accountChecks: () => Promise.resolve([]),
        registryHost: () => Promise.resolve(cloud.registryHost),
        repositories,
        comeBack: 'rampart deploy -c rampart.yml',
        ...others.request,
      }
      const about = { command: 'deploy', app: 'rampart-ai', environment: 'production', simulation: 'test' }
      const ended = await runOperation(context, about, () => deploy(request, context))
      if (ended.ending === 'bug') throw ended.error
      return { ended, events }
    },
    async monitor({ rollout, stays = false, onEvent, controller = new AbortController() } = {}) {
      const events: EventBody[] = []
      const context = {
        clock,
        signal: controller.signal,
        emit: (event: EventBody) => {
          events.push(event)
          onEvent?.(event)
        },
      }
      const request: MonitorRequest = {
        driver: fleet.driver(),
        ...(rollout !== undefined && { rollout }),
        registryHost: () => Promise.resolve(cloud.registryHost),
        repositories,
        ...(logs && { lines: linesOf(aws.logs, logGroup, { clock }) }),
        comeBack: 'rampart monitor -c rampart.yml',
        stays,
      }
      const about = { command: 'monitor', app: 'rampart-ai', environment: 'production', simulation: 'test' }
      const ended = await runOperation(context, about, () => monitor(request, context))
      if (ended.ending === 'bug') throw ended.error
      return { ended, events }
    },
    live: () => state.group.instances.filter(({ lifecycle }) => lifecycle === 'Pending' || lifecycle === 'InService'),
    serves(instance) {
      const template = state.templates.find(({ id }) => id === instance.template.id)
      const version = template?.versions.find(({ number }) => number === instance.template.version)
      const text = Buffer.from(version?.data.UserData ?? '', 'base64').toString('utf8')
      return Object.fromEntries(
        repositories.map((repository) => [
          repository,
          new RegExp(`/${repository}@(sha256:[0-9a-f]{64})`).exec(text)?.[1] ?? 'none',
        ]),
      )
    },
  }
  return fleet
}

/** How many live instances run which version. */
export function versions(fleet: Fleet): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { template } of fleet.live()) counts[template.version] = (counts[template.version] ?? 0) + 1
  return counts
}

/** Fails unless every live instance names exactly those digests in what it was launched with. */
export function servesEverywhere(fleet: Fleet, digests: Readonly<Record<string, string>>): void {
  expect(fleet.live()).toHaveLength(fleet.cloud.world.state.group.desired)
  for (const instance of fleet.live()) expect(fleet.serves(instance)).toEqual(digests)
}

/** The digests of a release, by repository. */
export function digestsOf(release: Release): Readonly<Record<string, string>> {
  return Object.fromEntries(release.images.map((image) => [image.repository.split('/').at(-1), image.digest]))
}

/** The reason with which signals stop a run. */
export const interrupted = (signal: NodeJS.Signals = 'SIGINT'): Interruption => new Interruption(signal)
