import type { Phase } from '../domain/phase.js'
import type { Event } from '../events/event.js'
import { isGoingBack } from './standing.js'
import type { CheckView, ImageView, LogView, PhaseView, RolloutView, View } from './view.js'

/** How many of the last lines of one target are kept, and of how many targets. */
export const logBounds = { lines: 10, targets: 32 } as const

type Of<T extends Event['type']> = Extract<Event, { readonly type: T }>

/** How many of the last lines of a hook are kept while it runs. */
const hookLines = 3

/** The view after the event. Total: any event in any order gives a view; a type unknown here only moves the time. */
export function fold(view: View, event: Event): View {
  const at = Date.parse(event.at)
  return { ...view, lastEventAt: at, ...changes(view, event, at) }
}

function changes(view: View, event: Event, at: number): Partial<View> {
  switch (event.type) {
    case 'run.started':
      return startRun(view, event, at)
    case 'phase.started':
      return { phases: startPhase(view.phases, event.phase, at) }
    case 'phase.finished':
      return { phases: finishPhase(view.phases, event) }
    case 'check.done':
      return { checks: [...view.checks, checkOf(view, event)] }
    case 'stack.planned':
      return { stack: { ...pick(event, 'stack', 'operation', 'changes'), resources: new Map() } }
    case 'stack.changed':
      return { stack: moveStack(view, event) }
    case 'plan.made':
      return {
        plan: { ...pick(event, 'release', 'from', 'targets'), estimate: event.estimate, prediction: event.prediction },
      }
    case 'image.step':
      return {
        images: updateImage(view, event.service, { step: event.step, detail: event.detail, download: undefined }),
      }
    case 'model.progress':
      return { images: updateImage(view, event.service, { download: pick(event, 'model', 'received', 'total') }) }
    case 'layer.progress':
      return { images: updateImage(view, event.service, { layers: moveLayer(view, event) }) }
    case 'image.pushed':
      return { images: updateImage(view, event.service, { layers: new Map(), pushed: pushedOf(event) }) }
    case 'lock.waiting':
      return { waitsFor: event.holder }
    case 'lock.acquired':
      return { waitsFor: undefined }
    case 'release.recorded':
      return { release: pick(event, 'release', 'revision', 'reused') }
    case 'rollout.started':
      return {
        rollout: { ...rolloutOf(view, event.id, at), ...pick(event, 'attached', 'group', 'targets') },
        checkpoint: view.rollout?.id === event.id ? view.checkpoint : undefined,
      }
    case 'rollout.progress':
      return {
        rollout: {
          ...rolloutOf(view, event.id, at),
          ...pick(event, 'status', 'percentage', 'remaining'),
          reason: event.reason,
        },
        // What was foretold was the way there.
        forecast: turnsBack(view, event) ? undefined : view.forecast,
      }
    case 'rollout.finished':
      return {
        rollout: { ...rolloutOf(view, event.id, at), ...pick(event, 'status', 'outcome'), reason: event.reason },
        cause: event.cause ?? view.cause,
        // It is over: there is nothing left to foretell.
        forecast: undefined,
      }
    case 'target.changed':
      return {
        targets: withEntry(view.targets, event.target.id, {
          target: event.target,
          note: event.note,
          wasHealthy: event.target.health === 'healthy' || view.targets.get(event.target.id)?.wasHealthy === true,
          changedAt: at,
        }),
      }
    case 'target.gone':
      return removeTarget(view, event.id)
    case 'fleet.seen':
      return { facts: event.facts }
    case 'target.load':
      return {
        loads: withEntry(view.loads, event.target, event.load),
        downloads: [...new Set([...view.downloads, ...event.load.downloads])],
      }
    case 'cause':
      return { cause: event.cause }
    case 'forecast':
      return { forecast: { ...event.forecast, madeAt: at } }
    case 'warmup.advice':
      return { advice: event.advice }
    case 'checkpoint':
      return { checkpoint: pick(event, 'percentage', 'detail') }
    case 'alarm':
      return { alarms: withEntry(view.alarms, event.name, event.state) }
    case 'log.line':
      return { logs: addLog(view.logs, event.target, pick(event, 'time', 'text')) }
    case 'hook.started':
      return { hook: { hook: event.hook, startedAt: at, lines: [] } }
    case 'hook.line':
      return { hook: addHookLine(view, event) }
    case 'hook.finished':
      return { hook: undefined }
    case 'notice.sent':
      return {}
    case 'warning':
      return { warnings: [...view.warnings, { message: event.message, next: event.next ?? [] }] }
    case 'proof':
      return { proof: pick(event, 'targets', 'proved', 'total') }
    case 'prediction.compared':
      return { predicted: event.result }
    case 'verified':
      return { verification: pick(event, 'checks', 'criteria') }
    case 'detached':
      return { detached: pick(event, 'goesOn', 'comeBack') }
    case 'run.finished':
      return {
        ending: {
          ...pick(event, 'ending', 'exitCode', 'message', 'next', 'duration'),
          problems: event.problems ?? [],
        },
      }
    default:
      return unknownType(event)
  }
}

function checkOf({ phases }: View, event: Of<'check.done'>): CheckView {
  const { phase } = phases.findLast(({ state }) => state === 'running') ?? {}
  return { ...pick(event, 'name', 'result', 'detail'), phase, remedy: event.remedy }
}

function moveStack({ stack }: View, event: Of<'stack.changed'>): NonNullable<View['stack']> {
  const before = stack ?? { stack: event.stack, operation: undefined, changes: [], resources: new Map() }
  const seen = { ...pick(event, 'resourceType', 'status'), reason: event.reason }
  return { ...before, resources: withEntry(before.resources, event.resource, seen) }
}

/** Holds the compiler to every type; at run time, a stream of a newer rampart may have others. */
function unknownType(_event: never): Partial<View> {
  return {}
}

function pick<T extends object, K extends keyof T>(from: T, ...keys: readonly K[]): Pick<T, K> {
  return Object.fromEntries(keys.map((key) => [key, from[key]])) as Pick<T, K>
}

/** The hook that runs, with what it wrote last. */
function addHookLine({ hook }: View, event: Of<'hook.line'>): View['hook'] {
  return hook && { ...hook, lines: [...hook.lines, event.text].slice(-hookLines) }
}

function withEntry<K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> {
  return new Map(map).set(key, value)
}

function startRun(view: View, event: Of<'run.started'>, at: number): Partial<View> {
  const announced = (event.phases ?? []).filter((phase) => view.phases.every((known) => known.phase !== phase))
  return {
    run: {
      ...pick(event, 'command', 'app', 'environment', 'simulated'),
      simulation: event.simulation,
      startedAt: at,
    },
    phases: [...view.phases, ...[...new Set(announced)].map(waitingPhase)],
  }
}

function waitingPhase(phase: Phase): PhaseView {
  return { phase, state: 'waiting', startedAt: undefined, duration: undefined, detail: undefined }
}

function replacePhase(phases: readonly PhaseView[], next: PhaseView): readonly PhaseView[] {
  return phases.some((known) => known.phase === next.phase)
    ? phases.map((known) => (known.phase === next.phase ? next : known))
    : [...phases, next]
}

function startPhase(phases: readonly PhaseView[], phase: Phase, at: number): readonly PhaseView[] {
  return replacePhase(phases, { ...waitingPhase(phase), state: 'running', startedAt: at })
}

function finishPhase(phases: readonly PhaseView[], event: Of<'phase.finished'>): readonly PhaseView[] {
  const started = phases.find((known) => known.phase === event.phase)?.startedAt
  return replacePhase(phases, {
    phase: event.phase,
    state: event.outcome,
    startedAt: started,
    duration: event.duration,
    detail: event.detail,
  })
}

function imageOf(view: View, service: string): ImageView {
  return (
    view.images.get(service) ?? {
      service,
      step: undefined,
      detail: undefined,
      download: undefined,
      layers: new Map(),
      pushed: undefined,
    }
  )
}

function updateImage(view: View, service: string, change: Partial<ImageView>): View['images'] {
  return withEntry(view.images, service, { ...imageOf(view, service), ...change })
}

function moveLayer(view: View, event: Of<'layer.progress'>): ImageView['layers'] {
  return withEntry(imageOf(view, event.service).layers, event.digest, pick(event, 'sent', 'total'))
}

function pushedOf(event: Of<'image.pushed'>): ImageView['pushed'] {
  return pick(event, 'repository', 'digest', 'tags', 'layerBytes', 'uploadedLayerBytes', 'unchanged')
}

function turnsBack({ rollout }: View, { status }: Of<'rollout.progress'>): boolean {
  return isGoingBack({ status }) && !isGoingBack({ status: rollout?.status })
}

/** What is known of that rollout; of another one than before, nothing is. */
function rolloutOf(view: View, id: string, at: number): RolloutView {
  if (view.rollout?.id === id) return view.rollout
  return {
    id,
    attached: false,
    group: undefined,
    targets: undefined,
    startedAt: at,
    status: undefined,
    percentage: undefined,
    remaining: undefined,
    reason: undefined,
    outcome: undefined,
  }
}

function removeTarget(view: View, id: string): Partial<View> {
  const targets = new Map(view.targets)
  targets.delete(id)
  const loads = new Map(view.loads)
  loads.delete(id)
  return { targets, loads, gone: view.gone + 1 }
}

function addLog(logs: View['logs'], target: string, line: LogView): View['logs'] {
  const next = new Map(logs)
  const lines = [...(next.get(target) ?? []), line].slice(-logBounds.lines)
  // Set anew, so that the target that was silent longest comes first and goes first.
  next.delete(target)
  next.set(target, lines)
  const [oldest] = next.keys()
  if (next.size > logBounds.targets && oldest !== undefined) next.delete(oldest)
  return next
}
