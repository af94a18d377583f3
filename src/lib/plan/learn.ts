import type { Phase } from '../domain/phase.js'
import type { Circumstances } from '../domain/release-figures.js'
import type { AssumptionName, Figures } from './assumptions.js'
import type { Figure } from './figure.js'
import { fit, type Fit, type Prior } from './fit.js'
import { imagineDeploy, type ImaginedDeploy } from './imagined-deploy.js'
import type { PastDeploy } from './past.js'
import type { Imagine } from './strategies.js'

/** What past deploys of an environment say about its next ones. */
export interface Learned {
  /** How many they are. */
  readonly runs: number
  /** The figures of a plan with what was learned in their place. */
  readonly figures: Figures
  /** What rampart's own phases take, by phase; the parts are those of {@link partsOf}. */
  readonly phases: ReadonlyMap<Phase, Fit>
  /** By what the rollout differs from its imagined course. */
  readonly rollout: Fit
  /** How a rollout goes in imagination under these figures; undefined when it would not end. */
  readonly imagined: (circumstances: Circumstances) => ImaginedDeploy | undefined
}

export interface Learning {
  /** The newest first. */
  readonly past: readonly PastDeploy[]
  readonly figures: Figures
  readonly imagine: Imagine
}

/** Fewer than these are no reason to believe that what is supposed of the machines is wrong. */
const fewest = 3

/** What the machine that runs rampart does, where nothing is known, in milliseconds; what a plan supposes is elsewhere. */
const supposed = { push: 1000, release: 1500, baseline: 5000, proof: 3000, verify: 10_000, tags: 2000 } as const

const ownPhases = ['preflight', 'build', 'push', 'release', 'baseline', 'proof', 'verify', 'tags'] as const
type OwnPhase = (typeof ownPhases)[number]

/** True for a phase that takes what rampart itself does. */
export const isOwnPhase = (phase: Phase): phase is OwnPhase => (ownPhases as readonly Phase[]).includes(phase)

function supposedOf(phase: OwnPhase, figures: Figures): number {
  if (phase === 'preflight') return figures.preflight.value
  return phase === 'build' ? figures.appBuild.value : supposed[phase]
}

/** What the time of a phase is made of, in milliseconds as it is supposed: its work, and for a push what goes out. */
export function partsOf(phase: Phase, figures: Figures, { pushed }: Pick<Circumstances, 'pushed'>): readonly number[] {
  if (!isOwnPhase(phase)) return []
  const own = supposedOf(phase, figures)
  return phase === 'push' ? [own, (1000 * pushed) / figures.upload.value] : [own]
}

const loosely: Prior = { factor: 1, doubt: 3 }
const fairly: Prior = { factor: 1, doubt: 1 }
/** Of that nothing is known: how long what leaves is drained is the load balancer's, and may be none or five minutes. */
const widely: Prior = { factor: 1, doubt: 20 }
const closely: Prior = { factor: 1, doubt: 0.3 }

/** What waiting for the platform comes to at its begin and end, where nothing is known. */
const around = 10_000

/** Learns from past deploys: rates of the machines first, then by what rollouts still differ from imagined ones. */
export function learn({ past, figures: before, imagine }: Learning): Learned {
  const phases = new Map(ownPhases.map((phase) => [phase, phaseFit(phase, past, before)]))
  const figures = { ...before, ...machines(past, before, imagine), ...ownFigures(past, phases, before) }
  const imagined = remembering((circumstances) => imagineDeploy(circumstances, figures, imagine))
  const rollouts = past.flatMap(({ figures: seen, phases: took }) => {
    const course = seen && imagined(seen)
    const value = took.get('rollout')
    return course === undefined || value === undefined ? [] : [{ parts: [around, course.duration], value }]
  })
  return { runs: past.length, figures, phases, rollout: fit(rollouts, [widely, closely]), imagined }
}

/** The parts of a rollout's time for {@link Learned.rollout}. */
export const rolloutParts = ({ duration }: ImaginedDeploy): readonly number[] => [around, duration]

/** The same circumstances go the same way each time, and most deploys of an environment have the same. */
function remembering(
  run: (circumstances: Circumstances) => ImaginedDeploy | undefined,
): (circumstances: Circumstances) => ImaginedDeploy | undefined {
  const known = new Map<string, ImaginedDeploy | undefined>()
  return ({ kind, targets, services, rules }) => {
    const key = JSON.stringify([kind, targets, services, rules])
    if (!known.has(key)) known.set(key, run({ kind, targets, services, rules, pushed: 0 }))
    return known.get(key)
  }
}

function phaseFit(phase: OwnPhase, past: readonly PastDeploy[], figures: Figures): Fit {
  const samples = past.flatMap(({ phases, figures: seen }) => {
    const waited = phase === 'release' ? (seen?.waited ?? 0) : 0
    const value = (phases.get(phase) ?? 0) - waited
    if (value <= 0 || (phase === 'push' && seen === undefined)) return []
    return [{ parts: partsOf(phase, figures, seen ?? { pushed: 0 }), value }]
  })
  return fit(samples, phase === 'push' ? [loosely, loosely] : [loosely])
}

const derived = (value: number, runs: number): Figure => ({ value, basis: 'derived', from: `${runs} earlier deploys` })

/** How fast the machines are, by how their starts were measured; nothing where they are few. */
function machines(past: readonly PastDeploy[], figures: Figures, imagine: Imagine): Partial<Figures> {
  const starts = past.flatMap(({ figures: seen }) =>
    seen?.starts === undefined ? [] : [{ seen, starts: seen.starts }],
  )
  if (starts.length < fewest) return {}
  const { launch, boot, taskProvisioning, download, unpack, modelLoad, modelDownload } = figures
  const isGroup = starts[0]?.seen.kind === 'asg'
  const begin = isGroup ? launch.value + boot.value : taskProvisioning.value
  const samples = starts.map(({ seen, starts: { ready } }) => {
    // Of a cluster, each target runs one service, and the slowest ones are those of the heaviest.
    const of = (pick: (service: Circumstances['services'][number]) => number): number =>
      isGroup ? seen.services.reduce((all, service) => all + pick(service), 0) : Math.max(...seen.services.map(pick))
    const pull = (1000 * of(({ bytes }) => bytes)) / Math.min(download.value, unpack.value)
    const load = (1000 * of(({ models }) => models)) / modelLoad.value
    const fetch = (1000 * of(({ fetched }) => fetched)) / modelDownload.value
    return { parts: [begin, pull, load, fetch], value: isGroup ? ready.p50 : ready.p95 }
  })
  const over = aroundStarts(starts[0]?.seen, samples[0]?.parts, figures, imagine)
  const { factors, runs } = fit(
    samples.map(({ parts: [first = 0, ...others], value }) => ({ parts: [first + over, ...others], value })),
    [fairly, fairly, fairly, fairly],
  )
  const [first = 1, pulled = 1, loaded = 1, fetched = 1] = factors.map((factor) => Math.max(factor, leastFactor))
  const begun = Math.max(leastFactor, ((begin + over) * first - over) / begin)
  const slower = (figure: Figure, factor: number): Figure => derived(figure.value * factor, runs)
  const faster = (figure: Figure, factor: number): Figure => derived(figure.value / factor, runs)
  return {
    ...(isGroup
      ? { launch: slower(launch, begun), boot: slower(boot, begun) }
      : { taskProvisioning: slower(taskProvisioning, begun) }),
    download: faster(download, pulled),
    unpack: faster(unpack, pulled),
    modelLoad: faster(modelLoad, loaded),
    modelDownload: faster(modelDownload, fetched),
  }
}

/** What the state machines add to a start beside its parts, e.g. until a health check has looked. */
function aroundStarts(
  seen: Circumstances | undefined,
  parts: readonly number[] = [],
  figures: Figures,
  imagine: Imagine,
): number {
  const course = seen && imagineDeploy(seen, figures, imagine)
  if (seen === undefined || course === undefined) return 0
  const all = parts.reduce((sum, part) => sum + part, 0)
  return Math.max(0, (seen.kind === 'asg' ? course.ready : course.slowest) - all)
}

/** No machine is so much faster than what is supposed. */
const leastFactor = 0.05

/** What the phases say about the figures of a plan; nothing where they are few. */
function ownFigures(past: readonly PastDeploy[], phases: ReadonlyMap<Phase, Fit>, figures: Figures): Partial<Figures> {
  const learned = (phase: Phase, name: AssumptionName, part: number): Partial<Figures> => {
    const { runs = 0, factors = [] } = phases.get(phase) ?? {}
    const factor = Math.max(factors[part] ?? 1, leastFactor)
    if (runs < fewest) return {}
    const { value } = figures[name]
    return { [name]: derived(name === 'upload' ? value / factor : value * factor, runs) }
  }
  const hasSent = past.some(({ figures: seen }) => (seen?.pushed ?? 0) > 0)
  return {
    ...learned('preflight', 'preflight', 0),
    ...learned('build', 'appBuild', 0),
    ...(hasSent && learned('push', 'upload', 1)),
  }
}
