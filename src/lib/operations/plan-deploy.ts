import type { FieldChange } from '../domain/release-difference.js'
import { parseImageRef } from '../domain/image-ref.js'
import type { Release, Revision } from '../domain/release.js'
import type { ImageSource } from '../image/inspect/source.js'
import type { Figures } from '../plan/assumptions.js'
import { figuresBehind, forecastDeploy, type DeployedService, type DeployForecast } from '../plan/deploy.js'
import type { DeployPlan, OrphanSum, PlannedImage, PlannedLayer, PlannedRisk, SurgeLimit } from '../plan/deploy-plan.js'
import { billOf } from '../plan/prices.js'
import type { RegionPrices } from '../domain/price-table.js'
import type { Imagine, StrategyInputs } from '../plan/strategies.js'
import type { Subnet } from '../ports/network.js'
import type { Registry } from '../ports/registry.js'
import { makeRelease } from '../release/make-release.js'
import type { Archive } from '../rollout/archive.js'
import type { Driver } from '../rollout/driver.js'
import type { Surroundings } from '../rollout/surroundings.js'
import { describeService } from './plan-facts.js'
import type { VcpuRoom } from './vcpu-room.js'
import { fieldChanges } from './releases-diff.js'

/** An image that was made to be looked at. */
export interface BuiltService {
  readonly name: string
  /** Without the registry's host. */
  readonly repository: string
  readonly models: readonly { readonly id: string; readonly revision: string }[]
  readonly image: ImageSource
  /** What it stands on, and the repository of that in the same registry; undefined where it has no base of ours. */
  readonly base: { readonly image: ImageSource; readonly repository: string } | undefined
}

export interface PlanDeployRequest {
  readonly app: string
  readonly environment: string
  readonly fleet: StrategyInputs['fleet']
  readonly services: readonly BuiltService[]
  readonly figures: Figures
  readonly surroundings: Surroundings
  /** Undefined where they could not be read. */
  readonly subnets: readonly Subnet[] | undefined
  /** What is left of the account's quota, or why that is not known. */
  readonly room: VcpuRoom | { readonly unknown: string }
  /** How long a rollout stands still because it is told to, in milliseconds. */
  readonly pauses: number
  readonly prices: RegionPrices | undefined
  readonly risks: readonly PlannedRisk[]
  readonly orphans: OrphanSum | undefined
  readonly gaps: readonly string[]
}

export interface PlanDeployPorts {
  readonly registry: Registry
  readonly driver: Driver
  readonly archive: Archive
  readonly imagine: Imagine
}

/** What a deploy would change and how it would go. Nothing is changed anywhere. */
export async function planDeploy(request: PlanDeployRequest, ports: PlanDeployPorts): Promise<DeployPlan> {
  const { app, environment, services, figures } = request
  const { registry, driver, archive } = ports
  const repositories = services.map(({ repository }) => repository)
  const status = await driver.status(registry.host, repositories)
  const images = await Promise.all(services.map(async (service) => plannedImage(service, status.images, registry)))
  const release = makeRelease(
    app,
    environment,
    images.map(({ service, repository, digest }) => ({ service, repository, digest })),
  )
  const [from, revision] = await Promise.all([driver.current(), driver.find(release)])
  const isSettled = revision !== undefined && (await driver.settledOn(revision))
  const configuration = await configurationChanges(archive, from, revision, release)
  const deployed = services.map((service) => deployedService(service, request, isSettled, configuration))
  const forecast = isSettled ? undefined : forecastOf(request, deployed, images, ports.imagine)
  const pulls = images.map(({ pullBytes }) => pullBytes)
  const isGroup = request.fleet.kind === 'asg'
  const ofFleet = isGroup ? deployed.slice(0, 1) : deployed
  const desired = targetsOf(ofFleet)
  const replaced = isSettled ? 0 : isGroup ? desired : targetsOf(deployed.filter(({ moves }) => moves))
  return {
    app,
    environment,
    kind: request.fleet.kind,
    fleet: driver.fleet,
    changes: !isSettled,
    release: release.id,
    from: { revision: from, release: status.release ?? null },
    revision: revision ?? null,
    images,
    pushBytes: total(images.map(({ pushBytes }) => pushBytes)),
    // An instance runs every service, a task one of them.
    pullBytes: isGroup ? total(pulls) : Math.max(0, ...pulls),
    configuration: configuration ?? null,
    targets: { desired, replaced },
    forecast: forecast ?? null,
    surge: forecast === undefined ? null : surgeOf(forecast, request),
    risks: [
      ...request.risks,
      ...(isSettled || forecast !== undefined || desired === 0 ? [] : [endless]),
      ...limitsOf(forecast, request).flatMap(riskOf),
    ],
    orphans: request.orphans ?? null,
    figures: Object.fromEntries(figuresBehind(request.fleet, figures).map((name) => [name, figures[name]])),
    gaps: request.gaps,
  }
}

const endless: PlannedRisk = {
  name: 'rollout',
  result: 'fail',
  detail: 'under these rules the rollout would never end',
  remedy: 'raise rollout.maxHealthy, or lower rollout.minHealthy, in rampart.yml',
}

const total = (numbers: readonly number[]): number => numbers.reduce((all, each) => all + each, 0)

const targetsOf = (services: readonly DeployedService[]): number => total(services.map(({ desired }) => desired))

const riskOf = ({ name, fits, detail, quota }: SurgeLimit): readonly PlannedRisk[] =>
  // The driver's own checks tell of the group's maximum.
  fits === false && name !== 'maximum' ? [{ name, result: 'warn', detail, remedy: increaseOf(quota) }] : []

const increaseOf = (quota: SurgeLimit['quota']): string | null =>
  quota === undefined
    ? null
    : `aws service-quotas request-service-quota-increase --service-code ${quota.service} --quota-code ${quota.code} --desired-value ${Math.ceil(quota.inUse + quota.needed)}`

async function plannedImage(
  service: BuiltService,
  serving: readonly string[],
  registry: Registry,
): Promise<PlannedImage> {
  const { image, base, repository } = service
  const ofBase = new Set(base?.image.layers.map(({ descriptor }) => descriptor.digest))
  const layers = await Promise.all(
    image.layers.map(async ({ descriptor: { digest, size } }): Promise<PlannedLayer> => {
      const part = ofBase.has(digest) ? 'base' : 'app'
      const isThere = await registry.hasBlob(repository, digest)
      return { digest, bytes: size, part, delivery: isThere ? 'there' : part === 'base' ? 'mount' : 'push' }
    }),
  )
  const from = servingDigest(serving, registry.host, repository)
  return {
    service: service.name,
    repository: `${registry.host}/${repository}`,
    digest: image.digest,
    from: from ?? null,
    changes: from !== image.digest,
    layers,
    pushBytes: total(layers.flatMap(({ delivery, bytes }) => (delivery === 'push' ? [bytes] : []))),
    pullBytes: total(layers.map(({ bytes }) => bytes)),
  }
}

function servingDigest(serving: readonly string[], host: string, repository: string) {
  const refs = serving.map((image) => parseImageRef(image))
  return refs.find((ref) => ref?.registry === host && ref.repository === repository && ref.digest !== undefined)?.digest
}

async function configurationChanges(
  archive: Archive,
  from: Revision,
  found: Revision | undefined,
  release: Release,
): Promise<readonly FieldChange[] | undefined> {
  const [before, after] = await Promise.all([
    archive.fields(from),
    found === undefined ? archive.foresee(from, release) : archive.fields(found),
  ])
  return before === undefined || after === undefined ? undefined : fieldChanges(before, after)
}

function deployedService(
  service: BuiltService,
  { surroundings: { parts }, figures, fleet }: PlanDeployRequest,
  isSettled: boolean,
  configuration: readonly FieldChange[] | undefined,
): DeployedService {
  const own = parts.find((part) => part.service === service.name) ?? (fleet.kind === 'asg' ? parts[0] : undefined)
  const { planned } = describeService(service, { base: service.base?.image, app: service.image }, figures)
  // A service of ECS whose task definition stays is not touched.
  const isTouched =
    fleet.kind === 'asg' ||
    configuration === undefined ||
    configuration.some(({ path }) => path.startsWith(`${service.name}.`))
  return { ...planned, desired: own?.desired ?? 0, moves: !isSettled && isTouched }
}

function forecastOf(
  { figures, fleet, pauses }: PlanDeployRequest,
  services: readonly DeployedService[],
  images: readonly PlannedImage[],
  imagine: Imagine,
): DeployForecast | undefined {
  const pushed = total(images.map(({ pushBytes }) => pushBytes))
  return forecastDeploy({ figures, fleet, pauses, pushed, services }, imagine)
}

function surgeOf(forecast: DeployForecast, request: PlanDeployRequest): NonNullable<DeployPlan['surge']> {
  const hours = forecast.surge / 3_600_000
  const { prices } = request
  const { rented } = request.surroundings
  const use =
    rented === undefined
      ? undefined
      : rented.kind === 'instance'
        ? { kind: 'instance' as const, type: rented.type, hours }
        : { kind: 'task' as const, vcpu: rented.vcpu, memory: rented.memory / 1e9, hours }
  const bill = use && prices && billOf([use], prices)
  return {
    extra: extraOf(forecast),
    limits: limitsOf(forecast, request),
    cost: bill?.total ?? null,
    unpriced: bill?.missing ?? [],
  }
}

const extraOf = ({ capacity: { present, desired } }: DeployForecast): number => Math.max(0, present - desired)

/** Whether the targets fit that there are beside the others for a while. */
function limitsOf(
  forecast: DeployForecast | undefined,
  { surroundings: { most }, subnets, room }: Pick<PlanDeployRequest, 'surroundings' | 'subnets' | 'room'>,
): readonly SurgeLimit[] {
  if (forecast === undefined) return []
  const { capacity } = forecast
  const extra = extraOf(forecast)
  const free = total((subnets ?? []).map((subnet) => subnet.free))
  return [
    ...(most === undefined
      ? []
      : [
          {
            name: 'maximum',
            fits: capacity.most <= most,
            detail: `up to ${capacity.most} targets, and the group may hold ${most}`,
          },
        ]),
    ...(subnets === undefined || subnets.length === 0
      ? []
      : [
          {
            name: 'addresses',
            fits: extra <= free,
            detail: `${extra} more targets at most, those that leave included, and ${free} free addresses in ${subnets.map(({ id }) => id).join(', ')}`,
          },
        ]),
    quotaLimit(extra, room),
  ]
}

/** Whether the account may have the processors of so many more targets. */
function quotaLimit(extra: number, room: PlanDeployRequest['room']): SurgeLimit {
  const name = 'vCPU quota'
  if ('unknown' in room) return { name, fits: null, detail: `not looked at: ${room.unknown}` }
  const { limit, inUse, each, isMeasured } = room
  const needed = extra * each
  const used = isMeasured
    ? `${inUse} of the account's ${limit} are in use`
    : `the account has ${limit}, its own targets take ${inUse}, and what else there is was not measured`
  return {
    name,
    // Without a measure of the account, that the fleet alone fits says little.
    fits: inUse + needed > limit ? false : isMeasured ? true : null,
    detail: `${extra} more targets at most, those that leave included, take ${needed} vCPU; ${used} (${room.name})`,
    quota: { ...room.quota, limit, inUse, needed },
  }
}
