import { formatDuration } from '../terminal/format.js'
import { releasedImages } from '../view/images.js'
import type { EndingView, PhaseView, View } from '../view/view.js'
import { criteriaText } from './criteria-text.js'
import { isNarrow, sign, simulationLine, type Page, type SignName } from './page.js'
import { differenceWords, resultWords } from '../words/prediction.js'
import { endingWords, proofWords } from '../words/run.js'

/** The result of a finished run as plain text, in lines: the phase table, the release, its images, proof, outcome. */
export function resultText(page: Page, view: View): readonly string[] {
  if (view.ending === undefined) return []
  const simulated = simulationLine(page, view)
  return [
    ...(simulated === undefined ? [] : [simulated, '']),
    ...phaseTable(page, view, view.ending),
    ...facts(page, view, view.ending),
    ...criteriaText(page, view.verification?.criteria ?? []),
  ]
}

function phaseTable(page: Page, view: View, ending: EndingView): string[] {
  const phases = view.phases.filter(({ state }) => state !== 'waiting')
  if (phases.length === 0) return []
  const rows = phases.map((phase) => phaseRow(page, view, phase))
  return [
    page.paint('dim', columns('Phase', 'Outcome', 'Time'.padStart(timeWidth))),
    ...rows.flat(),
    columns('total', '', formatDuration(ending.duration).padStart(timeWidth)),
    '',
  ]
}

const timeWidth = 7

function columns(phase: string, outcome: string, time: string): string {
  return `${phase.padEnd(9)}  ${outcome.padEnd(9)}  ${time}`
}

function phaseRow(page: Page, view: View, { phase, state, startedAt, duration, detail }: PhaseView): string[] {
  const time = duration ?? (startedAt === undefined ? 0 : (view.lastEventAt ?? startedAt) - startedAt)
  // Padded before it is painted: colours have no width on the screen but they have length.
  const outcome = `${sign(page, state)} ${state.padEnd(7)}`
  const shown = state === 'skipped' ? '-' : formatDuration(time)
  const row = `${phase.padEnd(9)}  ${outcome}  ${shown.padStart(timeWidth)}`
  if (detail === undefined || detail === '') return [row]
  return isNarrow(page) ? [row, `  ${detail}`] : [`${row}  ${detail}`]
}

function facts(page: Page, view: View, ending: EndingView): string[] {
  const images = releasedImages(view)
  const release = view.release?.release ?? view.plan?.release
  const revision = view.release?.revision
  const where = revision === undefined ? '' : ` (revision ${revision.number} of ${revision.name})`
  const rows: (readonly [string, string])[] = []
  const wentBack = view.phases.some(({ phase, state }) => phase === 'rollback' && state === 'done')
  const fate = view.rollout?.outcome === 'rolled-back' || wentBack ? ', rolled back: not in service' : ''
  if (release !== undefined) rows.push(['Release', `${release.id}${where}${fate}`])
  for (const image of images) rows.push([image.service, `${image.repository}@${image.digest}`])
  if (view.proof !== undefined) rows.push(['Proof', proofWords(view.proof)])
  if (view.downloads.length > 0) {
    rows.push(['Downloads', `${sign(page, 'warn')} at start, the base images lack them: ${view.downloads.join(', ')}`])
  }
  if (view.predicted !== undefined) {
    rows.push(['Predicted', resultWords(view.predicted)])
    const why = view.predicted.reasons.map(differenceWords)
    if (why.length > 0) rows.push(['Why', why.join('; ')])
  }
  const message = ending.message === '' ? '' : `: ${ending.message}`
  rows.push(['Outcome', `${sign(page, outcomeSign(view, ending))} ${endingWords(ending)}${message}`])
  const label = Math.max(...rows.map(([name]) => name.length))
  return rows.flatMap(([name, value]) =>
    isNarrow(page)
      ? [page.paint('strong', name), `  ${value}`]
      : [`${page.paint('strong', name.padEnd(label))}  ${value}`],
  )
}

/** Leaving a rollout to itself is neither good nor bad. */
export function outcomeSign(view: View, ending: EndingView): SignName {
  if (ending.exitCode === 0) return 'done'
  return view.detached === undefined ? 'failed' : 'warn'
}
