import type { Config, ServiceConfig } from '../config/index.js'
import type { Phase } from '../domain/phase.js'
import type { Circumstances, ShippedService } from '../domain/release-figures.js'
import { RampartError } from '../errors/rampart-error.js'
import type { Forecaster, Intended } from '../operations/timekeeper.js'
import type { Figures } from '../plan/assumptions.js'
import type { PastDeploy } from '../plan/past.js'
import type { Registry } from '../ports/registry.js'
import { paceFrom } from '../system/clock.js'

interface Options {
  readonly phases: readonly Phase[]
  readonly registry: () => Promise<Registry>
  /** True when targets are replaced whatever they are on. */
  readonly force: boolean
  readonly retries: () => number
}

/** Foretells deploys of an environment from its records, the images themselves, and the state machines. */
export function composeForecaster(config: Config, { phases, registry, force, retries }: Options): Forecaster {
  const pace = paceFrom(process.env['RAMPART_CLOCK'])
  return {
    pace,
    retries,
    async foretell(intended) {
      const [{ figuresOf }, { pastDeploys }, { learn }, { foresee }, { imagineRollout }] = await Promise.all([
        import('../plan/assumptions.js'),
        import('../plan/past.js'),
        import('../plan/learn.js'),
        import('../plan/foresee.js'),
        import('../rehearsal/imagine/rollout.js'),
      ])
      const supposed = figuresOf({})
      const past = pastDeploys(intended.records, pace)
      const found = await shippedServices(config, intended, {
        registry: await registry(),
        force,
        modelBytes: supposed.modelBytes.value,
      })
      if (found === undefined) return undefined
      const circumstances: Circumstances = {
        kind: config.environment.target.kind,
        targets: intended.targets,
        services: found,
        pushed: intended.pushed,
        rules: rulesOf(config, supposed, past[0]?.figures?.rules.warmup),
      }
      const learned = learn({ past, figures: supposed, imagine: imagineRollout, pace })
      const prediction = foresee(circumstances, phases, { learned, supposed, over: intended.over })
      const start = learned.imagined(circumstances)
      return prediction && start && { circumstances, prediction, start, usual: usualOf(past) }
    },
  }
}

/** What deploys of the environment usually send, in bytes; undefined where none has said. */
function usualOf(past: readonly PastDeploy[]): number | undefined {
  const sent = past.flatMap(({ figures }) => (figures === undefined ? [] : [figures.pushed])).toSorted((a, b) => a - b)
  return sent[Math.floor(sent.length / 2)]
}

function rulesOf(
  { environment }: Config,
  { alarmBake }: Figures,
  lastWarmup: number | undefined,
): Circumstances['rules'] {
  const { rollout, target } = environment
  const { at = [], delay = 0 } = rollout.checkpoints ?? {}
  const pauses = at.filter((percent) => percent < 100).length * delay
  const warmup = typeof rollout.warmup === 'number' ? rollout.warmup : lastWarmup
  return {
    minHealthy: rollout.minHealthy,
    maxHealthy: rollout.maxHealthy,
    bake: target.kind === 'ecs' && rollout.alarms.length > 0 && rollout.bake === 0 ? alarmBake.value : rollout.bake,
    ...(target.kind === 'asg' && warmup !== undefined && { warmup }),
    ...(pauses > 0 && { pauses }),
  }
}

interface Looking {
  readonly registry: Registry
  readonly force: boolean
  readonly modelBytes: number
}

/** What the services ship whose targets are replaced, by their images; undefined when these can not be read. */
async function shippedServices(
  config: Config,
  { release, revision, from, targets }: Intended,
  looking: Looking,
): Promise<readonly ShippedService[] | undefined> {
  const { target } = config.environment
  try {
    const all = await Promise.all(config.services.map(async (service) => shipped(service, release.images, looking)))
    const known = all.filter((one) => one !== undefined)
    if (target.kind === 'asg') return known
    const [parts, before] = [revision.number.split(','), from.number.split(',')]
    const each = Math.max(1, Math.round(targets / target.services.length))
    const moved = target.services.filter((_, index) => looking.force || parts[index] !== before[index])
    // In the order of the rollout.
    return moved.flatMap(({ name }) =>
      known.filter((one) => one.name === name).map((one) => ({ ...one, targets: each })),
    )
  } catch (error) {
    if (error instanceof RampartError) return undefined
    throw error
  }
}

async function shipped(
  { name, repository, platform, base }: ServiceConfig,
  images: Intended['release']['images'],
  { registry, modelBytes }: Looking,
): Promise<ShippedService | undefined> {
  const { openImage } = await import('../image/inspect/source.js')
  const { labelsOf, modelsOf } = await import('../image/base/labels.js')
  const digest = images.find(({ service }) => service === name)?.digest
  const image = digest && (await openImage({ registry, repository, reference: digest, name, platform }))
  if (image === undefined) return undefined
  const carried = modelsOf(labelsOf(image.config))
  const lacking = base?.models.filter(({ id }) => !carried.some((model) => model.id === id)) ?? []
  return {
    name,
    bytes: image.layers.reduce((all, { descriptor }) => all + descriptor.size, 0),
    models: carried.reduce((all, { bytes }) => all + (bytes ?? modelBytes), 0),
    fetched: lacking.length * modelBytes,
  }
}
