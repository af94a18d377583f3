import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ECSClient } from '@aws-sdk/client-ecs'
import { onTestFinished } from 'vitest'
import { createEcs } from '../../../src/lib/aws/ecs.js'
import { createAws } from '../../../src/lib/aws/index.js'
import { createServiceBounds } from '../../../src/lib/aws/service-bounds.js'
import type { Digest } from '../../../src/lib/domain/digest.js'
import type { EventBody } from '../../../src/lib/events/event.js'
import { deploy, type DeployRequest } from '../../../src/lib/operations/deploy.js'
import { monitor, type MonitorRequest } from '../../../src/lib/operations/monitor.js'
import type { ServiceImage } from '../../../src/lib/operations/push-images.js'
import { runOperation } from '../../../src/lib/operations/run.js'
import type { EcsDeploymentChange } from '../../../src/lib/ports/ecs.js'
import { startRehearsal, type Rehearsal, type RehearsalOptions } from '../../../src/lib/rehearsal/cloud.js'
import type { RehearsedEcsService } from '../../../src/lib/rehearsal/setup.js'
import type { Driver } from '../../../src/lib/rollout/driver.js'
import { createEcsDriver } from '../../../src/lib/rollout/ecs/driver.js'
import type { EcsServiceOptions } from '../../../src/lib/rollout/ecs/options.js'
import { SharedClock, type Run, type RunOptions } from '../support/fleet.js'

const region = 'ap-south-1'
export const clusterName = 'finbert-rag-prod'
const logGroup = '/ecs/finbert-rag'
const repositories = ['finbert-rag/api', 'finbert-rag/ui']

const model = { id: 'ProsusAI/finbert', revision: '4556d130', bytes: 300_000_000 }
const labels = { 'rampart.models': JSON.stringify([model]) }
const services = ['api', 'ui'] as const
type Name = (typeof services)[number]

/** The cloud's time is none; to wait a second between attempts would be for nothing. */
const pace = 1000

export interface ClusterOptions extends Partial<
  Pick<RehearsalOptions, 'scenario' | 'switches' | 'faults' | 'onAnswer' | 'onCall'>
> {
  readonly desired?: number
  readonly strategy?: RehearsedEcsService['strategy']
  readonly bounds?: RehearsedEcsService['bounds']
  readonly change?: Partial<EcsDeploymentChange>
  readonly maxAttempts?: number
}

/** A letter for each service: the same letter is the same image. */
export type Letters = Readonly<Record<Name, string>>

export interface ClusterRunOptions extends Omit<RunOptions, 'release'> {
  readonly release?: Letters
  readonly driver?: Driver
}

/** A rehearsal with two services on Fargate, and what it takes to deploy to them in this process. */
export interface Cluster {
  readonly cloud: Rehearsal
  readonly clock: SharedClock
  readonly console: ECSClient
  readonly calls: string[]
  driver(changes?: {
    readonly change?: Partial<EcsDeploymentChange>
    readonly services?: readonly Partial<EcsServiceOptions>[]
  }): Driver
  digest(service: Name, letter: string): Digest
  run(options?: ClusterRunOptions): Promise<Run>
  /** Watches as a process of its own would: `rampart monitor`. */
  monitor(): Promise<Run>
  /** The digests that the live tasks of each service run, each once. */
  serves(): Readonly<Record<Name, readonly string[]>>
  /** How many task definitions there are of each family. */
  revisions(): Readonly<Record<Name, number>>
  /** The statuses of each service's deployments, oldest first, without the one that there was at the beginning. */
  deployments(): Readonly<Record<Name, readonly string[]>>
}

const each = <T>(of: (service: Name) => T): Record<Name, T> => ({ api: of('api'), ui: of('ui') })

function enter(environment: Readonly<Record<string, string>>): void {
  const before = { ...process.env }
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) Reflect.deleteProperty(process.env, name)
  Object.assign(process.env, environment)
  onTestFinished(() => {
    process.env = before
  })
}

/** Starts a rehearsal of two services with two tasks each, which ends with the test. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const { desired = 2, maxAttempts = 1, strategy, bounds: seeded, onAnswer, onCall } = options
  const clock = new SharedClock()
  const calls: string[] = []
  const errors: unknown[] = []
  const directory = await mkdtemp(join(tmpdir(), 'rampart-test-'))
  const cloud = await startRehearsal({
    directory,
    setup: {
      app: 'finbert-rag',
      environment: 'production',
      region,
      accountId: '123456789012',
      ecs: {
        cluster: clusterName,
        services: services.map((service) => ({
          name: `finbert-${service}`,
          taskFamily: `finbert-${service}`,
          container: service,
          service,
          desired,
          launchType: 'FARGATE',
          ...(strategy !== undefined && { strategy }),
          ...(seeded !== undefined && { bounds: seeded }),
        })),
      },
      logGroup,
      alarms: ['target-5xx'],
      services: [
        {
          name: 'api',
          repository: 'finbert-rag/api',
          base: { repository: 'finbert-rag/api-base', tag: 'f1', models: [model], labels },
          livePath: '/health/live',
          readyPath: '/health',
          port: 8000,
        },
        { name: 'ui', repository: 'finbert-rag/ui', livePath: '/healthz', readyPath: '/healthz', port: 8501 },
      ],
    },
    scenario: options.scenario ?? 'healthy',
    now: () => clock.now(),
    onCall: (n, service, operation) => {
      calls.push(operation)
      onCall?.(n, service, operation)
    },
    onError: (error) => errors.push(error),
    ...(onAnswer !== undefined && { onAnswer }),
    ...(options.faults !== undefined && { faults: options.faults }),
    switches: { trafficSeconds: 0, ...options.switches },
  })
  onTestFinished(async () => {
    await cloud.close()
    await rm(directory, { recursive: true, force: true })
    if (errors.length > 0) throw new AggregateError(errors, 'the rehearsal itself failed')
  })
  enter(cloud.environment)
  const client = { region, maxAttempts, pace }
  const aws = createAws(client)
  const ecs = createEcs(client)
  const bounds = () => Promise.resolve(createServiceBounds(client))
  const { state } = cloud.world

  const digest = (service: Name, letter: string): Digest =>
    letter === 'previous'
      ? (cloud.previousImages[`finbert-rag/${service}`] ?? 'sha256:none')
      : cloud.registry.storeImage({
          repository: `finbert-rag/${service}`,
          layers: [{ phantom: { name: `${service} ${letter}`, size: 1_500_000 } }],
          ...(service === 'api' && { labels }),
        }).digest

  const images = (letters: Letters): readonly ServiceImage[] =>
    services.map((service) => ({
      service,
      build: () =>
        Promise.resolve({
          service,
          repository: `${cloud.registryHost}/finbert-rag/${service}`,
          digest: digest(service, letters[service]),
        }),
      push: () => Promise.resolve({ uploadedLayerBytes: 0 }),
    }))

  const cluster: Cluster = {
    cloud,
    clock,
    console: new ECSClient({ region }),
    calls,
    driver: (changes = {}) =>
      createEcsDriver(
        {
          cluster: clusterName,
          services: services.map((service, index) => ({
            service,
            name: `finbert-${service}`,
            repository: `finbert-rag/${service}`,
            platform: 'linux/amd64',
            ...changes.services?.[index],
          })),
          change: {
            minimumHealthyPercent: 100,
            maximumPercent: 200,
            alarms: [],
            ...options.change,
            ...changes.change,
          },
        },
        { ...aws, ecs, bounds, clock },
        logGroup,
      ),
    digest,
    async run({
      release = { api: 'b', ui: 'b' },
      force = false,
      timeout = 4 * 3_600_000,
      maxFailedStarts = 1000,
      ...others
    } = {}) {
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
        app: 'finbert-rag',
        environment: 'production',
        images: images(release),
        driver: others.driver ?? cluster.driver(),
        patience: () => ({ timeout, maxFailedStarts }),
        force,
        accountChecks: () => Promise.resolve([]),
        registryHost: () => Promise.resolve(cloud.registryHost),
        repositories,
        comeBack: 'rampart deploy -c rampart.yml',
        ...others.request,
      }
      const about = { command: 'deploy', app: 'finbert-rag', environment: 'production', simulation: 'test' }
      const ended = await runOperation(context, about, () => deploy(request, context))
      if (ended.ending === 'bug') throw ended.error
      return { ended, events }
    },
    async monitor() {
      const events: EventBody[] = []
      const emit = (event: EventBody): void => void events.push(event)
      const context = { clock, signal: new AbortController().signal, emit }
      const request: MonitorRequest = {
        driver: cluster.driver(),
        registryHost: () => Promise.resolve(cloud.registryHost),
        repositories,
        comeBack: 'rampart monitor -c rampart.yml',
        stays: false,
      }
      const about = { command: 'monitor', app: 'finbert-rag', environment: 'production', simulation: 'test' }
      const ended = await runOperation(context, about, () => monitor(request, context))
      if (ended.ending === 'bug') throw ended.error
      return { ended, events }
    },
    serves: () =>
      each((service) => {
        const tasks = state.ecs.tasks.filter(
          (task) =>
            task.group === `service:finbert-${service}` && task.desired === 'RUNNING' && task.status !== 'STOPPED',
        )
        return [...new Set(tasks.flatMap((task) => task.containers.map((one) => one.digest ?? 'none')))]
      }),
    revisions: () =>
      each((service) => state.ecs.definitions.filter((one) => one.family === `finbert-${service}`).length),
    deployments: () =>
      each((service) => {
        const found = state.ecs.services.find((one) => one.name === `finbert-${service}`)
        return (found?.deployments ?? []).slice(1).map((one) => one.status)
      }),
  }
  return cluster
}
