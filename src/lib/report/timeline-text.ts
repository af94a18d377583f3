import { timelineRows, totalOf, type TimelineStep } from '../domain/timeline.js'
import { formatDuration } from '../terminal/format.js'
import type { Page } from './page.js'

const time = (duration: number | undefined): string =>
  duration === undefined ? 'not reached' : formatDuration(duration)

/** The phases of a first release with their durations, beside what they are planned with by hand. */
export function timelineText(steps: readonly TimelineStep[], { paint }: Page, simulation: string): string {
  const rows = timelineRows(steps)
  const planned = rows.reduce((all, row) => all + row.planned, 0)
  const lines = [
    ['Phase', 'Time', 'By hand', 'What'],
    ...rows.map(({ phase, duration, planned: minutes, commands }) => [
      phase,
      time(duration),
      formatDuration(minutes),
      commands.join(', '),
    ]),
    ['Total', time(totalOf(rows)), formatDuration(planned), ''],
  ]
  const width = (column: number): number => Math.max(...lines.map((line) => line[column]?.length ?? 0))
  const widths = [width(0), width(1), width(2)]
  const table = lines.map(([phase = '', took = '', byHand = '', what = ''], index) => {
    const line = `${phase.padEnd(widths[0] ?? 0)}  ${took.padStart(widths[1] ?? 0)}  ${byHand.padStart(widths[2] ?? 0)}  ${what}`
    return index === 0 ? paint('strong', line.trimEnd()) : line.trimEnd()
  })
  const notes = steps.flatMap(({ command, note }) => (note === undefined ? [] : [`${command}: ${note}`]))
  return [
    `${paint('warn', 'SIMULATED')}: ${simulation}; nothing of it is real`,
    'From an empty account to a release; times are those of the simulated cloud.',
    '',
    ...table,
    ...(notes.length === 0 ? [] : ['', ...notes]),
  ].join('\n')
}
