import type { Digest } from '../../../src/lib/domain/digest.js'
import type { CatalogImage, ImageCatalog } from '../../../src/lib/rehearsal/image-catalog.js'
import type { RehearsalSetup, RehearsedGroup } from '../../../src/lib/rehearsal/setup.js'
import { addVersion } from '../../../src/lib/rehearsal/world/launch-templates.js'
import { startRefresh } from '../../../src/lib/rehearsal/world/refresh/requests.js'
import type { Refresh } from '../../../src/lib/rehearsal/world/refresh/refresh.js'
import { liveInstances } from '../../../src/lib/rehearsal/world/state.js'
import type { Switches } from '../../../src/lib/rehearsal/world/switches.js'
import { writeUserData } from '../../../src/lib/rehearsal/world/user-data.js'
import { createWorld, type World } from '../../../src/lib/rehearsal/world/world.js'
import type { RefreshPreferences } from '@aws-sdk/client-auto-scaling'

export const start = Date.parse('2026-11-22T09:00:00Z')
export const registryHost = '127.0.0.1:4599'

const digest = (letter: string): Digest => `sha256:${letter.repeat(64)}`

const models = [
  { id: 'protectai/deberta-v3-base-prompt-injection-v2', revision: 'e6535ca4', bytes: 739_000_000 },
  { id: 'knowledgator/gliner-pii-edge-v1.0', revision: '1d1b8d4f', bytes: 197_000_000 },
]

const layers = (letter: string): CatalogImage['layers'] => [
  { digest: digest('0'), size: 50_000_000 },
  { digest: digest('1'), size: 700_000_000 },
  { digest: digest('2'), size: 739_000_000 },
  { digest: digest('3'), size: 197_000_000 },
  { digest: digest(letter), size: 2_000_000 },
]

export const previous = { 'rampart-backend': digest('a'), 'rampart-frontend': digest('b') }
export const next = { 'rampart-backend': digest('c'), 'rampart-frontend': digest('d') }

const image = (letter: string, labels: Record<string, string> = {}): CatalogImage => ({
  digest: digest(letter),
  layers: layers(letter),
  labels,
  user: 'app',
  exposedPorts: [],
})

export const catalogImages: Readonly<Record<string, CatalogImage>> = {
  [`rampart-backend@${digest('a')}`]: image('a', { 'rampart.models': JSON.stringify(models) }),
  [`rampart-frontend@${digest('b')}`]: image('b'),
  [`rampart-backend@${digest('c')}`]: image('c', { 'rampart.models': JSON.stringify(models) }),
  [`rampart-frontend@${digest('d')}`]: image('d'),
  [`rampart-backend@${digest('e')}`]: image('e'),
}

const catalog: ImageCatalog = { find: (repository, reference) => catalogImages[`${repository}@${reference}`] }

type Changes = Partial<Omit<RehearsalSetup, 'group' | 'ecs'>> & { readonly group?: RehearsedGroup }

export function setupOf(desired = 4, changes: Changes = {}): RehearsalSetup {
  return {
    app: 'rampart-ai',
    environment: 'production',
    region: 'us-west-2',
    accountId: '123456789012',
    group: { name: 'rampart-production-asg', desired, min: Math.min(desired, 2), max: desired * 2 + 2 },
    logGroup: '/rampart/production',
    alarms: ['errors', 'latency'],
    services: [
      {
        name: 'backend',
        repository: 'rampart-backend',
        base: { repository: 'rampart-backend-base', tag: 'f1', models, labels: {} },
        livePath: '/api/v1/health',
        readyPath: '/api/v1/health/ready',
        port: 8000,
      },
      { name: 'frontend', repository: 'rampart-frontend', livePath: '/', readyPath: '/', port: 3000 },
    ],
    ...changes,
  }
}

export function createTestWorld(
  options: { desired?: number; seed?: number; switches?: Partial<Switches>; setup?: Changes } = {},
): World {
  return createWorld({
    setup: setupOf(options.desired, options.setup),
    images: catalog,
    previousImages: previous,
    registryHost,
    start,
    seed: options.seed ?? 1,
    switches: { trafficSeconds: 0, ...options.switches },
  })
}

/** Adds the launch-template version of the next release (or of other digests); its number as text. */
export function releaseVersion(world: World, digests: Readonly<Record<string, Digest>> = next): string {
  const { state } = world
  const [template] = state.templates
  if (template === undefined) throw new Error('no template')
  const userData = Buffer.from(writeUserData(state.setup, registryHost, digests)).toString('base64')
  const version = addVersion(state, template, {
    source: '7',
    description: 'next',
    data: { UserData: userData },
    token: undefined,
  })
  return String(version.number)
}

/** Starts a refresh to that version. */
export function refreshTo(world: World, version: string, preferences: RefreshPreferences = {}): Refresh {
  return startRefresh(world.state, {
    AutoScalingGroupName: world.state.group.name,
    DesiredConfiguration: {
      LaunchTemplate: { LaunchTemplateId: world.state.group.template.id, Version: version },
    },
    Preferences: preferences,
  })
}

/** Advances by so many seconds. */
export function pass(world: World, seconds: number): void {
  world.advanceTo(world.state.now + seconds * 1000)
}

/** Advances in steps until the condition holds; how many seconds that took. Fails after the limit. */
export function passUntil(world: World, condition: () => boolean, limit = 7200, step = 1): number {
  const from = world.state.now
  while (!condition()) {
    if (world.state.now - from > limit * 1000) throw new Error('the condition never held')
    pass(world, step)
  }
  return (world.state.now - from) / 1000
}

const ends = new Set(['Successful', 'Failed', 'Cancelled', 'RollbackSuccessful', 'RollbackFailed'])

export const hasEnded = (refresh: Refresh): boolean => ends.has(refresh.status)

/** How many instances count towards the group's size, by launch-template version. */
export function fleet(world: World): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { template } of liveInstances(world.state.group)) {
    counts[template.version] = (counts[template.version] ?? 0) + 1
  }
  return counts
}
