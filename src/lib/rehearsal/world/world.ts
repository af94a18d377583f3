import type { ImageCatalog } from '../image-catalog.js'
import type { RehearsalSetup } from '../setup.js'
import { createAgenda } from './agenda.js'
import { watchAlarms } from './alarms.js'
import { seedEcs, seedEcsServices } from './ecs/seed.js'
import { nextEcsTimes, stepEcs } from './ecs/step.js'
import { nextGroupTimes, reconcileSize, replaceUnhealthy } from './group.js'
import { createLogStore } from './log-store.js'
import { emptyEfs } from './efs.js'
import { createMetricStore } from './monitoring/metrics.js'
import { measureEachMinute } from './monitoring/sample.js'
import { createRandom, type Random } from './random.js'
import { nextRefreshTimes, stepRefresh } from './refresh/step.js'
import { seedIam } from './iam.js'
import { seedSecrets } from './seed-secrets.js'
import { seedAlarms, seedGroup, seedInstances, seedTargetGroups, seedTemplate, type PreviousImages } from './seed.js'
import type { WorldState } from './state.js'
import { defaultSwitches, type Switches } from './switches.js'

export interface WorldOptions {
  readonly setup: RehearsalSetup
  readonly images: ImageCatalog
  /** What serves when the world begins: each service's repository with its digest. */
  readonly previousImages: PreviousImages
  /** Host and port of the registry as they stand in image references. */
  readonly registryHost: string
  /** Milliseconds since 1970. */
  readonly start: number
  /** The same seed, requests and times give the same world. */
  readonly seed?: number
  /** Instead of a seed. */
  readonly random?: Random
  readonly switches?: Partial<Switches>
  /** False where nobody will ask for metrics; true if absent. */
  readonly isMeasured?: boolean
}

/** Instances or tasks behind a load balancer, moved by virtual time and by nothing else. */
export interface World {
  readonly state: WorldState
  /** Lets everything happen that is due until then, in order. Going back in time does nothing. */
  advanceTo(now: number): void
}

/** A world in which the earlier release has long been serving on every instance or task. */
export function createWorld(options: WorldOptions): World {
  const state = createState(options)
  seedInstances(state, options.previousImages)
  seedEcsServices(state, options.previousImages)
  if (options.isMeasured !== false) measureEachMinute(state, options.seed ?? 1)
  let wakeAt = Infinity

  const settle = (): void => {
    while (replaceUnhealthy(state) || stepRefresh(state) || reconcileSize(state) || stepEcs(state));
    watchAlarms(state)
    const times = [...nextGroupTimes(state), ...nextRefreshTimes(state), ...nextEcsTimes(state)]
    const next = Math.min(...times.filter((time) => time > state.now))
    if (next === Infinity || (next >= wakeAt && wakeAt > state.now)) return
    wakeAt = next
    state.agenda.add(next, () => undefined)
  }

  return {
    state,
    advanceTo(time) {
      // An accelerated clock may show parts of a millisecond; AWS does not.
      const now = Math.floor(time)
      if (now < state.now) return
      state.horizon = now
      settle()
      for (let next = state.agenda.nextAt(); next !== undefined && next <= now; next = state.agenda.nextAt()) {
        const entry = state.agenda.take()
        if (entry === undefined) break
        state.now = Math.max(state.now, entry.at)
        entry.run()
        if (!entry.quiet) settle()
      }
      state.now = now
      settle()
    },
  }
}

function createState(options: WorldOptions): WorldState {
  const { setup, images, previousImages, registryHost, start, seed, random, switches } = options
  const base = {
    now: Math.floor(start),
    horizon: Math.floor(start),
    bornAt: Math.floor(start),
    setup,
    images,
    registryHost,
    random: random ?? createRandom(seed ?? 1),
    switches: { ...defaultSwitches, ...switches },
  }
  const template = seedTemplate(base, previousImages)
  const name = `${setup.app}-${setup.environment}`.slice(0, 32).replace(/-+$/, '')
  const id = base.random.hex(16)
  return {
    ...base,
    previous: new Set(Object.values(previousImages)),
    agenda: createAgenda(),
    logs: createLogStore(),
    templates: setup.group === undefined || setup.isEmpty === true ? [] : [template],
    present: {
      group: setup.group !== undefined && setup.isEmpty !== true,
      loadBalancer: setup.isEmpty !== true,
      logGroup: setup.isEmpty !== true,
    },
    group: seedGroup(setup, template, base.random.uuid()),
    ecs: seedEcs(setup),
    instances: [],
    loadBalancer: {
      arn: `arn:aws:elasticloadbalancing:${setup.region}:${setup.accountId}:loadbalancer/app/${name}/${id}`,
      name,
      dnsName: `${name}-${Number.parseInt(id.slice(0, 8), 16)}.${setup.region}.elb.amazonaws.com`,
      createdAt: template.createdAt,
    },
    targetGroups: seedTargetGroups(base),
    alarms: seedAlarms(setup, start),
    alarmHistory: [],
    metrics: createMetricStore(),
    efs: emptyEfs(),
    dashboards: new Map(),
    topics: [],
    messages: [],
    eventRules: [],
    alarmPending: false,
    iam: seedIam(setup),
    secrets: seedSecrets(setup, template.createdAt, seed ?? 1),
    activities: [],
    refreshes: [],
    commands: [],
    notices: [],
  }
}
