import type { Phase } from '../../domain/phase.js'
import type { ReleaseRecord } from '../../domain/release-record.js'
import { formatDuration } from '../../terminal/format.js'
import { noBackground, type Background } from './background.js'
import { momentText, timeCell, type Cell, type Mark, type Section } from './document.js'
import { phaseTime } from './phases-section.js'
import type { Story } from './story.js'

/** How many earlier releases are listed, and how many the usual time rests on. */
const most = { listed: 10, compared: 20 } as const

type Timed = ReleaseRecord & { readonly phases: NonNullable<ReleaseRecord['phases']> }

const totalOf = ({ phases }: Timed): number => phases.reduce((sum, { duration }) => sum + duration, 0)

const isTimed = (record: ReleaseRecord): record is Timed => (record.phases?.length ?? 0) > 0

function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle]
  const lower = sorted[sorted.length % 2 === 0 ? middle - 1 : middle]
  return upper === undefined || lower === undefined ? undefined : (upper + lower) / 2
}

const outcomes: ReadonlyMap<string, readonly [Mark, string]> = new Map([
  ['done', ['good', 'done']],
  ['unknown', ['warn', 'outcome unknown']],
  ['rolledBack', ['bad', 'rolled back']],
  ['attention', ['bad', 'needs attention']],
  ['verification', ['bad', 'not verified']],
  ['preflight', ['bad', 'refused by the platform']],
])

/** The record of what this run is about: its own, or that of the rollout which it has watched. */
function recordOf({ view }: Story, { earlier, own }: Background): ReleaseRecord | undefined {
  const { rollout } = view
  if (own !== undefined || rollout === undefined || typeof earlier === 'string') return own
  return earlier.find((record) => record.rollout === rollout.id)
}

/** This run beside those before it: phase by phase, then each release. */
export function earlierSection(story: Story, background: Background): Section | undefined {
  const { view, endedAt } = story
  const { earlier } = background
  const command = view.run?.command
  const isWatching = command === 'monitor' && view.rollout !== undefined
  // Only what releases is compared with releases, and what watches one that does.
  if (command !== 'deploy' && command !== 'rollback' && !isWatching) return undefined
  const frame = { id: 'earlier', title: 'Earlier releases', brief: true } as const
  if (typeof earlier === 'string') {
    // Whoever watches a recording has no ledger beside it, and misses none.
    return isWatching && earlier === noBackground.earlier
      ? undefined
      : { ...frame, blocks: [{ kind: 'note', text: `Not compared: ${earlier}.` }] }
  }
  const own = recordOf(story, background)
  const others = earlier.filter(({ number }) => own === undefined || number < own.number)
  if (others.length === 0) return { ...frame, blocks: [{ kind: 'note', text: 'There is none in the ledger yet.' }] }
  const kind = own?.kind ?? (command === 'rollback' ? 'rollback' : 'deploy')
  const compared = others
    .filter((one) => one.kind === kind && one.ending === 'done')
    .filter(isTimed)
    .slice(0, most.compared)
  // Whoever watches has seen a part of it, of whatever length.
  const times = isWatching
    ? own && isTimed(own)
      ? new Map(own.phases.map(({ phase, duration }) => [phase, duration]))
      : undefined
    : new Map(view.phases.map((phase) => [phase.phase, phaseTime(phase, endedAt)]))
  const listed = others.slice(0, most.listed)
  return {
    ...frame,
    blocks: [
      ...(compared.length === 0 ? [] : [times === undefined ? notTimed : comparison(times, compared)]),
      {
        kind: 'table',
        caption:
          listed.length < others.length
            ? `The last ${listed.length} of ${others.length} releases`
            : 'Releases before this one',
        columns: [
          { title: 'Release' },
          { title: 'Started' },
          { title: 'Outcome' },
          { title: 'Proved' },
          { title: 'Time', figures: true },
          { title: 'Source' },
        ],
        rows: listed.map((record) => [
          { text: `#${record.number} ${record.release.id}${record.kind === 'rollback' ? ' (rollback)' : ''}` },
          { text: momentText(Date.parse(record.startedAt)) },
          outcomeCell(record),
          { text: record.proof === undefined ? '-' : `${record.proof.proved} of ${record.proof.total}` },
          timeCell(isTimed(record) ? totalOf(record) : undefined),
          {
            text:
              record.source === undefined
                ? '-'
                : `${record.source.commit.slice(0, 7)} ${record.source.subject}`.trimEnd(),
          },
        ]),
      },
    ],
  }
}

function outcomeCell({ ending }: ReleaseRecord): Cell {
  if (ending === undefined) return { text: 'not seen to end', mark: 'warn' }
  const [mark, text] = outcomes.get(ending) ?? ['warn', ending]
  return { text, mark }
}

const notTimed = {
  kind: 'note',
  text: 'Not compared phase by phase: what was watched has no times on record yet.',
} as const

function comparison(
  own: ReadonlyMap<Phase, number | undefined>,
  compared: readonly Timed[],
): Section['blocks'][number] {
  const [previous] = compared
  const timeIn = (record: Timed | undefined, wanted: string): number | undefined =>
    record?.phases.find(({ phase }) => phase === wanted)?.duration
  const phases = [...new Set([...own.keys(), ...compared.flatMap((record) => record.phases.map(({ phase }) => phase))])]
  const rows = phases.flatMap((phase) => {
    const now = own.get(phase)
    const usual = median(compared.map((record) => timeIn(record, phase)).filter((time) => time !== undefined))
    if (now === undefined && usual === undefined) return []
    return [
      [
        { text: phase },
        timeCell(now),
        timeCell(timeIn(previous, phase)),
        timeCell(usual),
        { text: differenceWords(now, usual) },
      ],
    ]
  })
  const total = [...own.values()].reduce<number>((sum, time) => sum + (time ?? 0), 0)
  const usual = median(compared.map(totalOf))
  return {
    kind: 'table',
    caption: `Phase by phase; usual is the median of ${compared.length} that ended well`,
    columns: [
      { title: 'Phase' },
      { title: 'This run', figures: true },
      { title: `Before (#${previous?.number ?? '-'})`, figures: true },
      { title: 'Usual', figures: true },
      { title: 'Difference', figures: true },
    ],
    rows: [
      ...rows,
      [
        { text: 'all phases' },
        timeCell(total),
        timeCell(previous && totalOf(previous)),
        timeCell(usual),
        { text: differenceWords(total, usual) },
      ],
    ],
  }
}

/** `12s longer`, `1m 02s shorter`, `the same`; of what one side lacks nothing is said. */
export function differenceWords(now: number | undefined, usual: number | undefined): string {
  if (now === undefined || usual === undefined) return '-'
  const difference = now - usual
  if (Math.abs(difference) < Math.max(500, 0.02 * usual)) return 'the same'
  return `${formatDuration(Math.abs(difference))} ${difference > 0 ? 'longer' : 'shorter'}`
}
