import { formatDuration } from '../terminal/format.js'
import { countStages } from '../view/stages.js'
import { likeliestCause } from '../view/cause.js'
import { forecastAt } from '../view/forecast.js'
import type { PhaseView, View } from '../view/view.js'
import { endingWords, proofWords, rolloutWords, shortDigest, waitingWords } from '../words/run.js'
import { adviceWords, forecastWords, ruleWords } from '../words/watch.js'
import { progressBar, stageCounts } from './bar.js'
import { verifySpans } from './check-pane.js'
import { isTrouble } from './log-ring.js'
import { beside, rowWidth, span, type Row, type Span } from './row.js'
import { isAtRest, layoutOf, signed, type Scene } from './scene.js'
import { wrap } from './width.js'

/** A row that is left out when there is no room; the lowest rank stays longest. */
export interface RankedRow {
  readonly rank: number
  readonly row: Row
}

/** What is known of the whole: the release, the rollout, its time, and what is wrong with it. */
export function headerRows(scene: Scene): readonly RankedRow[] {
  return [
    ...titleRows(scene),
    ...releaseRows(scene),
    ...platformRows(scene),
    ...phaseStripRows(scene),
    ...progressRows(scene),
    ...verifyRows(scene),
    ...timeRows(scene),
    ...alarmsRows(scene),
    ...downloadsRows(scene),
    ...warningsRows(scene),
    ...causeRows(scene),
    ...endingRows(scene),
    ...adviceRows(scene),
  ]
}

/** The width of the names before the rows. */
const labelWidth = 10

/** A row with its name before it; narrow screens have no room for names. */
function labelled(scene: Scene, rank: number, label: string, row: Row): RankedRow {
  const layout = layoutOf(scene.columns)
  const named = layout === 'wide' || layout === 'medium'
  return { rank, row: named ? [span(label.padEnd(labelWidth), 'dim'), ...row] : row }
}

/** Columns for text in a row with a name. */
function textWidth(scene: Scene): number {
  const layout = layoutOf(scene.columns)
  return Math.max(1, scene.columns - (layout === 'wide' || layout === 'medium' ? labelWidth : 0))
}

function titleRows({ view, columns, glyphs }: Scene): RankedRow[] {
  const { run } = view
  const left: Row =
    run === undefined
      ? [span('rampart', 'strong')]
      : [span(`rampart ${run.command}`, 'strong'), span(`  ${run.app}, ${run.environment}`)]
  if (run?.simulated !== true) return [{ rank: 0, row: left }]
  const tag = span('SIMULATED', 'warn')
  const long: Row = [tag, span(`: rehearsal cloud${run.simulation === undefined ? '' : `, ${run.simulation}`}`)]
  const right = rowWidth(left) + 2 + rowWidth(long) <= columns ? long : [tag]
  if (columns >= 60) return [{ rank: 0, row: beside(left, right, columns, glyphs.ellipsis) }]
  return [{ rank: 0, row: [tag, ...left.slice(-1)] }]
}

/** The new release and the one before, with the revisions that launch them. */
function releaseRows(scene: Scene): RankedRow[] {
  const { view } = scene
  const rows = naming.map((how) => releaseRow(scene, how)).filter((row) => row.length > 0)
  if (rows.length === 0) {
    if (view.waitsFor !== undefined) {
      return [labelled(scene, 3, 'lock', [span(waitingWords({ holder: view.waitsFor }), 'warn')])]
    }
    const waits = view.run === undefined ? 'waiting for the first event' : 'nothing is known of the fleet yet'
    return view.ending === undefined ? [labelled(scene, 3, 'release', [span(waits, 'dim')])] : []
  }
  // Which release comes must be seen; what its revisions are made of only where there is room.
  return [labelled(scene, 3, 'release', rows.find((row) => rowWidth(row) <= textWidth(scene)) ?? rows.at(-1) ?? [])]
}

/** How much is said of a release, from all that is known to what tells it apart. */
const naming = ['images', 'revision', 'number', 'id', 'alone'] as const

function releaseRow({ view, columns, glyphs }: Scene, how: (typeof naming)[number]): Row {
  const { to, from } = releaseEnds(view, how)
  const shown = to ?? from
  if (shown === undefined) return []
  const row: Span[] = [span(shown, 'strong')]
  if (to !== undefined && from !== undefined && how !== 'alone') {
    const isWide = layoutOf(columns) === 'wide'
    row.push(span(isWide ? '  in place of ' : ` ${glyphs.arrow} `), span(from))
    // With less room it reads from left to right: from, then to.
    if (!isWide) row.reverse()
  }
  return row
}

function releaseEnds(
  view: View,
  how: (typeof naming)[number],
): { readonly to: string | undefined; readonly from: string | undefined } {
  const { facts, release: recorded, plan } = view
  const nameRevision = (release: string | undefined, images: readonly string[], number: string): string => {
    const inBrackets =
      how === 'id' || how === 'alone' ? '' : how === 'number' ? ` (${number})` : ` (revision ${number})`
    if (release !== undefined) return `${release}${inBrackets}`
    const made = how === 'images' && images.length > 0 ? ` (${images.map(shortImage).join(', ')})` : ''
    return `revision ${number}${made}`
  }
  const known = facts?.to
  const to =
    known !== undefined
      ? nameRevision(known.release, known.images, known.revision.number)
      : recorded !== undefined
        ? nameRevision(recorded.release.id, [], recorded.revision.number)
        : plan?.release.id
  const before = facts?.from
  const from =
    before !== undefined
      ? nameRevision(before.release, before.images, before.revision.number)
      : plan === undefined
        ? undefined
        : `revision ${plan.from.number}`
  return { to, from }
}

/** The last part of an image's reference, with the first digits of its digest. */
function shortImage(image: string): string {
  const [name = '', digest] = image.slice(image.lastIndexOf('/') + 1).split('@')
  return digest === undefined ? name : `${name}@${shortDigest(digest).slice(0, 7)}`
}

function platformRows(scene: Scene): RankedRow[] {
  const { facts, rollout } = scene.view
  if (facts === undefined) {
    const group = rollout?.group
    return group === undefined ? [] : [labelled(scene, 8, 'fleet', [span(group)])]
  }
  return [labelled(scene, 8, 'fleet', [span(`${facts.fleet}, ${facts.desired} desired, ${ruleWords(facts)}`)])]
}

const phaseSigns = {
  waiting: ['waiting', 'dim'],
  running: ['active', 'active'],
  done: ['good', 'good'],
  failed: ['bad', 'bad'],
  skipped: ['skip', 'dim'],
} as const

function phaseStripRows(scene: Scene): RankedRow[] {
  const { view, columns, now } = scene
  if (view.phases.length === 0) return []
  const whole = view.phases.map((phase) => phaseSpans(scene, phase, phaseTime(phase, now)))
  const width = whole.flat().reduce((sum, { text }) => sum + text.length, 2 * (whole.length - 1))
  if (width <= textWidth(scene) && columns >= 60) {
    return [
      labelled(
        scene,
        5,
        'phases',
        whole.flatMap((spans, index) => (index === 0 ? spans : [span('  '), ...spans])),
      ),
    ]
  }
  const at = view.phases.findLastIndex(({ state }) => state !== 'waiting')
  const phase = view.phases[Math.max(0, at)]
  if (phase === undefined) return []
  const place = span(` (${Math.max(0, at) + 1} of ${view.phases.length} phases)`, 'dim')
  return [labelled(scene, 5, 'phases', [...phaseSpans(scene, phase, phaseTime(phase, now)), place])]
}

function phaseSpans({ glyphs }: Scene, { phase, state }: PhaseView, time: string): Span[] {
  const [glyph, role] = phaseSigns[state]
  const word = state === 'failed' || state === 'skipped' ? ` ${state}` : ''
  const body = `${phase}${word}${time === '' ? '' : ` ${time}`}`
  return [span(glyphs[glyph], role), span(` ${body}`, state === 'waiting' ? 'dim' : undefined)]
}

function phaseTime({ state, startedAt, duration }: PhaseView, now: number): string {
  if (state === 'running') return formatDuration(now - (startedAt ?? now))
  return duration === undefined || state === 'skipped' ? '' : formatDuration(duration)
}

function progressRows(scene: Scene): RankedRow[] {
  const { view, fleet, columns, glyphs } = scene
  if (fleet.length === 0 && view.rollout === undefined) return []
  const { rollout } = view
  const counts = countStages(fleet)
  const words = rollout === undefined ? 'no rollout under way' : rolloutWords(rollout)
  const reason = rollout?.reason === undefined ? '' : `: ${rollout.reason}`
  const wide = columns >= 60
  const size = wide ? Math.min(48, Math.floor(columns * 0.36)) : Math.max(8, columns - 2)
  // Before the first look there is nothing to count.
  const bar = fleet.length === 0 ? [] : progressBar(counts, size, glyphs, isAtRest(view))
  const status = span(`${words}${reason}`)
  return [
    ...(fleet.length === 0 && !wide
      ? []
      : [labelled(scene, 1, 'progress', !wide ? bar : fleet.length === 0 ? [status] : [...bar, span('  '), status])]),
    ...(wide ? [] : [{ rank: 3, row: [status] }]),
    ...(fleet.length === 0
      ? []
      : [labelled(scene, 2, 'targets', stageCounts(counts, layoutOf(columns), view.gone, isAtRest(view)))]),
    ...(view.proof === undefined ? [] : [labelled(scene, 3, 'proof', [span(proofWords(view.proof))])]),
    ...(view.checkpoint === undefined || rollout?.outcome !== undefined
      ? []
      : [labelled(scene, 6, 'pause', [span(`${view.checkpoint.percentage} %: ${view.checkpoint.detail}`)])]),
  ]
}

function verifyRows(scene: Scene): RankedRow[] {
  const spans = verifySpans(scene)
  return spans.length === 0 ? [] : [labelled(scene, 2, 'verify', spans)]
}

function timeRows(scene: Scene): RankedRow[] {
  const { view, now } = scene
  const { rollout, forecast } = view
  if (rollout === undefined || rollout.outcome !== undefined) return []
  const gone = rollout.attached
    ? `watched for ${formatDuration(now - rollout.startedAt)}`
    : `${formatDuration(now - rollout.startedAt)} gone`
  if (forecast === undefined) return [labelled(scene, 4, 'time', [span(gone)])]
  const words = forecastWords(forecastAt(forecast, now))
  const late = forecast.slower !== undefined
  if (layoutOf(scene.columns) === 'wide') {
    return [labelled(scene, 4, 'time', [span(`${gone}, `), span(words, late ? 'warn' : undefined)])]
  }
  const short = words.replace(/ \(.*\)/, '')
  return [labelled(scene, 4, 'time', [span(`${gone}, `), span(short, late ? 'warn' : undefined)])]
}

/** Alarms that ring come first and stay longest. */
function alarmsRows(scene: Scene): RankedRow[] {
  const { view, glyphs } = scene
  const states = new Map([...(view.facts?.alarms ?? []).map((name): [string, string] => [name, '']), ...view.alarms])
  const ringing = [...states].filter(([, state]) => state === 'ALARM')
  const calm = [...states].filter(([, state]) => state !== 'ALARM')
  if (states.size === 0) return []
  const spans = [...ringing, ...calm].flatMap(([name, state], index) => [
    ...(index === 0 ? [] : [span('  ')]),
    ...(state === 'ALARM'
      ? [span(glyphs.bad, 'bad'), span(` ${name} ALARM`, 'bad')]
      : signed(
          glyphs,
          state === 'OK' ? 'good' : 'waiting',
          state === 'OK' ? 'good' : 'dim',
          `${name} ${state || 'unknown'}`,
        )),
  ])
  return [labelled(scene, ringing.length > 0 ? 1 : 7, 'alarms', spans)]
}

function downloadsRows(scene: Scene): RankedRow[] {
  const { downloads: models } = scene.view
  if (models.length === 0) return []
  const text = `DOWNLOADED AT START: ${models.join(', ')}, which the base image lacks`
  return [labelled(scene, 1, 'models', [span(`${scene.glyphs.warn} ${text}`, 'warn')])]
}

function warningsRows(scene: Scene): RankedRow[] {
  const last = scene.view.warnings.at(-1)
  if (last === undefined || scene.view.ending !== undefined) return []
  return [labelled(scene, 7, 'warning', [span(`${scene.glyphs.warn} `, 'warn'), span(last.message)])]
}

function causeRows(scene: Scene): RankedRow[] {
  const { view, glyphs } = scene
  const found = likeliestCause(view)
  if (found === undefined || view.ending?.exitCode === 0) return []
  const width = textWidth(scene) - 2
  const summary = wrap(`${found.summary} (${found.code})`, width, 2, glyphs.ellipsis)
  // One row may be all that is left for it: then its cut is to be seen.
  const next = found.next.slice(0, 1).flatMap((step) => wrap(step, width, scene.columns < 60 ? 1 : 2, glyphs.ellipsis))
  return [
    ...summary.map((text, index) =>
      labelled(scene, index === 0 ? 1 : 2, index === 0 ? 'cause' : '', [
        span(index === 0 ? `${glyphs.bad} ` : '  ', 'bad'),
        span(text, 'strong'),
      ]),
    ),
    ...telling(found.evidence).map((text) => labelled(scene, 6, '', [span(`${glyphs.detail} `, 'dim'), span(text)])),
    ...next.map((text, index) =>
      labelled(scene, 2, '', [span(index === 0 ? `${glyphs.arrow} ` : '  ', 'active'), span(text)]),
    ),
  ]
}

/** The last lines that tell of trouble; where none does, the last ones. */
function telling(evidence: readonly string[]): readonly string[] {
  const loud = evidence.filter(isTrouble)
  return (loud.length === 0 ? evidence : loud).slice(-mostEvidence)
}

const mostEvidence = 3

function endingRows(scene: Scene): RankedRow[] {
  const { view, glyphs } = scene
  const { ending: end, detached } = view
  const width = textWidth(scene) - 2
  const goesOn = detached === undefined ? [] : [`${detached.goesOn}; come back with: ${detached.comeBack}`]
  if (end === undefined) return goesOn.map((text) => labelled(scene, 1, 'detached', [span(text)]))
  const good = end.exitCode === 0
  const message = end.message === '' ? '' : `: ${end.message}`
  const words = wrap(
    `${endingWords(end)} after ${formatDuration(end.duration)}${message}`,
    width,
    scene.columns < 60 ? 1 : 2,
    glyphs.ellipsis,
  )
  return [
    ...words.map((text, index) =>
      labelled(scene, index === 0 ? 0 : 2, index === 0 ? 'ended' : '', [
        span(index === 0 ? `${glyphs[good ? 'good' : 'bad']} ` : '  ', good ? 'good' : 'bad'),
        span(text, 'strong'),
      ]),
    ),
    ...nextSteps(view, end).map((step) => labelled(scene, 4, 'next', [span(`${glyphs.arrow} `, 'active'), span(step)])),
  ]
}

/** What to do next, unless the cause has said so. */
function nextSteps(view: View, { next, exitCode }: NonNullable<View['ending']>): readonly string[] {
  const said = exitCode === 0 ? undefined : likeliestCause(view)?.next[0]
  return next.slice(0, 1).filter((step) => step !== said)
}

function adviceRows(scene: Scene): RankedRow[] {
  const { advice: found, rollout, ending } = scene.view
  // While another rollout goes on, or went wrong, that of the last one is not the news.
  const isNews = ending === undefined ? rollout?.outcome !== undefined : ending.exitCode === 0
  if (found === undefined || !isNews) return []
  const lines = wrap(adviceWords(found), textWidth(scene), 2, scene.glyphs.ellipsis)
  const role = found.verdict === 'fits' ? undefined : ('warn' as const)
  return lines.map((text, index) => labelled(scene, 6, index === 0 ? 'warmup' : '', [span(text, role)]))
}
