import { writeFile } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { join } from 'node:path'
import type { Digest } from '../domain/digest.js'
import { startBalancer, type Balancer } from './balancer/balancer.js'
import { createRegistry, type Registry, type RegistryOptions } from './registry/registry.js'
import { scenarios, type Scenario, type ScenarioName } from './scenarios.js'
import { seedImages } from './seed-images.js'
import { createApplicationAutoScalingService } from './services/application-autoscaling.js'
import { createAutoScalingService } from './services/autoscaling.js'
import { createCloudFormationService } from './services/cloudformation.js'
import { createCloudWatchService } from './services/cloudwatch.js'
import { createEc2Service } from './services/ec2.js'
import { createEcrService } from './services/ecr.js'
import { createEcsService } from './services/ecs.js'
import { createEventBridgeService } from './services/eventbridge.js'
import { createIamService } from './services/iam.js'
import { createEfsService } from './services/efs.js'
import { createElbv2Service } from './services/elbv2.js'
import { createLogsService } from './services/logs.js'
import { createPricingService } from './services/pricing.js'
import { createSecretsManager } from './services/secretsmanager.js'
import { createServiceQuotas } from './services/service-quotas.js'
import { createSnsService } from './services/sns.js'
import { createSsm } from './services/ssm.js'
import { createSts } from './services/sts.js'
import type { RehearsalSetup } from './setup.js'
import type { Service } from './wire/service.js'
import type { Fault } from './wire/faults.js'
import { startServer } from './wire/server.js'
import { createWire, type WireOptions } from './wire/wire.js'
import type { Switches } from './world/switches.js'
import { createWorld, type World } from './world/world.js'

export interface RehearsalOptions extends Pick<WireOptions, 'onCall' | 'onAnswer' | 'onError'> {
  readonly setup: RehearsalSetup
  readonly scenario: ScenarioName
  /** The virtual clock, milliseconds since 1970. Nothing in the cloud moves but by it. */
  readonly now: () => number
  /** A free one if absent or 0. */
  readonly port?: number
  /** Loopback if absent. */
  readonly host?: string
  /** Where the registry makes a directory for its blobs; the system's temporary one if absent. */
  readonly directory?: string
  /** Over those of the scenario. */
  readonly switches?: Partial<Switches>
  /** After those of the scenario. */
  readonly faults?: readonly Fault[]
  readonly seed?: number
  /** How many real milliseconds each of those takes that an answer of the load balancer takes; 1 if absent, 0 for none. */
  readonly answerPace?: number
  /** Runs when the nth request to the registry (from 1) has arrived, before anything of its body is read. */
  readonly onRegistryRequest?: (n: number, method: string, path: string) => void
  /** By default as ECR does, with blob mounting enabled: simulated bases have no bytes that could be uploaded. */
  readonly registry?: Pick<RegistryOptions, 'uploads' | 'mounts' | 'createOnPush' | 'auth' | 'blobMounting'>
}

/** An embedded cloud that runs. All that it answers is simulated. */
export interface Rehearsal {
  readonly url: string
  readonly port: number
  /** Host and port, as they stand in image references. */
  readonly registryHost: string
  /** What a client of AWS needs in its environment to talk to this cloud. The credentials are not secret. */
  readonly environment: Readonly<Record<string, string>>
  readonly scenario: Scenario
  /** The images that serve when the rehearsal begins, by repository. */
  readonly previousImages: Readonly<Record<string, Digest>>
  readonly world: World
  readonly registry: Registry
  /** Where the load balancer listens. */
  readonly balancer: Balancer
  /** Ends every connection and deletes what the registry stored. */
  close(): Promise<void>
}

/** Starts the embedded cloud, with the earlier release serving on every instance or task. */
export async function startRehearsal(options: RehearsalOptions): Promise<Rehearsal> {
  const { setup, now } = options
  const scenario: Scenario = scenarios[options.scenario]
  const registry = await createRegistry({
    now,
    accountId: setup.accountId,
    uploads: 'ecr',
    blobMounting: 'ENABLED',
    ...options.registry,
    ...(options.directory !== undefined && { directory: options.directory }),
  })
  try {
    const previousImages = setup.isEmpty === true ? {} : seedImages(registry, setup.services, now())
    // The user data of the launch template names the registry by its port, which is known once the server listens.
    let listener = notYet
    const server = await startServer({
      listener: (request, response) => listener(request, response),
      ...(options.port !== undefined && { port: options.port }),
      ...(options.host !== undefined && { host: options.host }),
    })
    const registryHost = new URL(server.url).host
    const world = createWorld({
      setup,
      images: registry.catalog,
      previousImages,
      registryHost,
      start: now(),
      seed: options.seed ?? 1,
      switches: { ...scenario.switches, ...options.switches },
    })
    listener = createListener(options, scenario, world, registry)
    const balancer = await startBalancer({
      world,
      now,
      seed: options.seed ?? 1,
      pace: options.answerPace ?? 1,
      host: options.host ?? '127.0.0.1',
    })
    const certificate = join(registry.directory, 'balancer.pem')
    await writeFile(certificate, balancer.certificate)
    return {
      url: server.url,
      port: server.port,
      registryHost,
      environment: {
        ...clientEnvironment(server.url, setup.region),
        // Where `verify` finds the load balancer, which has no name in DNS, and a certificate of its own.
        RAMPART_URL: balancer.url,
        RAMPART_HTTP_PORT: String(balancer.plainPort),
        RAMPART_CA: certificate,
      },
      scenario,
      previousImages,
      world,
      registry,
      balancer,
      close: async () => {
        await server.close()
        await balancer.close()
        await registry.close()
      },
    }
  } catch (error) {
    await registry.close()
    throw error
  }
}

const notYet: RequestListener = (_request, response) => {
  response.writeHead(503).end()
}

function createListener(
  options: RehearsalOptions,
  scenario: Scenario,
  world: World,
  registry: Registry,
): RequestListener {
  const { setup, now, onCall, onAnswer, onError, onRegistryRequest } = options
  let registryRequests = 0
  const services: readonly Service[] = [
    createSts(),
    createSsm(world),
    createEcrService(registry),
    createAutoScalingService(world),
    createApplicationAutoScalingService(world),
    createEc2Service(world),
    createEcsService(world),
    createEfsService(world),
    createElbv2Service(world),
    createLogsService(world),
    createCloudWatchService(world),
    createIamService(world),
    createSecretsManager(world.state.secrets),
    createEventBridgeService(world),
    createSnsService(world),
    createPricingService(() => setup.prices),
    createServiceQuotas(world),
    createCloudFormationService(world, () => services),
  ]
  return createWire({
    services,
    accountId: setup.accountId,
    now,
    faults: [...scenario.faults, ...(options.faults ?? [])],
    seed: options.seed ?? 1,
    fallback: (request, response) => {
      registryRequests += 1
      onRegistryRequest?.(registryRequests, request.method ?? '', request.url ?? '')
      return registry.handle(request, response)
    },
    onRequest: (time) => world.advanceTo(time),
    ...(onCall && { onCall }),
    ...(onAnswer && { onAnswer }),
    ...(onError && { onError }),
  })
}

/** https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html */
function clientEnvironment(url: string, region: string): Readonly<Record<string, string>> {
  return {
    AWS_ENDPOINT_URL: url,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: 'AKIAREHEARSALEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'rehearsal-this-is-no-secret',
    // Profiles and instance metadata of the machine must not be asked.
    AWS_EC2_METADATA_DISABLED: 'true',
  }
}
