import { formatDuration } from '../terminal/format.js'
import type { Paint } from '../terminal/colour.js'
import type { Glyphs } from '../terminal/glyphs.js'
import { cleanLine } from '../terminal/clean.js'
import { countStages, stagedTargets } from '../view/stages.js'
import { likeliestCause } from '../view/cause.js'
import { forecastAt } from '../view/forecast.js'
import type { View } from '../view/view.js'
import { endingWords, proofWords, rolloutWords } from '../words/run.js'
import { forecastWords, revisionWords } from '../words/watch.js'
import { rowText } from './row.js'
import { stageCounts } from './bar.js'
import { isAtRest } from './scene.js'

/** How the summary looks, and when it is said. */
export interface SummaryPage {
  readonly paint: Paint
  readonly glyphs: Glyphs
  /** The run's clock, in milliseconds since 1970. */
  readonly now: number
}

/** What remains on the normal screen when the dashboard is left: at most five lines, none when nothing was seen. */
export function summaryLines({ paint, glyphs, now }: SummaryPage, view: View): readonly string[] {
  const { run, facts, ending } = view
  if (run === undefined && facts === undefined) return []
  const simulated = run?.simulated === true ? `${paint('warn', 'SIMULATED')} ` : ''
  const to = facts?.to === undefined ? view.release?.release.id : revisionWords(facts.to)
  const from = facts?.from === undefined ? '' : `, in place of ${revisionWords(facts.from)}`
  const fleet = stagedTargets(view, now)
  const counts = rowText(stageCounts(countStages(fleet), 'wide', view.gone, isAtRest(view)))
  const last = lastLine(view)
  const found = ownCause(view) === undefined && ending?.exitCode !== 0 ? likeliestCause(view) : undefined
  return [
    `${simulated}${outcome(view, paint, glyphs)}`,
    ...(to === undefined ? [] : [`  release: ${to}${from}`]),
    ...(fleet.length === 0
      ? []
      : [`  targets: ${counts}${view.proof === undefined ? '' : `; ${proofWords(view.proof)}`}`]),
    ...(found !== undefined
      ? [`  ${paint('bad', glyphs.bad)} ${found.summary}`]
      : view.downloads.length > 0
        ? [`  ${paint('warn', glyphs.warn)} downloaded at start, the base image lacks it: ${view.downloads.join(', ')}`]
        : ending === undefined && view.forecast !== undefined
          ? [`  time: ${forecastWords(forecastAt(view.forecast, now))}`]
          : []),
    ...(last === undefined ? [] : [`  ${paint('active', glyphs.arrow)} ${last}`]),
  ].map(cleanButColours)
}

function outcome(view: View, paint: Paint, glyphs: Glyphs): string {
  const { ending, rollout, run } = view
  const cause = ownCause(view)
  const why = cause === undefined ? '' : `: ${cause.summary}`
  const mark = (good: boolean): string => (good ? paint('good', glyphs.good) : paint('bad', glyphs.bad))
  if (rollout !== undefined && rollout.outcome === undefined) {
    return `${paint('active', glyphs.active)} the rollout goes on: ${rolloutWords(rollout)}${why}`
  }
  if (ending !== undefined) {
    const good = ending.exitCode === 0
    const message = cause === undefined || good ? (ending.message === '' ? '' : `: ${ending.message}`) : why
    return `${mark(good)} ${endingWords(ending)} after ${formatDuration(ending.duration)}${message}`
  }
  if (rollout !== undefined) {
    const good = rollout.outcome === 'succeeded' || rollout.outcome === 'nothing-to-do'
    return `${mark(good)} ${rollout.outcome ?? ''} (${rollout.status ?? 'no status'})${good ? '' : why}`
  }
  return `${paint('active', glyphs.active)} ${run?.environment ?? 'fleet'}: no rollout under way`
}

/** The cause that the rollout itself has, where it did not go well. */
function ownCause({ rollout, cause }: View): View['cause'] {
  return rollout?.outcome === 'succeeded' ? undefined : cause
}

/** The way back, or what to do next. */
function lastLine(view: View): string | undefined {
  const { detached, ending } = view
  if (detached !== undefined) return `${detached.goesOn}; come back with: ${detached.comeBack}`
  const asked = ending?.exitCode === 0 ? undefined : likeliestCause(view)?.next[0]
  return asked ?? ending?.next[0]
}

/** Foreign text can bring no sequence of its own: only our colours are left. */
function cleanButColours(line: string): string {
  // oxlint-disable-next-line no-control-regex -- our own colours
  const parts = line.split(/(\u001b\[[\d;]*m)/)
  return parts.map((part, index) => (index % 2 === 1 ? part : keepSpaces(part))).join('')
}

function keepSpaces(part: string): string {
  const words = cleanLine(part)
  if (words === '') return part.replaceAll(/\S/g, '')
  return (/^ */.exec(part)?.[0] ?? '') + words + (/ *$/.exec(part)?.[0] ?? '')
}
