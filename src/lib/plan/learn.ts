import type { Phase } from '../domain/phase.js'
import type { Circumstances } from '../domain/release-figures.js'
import type { AssumptionName, Figures } from './assumptions.js'
import type { Figure } from './figure.js'
import { fit, type Fit, type Prior } from './fit.js'
import { imagineDeploy, type ImaginedDeploy } from './imagined-deploy.js'
import { ownPhases, partsOf, supposedOf, workOf, type OwnPhase } from './own-phases.js'
import type { PastDeploy } from './past.js'
import { errorsOf, type Errors } from './range.js'
import type { Imagine } from './strategies.js'

/** What past deploys of an environment say about its next ones. */
export interface Learned {
  /** How many they are. */
  readonly runs: number
  /** How many times as fast as time their clock ran; undefined for the real one. */
  readonly pace: number | undefined
  /** The figures of a plan with what was learned in their place. */
  readonly figures: Figures
  /** What rampart's own phases take, by phase; the parts are those of {@link partsOf}. */
  readonly phases: ReadonlyMap<Phase, Fit>
  /** By what the rollout differs from its imagined course. */
  readonly rollout: Fit
  /** How far off the predictions of these deploys were. */
  readonly errors: Errors
  /** How a rollout goes in imagination under these figures; undefined when it would not end. */
  readonly imagined: (circumstances: Circumstances) => ImaginedDeploy | undefined
}

export interface Learning {
  /** The newest first. */
  readonly past: readonly PastDeploy[]
  readonly figures: Figures
  readonly imagine: Imagine
  readonly pace: number | undefined
}

/** Fewer than these are no reason to believe that what is supposed of the machines is wrong. */
const fewest = 3

const loosely: Prior = { factor: 1, doubt: 3 }
const fairly: Prior = { factor: 1, doubt: 1 }
/** Of that nothing is known: how long what leaves is drained is the load balancer's, and may be none or five minutes. */
const widely: Prior = { factor: 1, doubt: 20 }
const closely: Prior = { factor: 1, doubt: 0.3 }

/** What waiting for the platform comes to at its begin and end, where nothing is known. */
const around = 10_000

/** Learns from past deploys: rates of the machines first, then by what rollouts still differ from imagined ones. */
export function learn({ past, figures: before, imagine, pace }: Learning): Learned {
  const phases = new Map(ownPhases.map((phase) => [phase, phaseFit(phase, past, before, pace)]))
  const figures = { ...before, ...machines(past, before, imagine), ...ownFigures(past, phases, before, pace) }
  const imagined = remembering((circumstances) => imagineDeploy(circumstances, figures, imagine))
  const rollouts = past.flatMap(({ figures: seen, phases: took }) => {
    const course = seen && imagined(seen)
    const value = took.get('rollout')
    return course === undefined || value === undefined ? [] : [{ parts: rolloutParts(course, pace), value }]
  })
  return {
    runs: past.length,
    pace,
    figures,
    phases,
    rollout: fit(rollouts, [widely, closely]),
    errors: errorsOf(past),
    imagined,
  }
}

/**
 * The parts of a rollout's time for {@link Learned.rollout}; `slowness` is how many times longer than is supposed this
 * machine takes for its own work.
 */
export const rolloutParts = (
  { duration }: ImaginedDeploy,
  pace: number | undefined,
  slowness = 1,
): readonly number[] => [around + (pace === undefined ? 0 : slowness * workOf('rollout', pace)), duration]

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

function phaseFit(phase: OwnPhase, past: readonly PastDeploy[], figures: Figures, pace: number | undefined): Fit {
  const samples = past.flatMap(({ phases, figures: seen }) => {
    const waited = phase === 'release' ? (seen?.waited ?? 0) : 0
    const value = (phases.get(phase) ?? 0) - waited
    if (value <= 0 || (phase === 'push' && seen === undefined)) return []
    return [{ parts: partsOf(phase, figures, { pushed: seen?.pushed ?? 0, pace }), value }]
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
function ownFigures(
  past: readonly PastDeploy[],
  phases: ReadonlyMap<Phase, Fit>,
  figures: Figures,
  pace: number | undefined,
): Partial<Figures> {
  const learned = (phase: OwnPhase, name: AssumptionName, part: number): Partial<Figures> => {
    const { runs = 0, factors = [] } = phases.get(phase) ?? {}
    const factor = Math.max(factors[part] ?? 1, leastFactor)
    if (runs < fewest) return {}
    const value = name === 'upload' ? figures[name].value / factor : supposedOf(phase, figures, pace) * factor
    return { [name]: derived(value, runs) }
  }
  const hasSent = past.some(({ figures: seen }) => (seen?.pushed ?? 0) > 0)
  return {
    ...learned('preflight', 'preflight', 0),
    ...learned('build', 'appBuild', 0),
    ...(hasSent && learned('push', 'upload', 1)),
  }
}
