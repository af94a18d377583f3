import type { LoadState, ModelLoad } from '../../domain/model-load.js'
import type { Event } from '../../events/event.js'
import { fold } from '../../view/fold.js'
import { countTargets, type TargetCounts } from '../../view/standing.js'
import { initialView, type LogView, type View } from '../../view/view.js'

/** How many targets stood where from that moment on, in milliseconds since 1970. */
export interface FleetStep {
  readonly at: number
  readonly counts: TargetCounts
}

/** One new target of the run, from when it was launched or first seen. Times are milliseconds since 1970. */
export interface StartStory {
  readonly id: string
  readonly zone: string
  readonly revision: string
  readonly from: number
  /** When the load balancer first found it healthy. */
  readonly healthyAt: number | undefined
  readonly goneAt: number | undefined
  /** The last that its own log lines told of its models. */
  readonly load: ModelLoad | undefined
  /** When it entered each state of its load, in turn. */
  readonly states: readonly { readonly state: LoadState; readonly at: number }[]
}

/** What a report needs of a run beside its end: what the view forgets as the run goes on. */
export interface Story {
  readonly view: View
  readonly startedAt: number
  readonly endedAt: number
  readonly fleet: readonly FleetStep[]
  /** In the order of their launch. */
  readonly starts: readonly StartStory[]
  /** Lines that spoke of an error, the last ones. */
  readonly trouble: readonly (LogView & { readonly target: string })[]
}

/** How many lines of trouble are kept. */
const keptTrouble = 40

/** Listens to a run; events are given in their order, without secrets. */
export interface Listener {
  event(event: Event): void
  /** What is known so far. */
  story(): Story
}

/** A listener that has heard nothing yet. */
export function createListener(): Listener {
  let view = initialView
  let startedAt: number | undefined
  let trouble: Story['trouble'] = []
  const fleet: FleetStep[] = []
  const starts = new Map<string, StartStory>()

  function step(at: number): void {
    const counts = countTargets(view)
    const last = fleet.at(-1)
    if (last !== undefined && sameCounts(last.counts, counts)) return
    // What changes at the same moment is one step: nobody saw the fleet in between.
    if (last?.at === at) fleet.pop()
    fleet.push({ at, counts })
  }

  return {
    event(event) {
      view = fold(view, event)
      const at = Date.parse(event.at)
      startedAt ??= at
      switch (event.type) {
        case 'target.changed': {
          step(at)
          const { id, zone, revision, isNew, launchedAt, health } = event.target
          const known = starts.get(id)
          if (!isNew && known === undefined) return
          const from = known?.from ?? timeOf(launchedAt) ?? at
          const healthyAt = known?.healthyAt ?? (health === 'healthy' ? at : undefined)
          starts.set(id, {
            goneAt: undefined,
            load: undefined,
            states: [],
            ...known,
            id,
            zone,
            revision,
            from,
            healthyAt,
          })
          return
        }
        case 'target.gone':
          step(at)
          change(starts, event.id, () => ({ goneAt: at }))
          return
        case 'target.load':
          change(starts, event.target, ({ states }) => ({
            load: event.load,
            states: states.at(-1)?.state === event.load.state ? states : [...states, { state: event.load.state, at }],
          }))
          return
        case 'log.line':
          if (event.trouble !== true) return
          trouble = [...trouble, { target: event.target, time: event.time, text: event.text }].slice(-keptTrouble)
          return
        default:
      }
    },
    story: () => ({
      view,
      startedAt: startedAt ?? 0,
      endedAt: Math.max(startedAt ?? 0, view.lastEventAt ?? 0),
      fleet,
      starts: [...starts.values()].toSorted((a, b) => a.from - b.from || (a.id < b.id ? -1 : 1)),
      trouble,
    }),
  }
}

function change(starts: Map<string, StartStory>, id: string, to: (known: StartStory) => Partial<StartStory>): void {
  const known = starts.get(id)
  if (known !== undefined) starts.set(id, { ...known, ...to(known) })
}

function timeOf(text: string | undefined): number | undefined {
  const time = text === undefined ? Number.NaN : Date.parse(text)
  return Number.isNaN(time) ? undefined : time
}

const sameCounts = (a: TargetCounts, b: TargetCounts): boolean =>
  a.old === b.old && a.new === b.new && a.starting === b.starting && a.failing === b.failing && a.leaving === b.leaving
