import { formatCount, formatDuration, formatElapsed } from '../../terminal/format.js'
import { loadWords } from '../../words/watch.js'
import type { Bar } from './chart.js'
import { countCell, timeCell, type BarChart, type Cell, type Section } from './document.js'
import type { FleetStep, StartStory, Story } from './story.js'

/** How many steps are drawn and listed at most, and how many targets. */
const most = { steps: 240, drawn: 24, listed: 200 } as const

const serving = ({ counts }: FleetStep): number => counts.old + counts.new

/** At most so many of the steps; of those that fall together, the one with the fewest that served stays. */
function fewerSteps(steps: readonly FleetStep[], limit: number): readonly FleetStep[] {
  if (steps.length <= limit) return steps
  const size = Math.ceil(steps.length / limit)
  return Array.from({ length: Math.ceil(steps.length / size) }, (_, index) =>
    steps
      .slice(index * size, (index + 1) * size)
      .reduce((least, step) => (serving(step) < serving(least) ? step : least)),
  )
}

/** How many targets stood where, over time. */
export function fleetSection({ view, fleet, startedAt, endedAt }: Story): Section | undefined {
  const [first] = fleet
  const last = fleet.at(-1)
  if (first === undefined || last === undefined) return undefined
  // Targets are seen one by one when watching begins; the dip is sought from when as many were seen as are wanted.
  const wanted = view.facts?.desired ?? view.rollout?.targets
  const full = fleet.findIndex((step) => serving(step) >= (wanted ?? 1))
  const least = fleet.slice(Math.max(0, full)).reduce((low, step) => (serving(step) < serving(low) ? step : low), last)
  const shown = fewerSteps(fleet, most.steps)
  const left = fleet.length - shown.length
  return {
    id: 'targets',
    title: 'Targets over time',
    blocks: [
      {
        kind: 'fleet',
        id: 'fleet-chart',
        title: 'Targets over the time of the run',
        description: `At the end ${formatCount(last.counts.new, 'new target')} and ${last.counts.old} old serve; the fewest that served were ${serving(least)}, ${formatDuration(least.at - startedAt)} after the start. The table below has every step.`,
        steps: shown,
        from: startedAt,
        to: endedAt,
        wanted,
      },
      {
        kind: 'table',
        caption: `Targets, step by step${left > 0 ? ` (${left} steps left out; of each group the one with the fewest serving is here)` : ''}`,
        folded: true,
        columns: [
          { title: 'After', figures: true },
          ...['Old', 'New', 'Starting', 'Failing', 'Leaving'].map((title) => ({ title, figures: true }) as const),
        ],
        rows: shown.map(({ at, counts }) => [
          { text: formatElapsed(at - startedAt), value: at - startedAt },
          ...[counts.old, counts.new, counts.starting, counts.failing, counts.leaving].map(countCell),
        ]),
      },
    ],
  }
}

/** How each new target came up: launch, models, healthy. */
export function startsSection({ starts, startedAt, endedAt }: Story): Section | undefined {
  if (starts.length === 0) return undefined
  const from = Math.min(...starts.map((start) => start.from))
  const healthy = starts.flatMap(({ healthyAt, from: since }) => (healthyAt === undefined ? [] : [healthyAt - since]))
  const slowest = healthy.length === 0 ? undefined : Math.max(...healthy)
  const shown = starts.slice(0, most.drawn)
  const listed = starts.slice(0, most.listed)
  const base = Math.min(from, endedAt)
  return {
    id: 'models',
    title: 'Model loads',
    blocks: [
      {
        kind: 'bars',
        id: 'start-chart',
        title: 'How each new target came up',
        description: `${formatCount(starts.length, 'new target')}, ${healthy.length} of them healthy${
          slowest === undefined ? '' : `, the slowest ${formatDuration(slowest)} after its launch`
        }.${starts.length > shown.length ? ` The first ${shown.length} are drawn.` : ''} The table below has each.`,
        rows: shown.map((start) => ({
          label: start.id,
          figure: healthyWords(start),
          bars: barsOf(start, base, endedAt),
        })),
        total: Math.max(1, endedAt - base),
        legend: legendOf(starts),
      },
      {
        kind: 'table',
        caption: `New targets${starts.length > listed.length ? `, the first ${listed.length} of ${starts.length}` : ''}`,
        columns: [
          { title: 'Target' },
          { title: 'Zone' },
          { title: 'Launched after', figures: true },
          { title: 'Healthy after', figures: true },
          { title: 'Models ready after', figures: true },
          { title: 'Models' },
        ],
        rows: listed.map((start) => cellsOf(start, startedAt)),
      },
    ],
  }
}

const healthyWords = ({ healthyAt, from, goneAt }: StartStory): string =>
  healthyAt === undefined
    ? goneAt === undefined
      ? 'not healthy'
      : 'gone, never healthy'
    : `healthy after ${formatDuration(healthyAt - from)}`

/** In the order of a start; what did not happen is not explained. */
const meanings = [
  ['starting', 'up', 'launched, not loading yet'],
  ['downloading', 'fetches', 'downloads models: the base image lacks them'],
  ['loading', 'loads', 'loads models'],
  ['ready', 'ready', 'models ready'],
  ['killed', 'killed', 'killed'],
] as const

function legendOf(starts: readonly StartStory[]): NonNullable<BarChart['legend']> {
  const seen = new Set<string>(['starting', ...starts.flatMap(({ states }) => states.map(({ state }) => state))])
  if (starts.some(({ healthyAt }) => healthyAt !== undefined)) seen.add('ready')
  return meanings.filter(([state]) => seen.has(state)).map(([, kind, words]) => ({ kind, words }))
}

const kinds = {
  starting: 'starting',
  downloading: 'warn',
  loading: 'loading',
  loaded: 'loading',
  ready: 'good',
  killed: 'bad',
} as const

function barsOf(start: StartStory, base: number, endedAt: number): readonly Bar[] {
  const { states, from, healthyAt, goneAt } = start
  const end = goneAt ?? endedAt
  // What its own log tells, else what the load balancer saw.
  const told: readonly { readonly state: keyof typeof kinds; readonly at: number }[] =
    states.length > 0 ? states : healthyAt === undefined ? [] : [{ state: 'ready', at: healthyAt }]
  const steps = [{ state: 'starting' as const, at: from }, ...told]
  return steps.flatMap(({ state, at }, index) => {
    const until = Math.min(end, steps[index + 1]?.at ?? end)
    return until < at
      ? []
      : [
          {
            from: at - base,
            to: until - base,
            kind: `bar ${kinds[state]}`,
            words: `${state}, ${formatDuration(until - at)}`,
          },
        ]
  })
}

function cellsOf(start: StartStory, startedAt: number): readonly Cell[] {
  const { id, zone, from, healthyAt, load } = start
  return [
    { text: id, code: true },
    { text: zone },
    from < startedAt ? { text: 'before' } : timeCell(from - startedAt),
    healthyAt === undefined ? { text: healthyWords(start) } : timeCell(healthyAt - from),
    timeCell(load?.readyAfter),
    {
      text: load === undefined ? 'no log line seen' : loadWords(load),
      ...(load !== undefined && { mark: markOf(load) }),
    },
  ]
}

const markOf = ({ state, downloads }: NonNullable<StartStory['load']>): 'good' | 'bad' | 'warn' | 'active' =>
  state === 'killed' ? 'bad' : downloads.length > 0 ? 'warn' : state === 'ready' ? 'good' : 'active'
