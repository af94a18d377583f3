import { formatCount, formatDuration } from '../../terminal/format.js'
import { signs } from '../page.js'
import type { PhaseView } from '../../view/view.js'
import { unicodeGlyphs } from '../../terminal/glyphs.js'
import type { BarRow } from './chart.js'
import { timeCell, type Cell, type Mark, type Section } from './document.js'
import type { Story } from './story.js'

const marks = {
  waiting: 'waiting',
  running: 'active',
  done: 'good',
  failed: 'bad',
  skipped: 'skip',
} as const satisfies Record<PhaseView['state'], Mark>

const words = {
  waiting: 'not reached',
  running: 'not finished',
  done: 'done',
  failed: 'failed',
  skipped: 'skipped',
} as const satisfies Record<PhaseView['state'], string>

/** How long a phase took, or had taken when the run ended; undefined for one that never began. */
export function phaseTime({ startedAt, duration }: PhaseView, endedAt: number): number | undefined {
  return duration ?? (startedAt === undefined ? undefined : Math.max(0, endedAt - startedAt))
}

/** Each phase with its time, as a chart over the time of the run and as a table. */
export function phasesSection({ view, startedAt, endedAt }: Story): Section | undefined {
  const { phases } = view
  if (phases.length === 0) return undefined
  const total = view.ending?.duration ?? endedAt - startedAt
  const span = Math.max(1, total, endedAt - startedAt)
  const began = phases.filter((phase) => phase.startedAt !== undefined)
  const longest = began.reduce<PhaseView | undefined>(
    (most, phase) =>
      most === undefined || (phaseTime(phase, endedAt) ?? 0) > (phaseTime(most, endedAt) ?? 0) ? phase : most,
    undefined,
  )
  return {
    id: 'phases',
    title: 'Phases',
    brief: true,
    blocks: [
      {
        kind: 'bars',
        id: 'phase-chart',
        title: 'Phases over the time of the run',
        description: `${formatCount(began.length, 'phase')} in ${formatDuration(total)}${
          longest === undefined
            ? ''
            : `; the longest is ${longest.phase} with ${formatDuration(phaseTime(longest, endedAt) ?? 0)}`
        }. The table below has every figure.`,
        rows: phases.map((phase) => rowOf(phase, startedAt, endedAt)),
        total: span,
      },
      {
        kind: 'table',
        caption: 'Phases of the run',
        columns: [
          { title: 'Phase' },
          { title: 'Outcome' },
          { title: 'Time', figures: true },
          { title: 'Share', figures: true },
          { title: 'What came of it' },
        ],
        rows: [
          ...phases.map((phase) => cellsOf(phase, total, endedAt)),
          [{ text: 'total' }, { text: '' }, { text: formatDuration(total), value: total }, { text: '' }, { text: '' }],
        ],
      },
    ],
  }
}

function rowOf(phase: PhaseView, startedAt: number, endedAt: number): BarRow {
  const time = phaseTime(phase, endedAt)
  const sign = unicodeGlyphs[signs[phase.state].glyph]
  const took = time === undefined || phase.state === 'skipped' ? words[phase.state] : formatDuration(time)
  const from = (phase.startedAt ?? 0) - startedAt
  return {
    label: `${sign} ${phase.phase} ${words[phase.state]}`,
    figure: took === words[phase.state] ? '' : took,
    bars:
      phase.startedAt === undefined || time === undefined
        ? []
        : [{ from, to: from + time, kind: `bar ${marks[phase.state]}`, words: `${phase.phase}: ${took}` }],
  }
}

function cellsOf(phase: PhaseView, total: number, endedAt: number): readonly Cell[] {
  const time = phaseTime(phase, endedAt)
  return [
    { text: phase.phase },
    { text: words[phase.state], mark: marks[phase.state] },
    timeCell(time),
    { text: time === undefined || !(total > 0) ? '-' : `${Math.round((100 * time) / total)} %` },
    { text: phase.detail ?? '' },
  ]
}
