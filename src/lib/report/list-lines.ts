import { formatBytes } from '../domain/format-bytes.js'
import { formatDuration } from '../terminal/format.js'
import { bytesUnderway } from '../view/images.js'
import { countTargets, failingLogs } from '../view/standing.js'
import type { ImageView, PhaseView, View } from '../view/view.js'
import { isNarrow, sign, type Page } from './page.js'
import { stackEventWords } from '../words/stack.js'
import { phaseWords, proofWords, pushWords, releaseWords, rolloutWords, waitingWords } from '../words/run.js'

/** Data older than this, by the run's clock, is said to be old. */
const staleAfter = 20_000

/** The line of a phase: its name, its time, and what came of it. */
export function phaseTitle({ phase, ...rest }: PhaseView, now: number): string {
  const state = { phase, ...rest }
  const name = phase.padEnd(9)
  if (state.state === 'waiting') return name.trimEnd()
  if (state.state !== 'running') return `${name}  ${phaseWords(state)}`
  return `${name}  running ${formatDuration(now - (state.startedAt ?? now))}`
}

/** What is going on in a running or failed phase, at most a handful of lines. */
export function phaseDetails(page: Page, view: View, { phase, state }: PhaseView, now: number): readonly string[] {
  if (state === 'failed') return failureOf(page, view, phase)
  if (state !== 'running') return []
  const warning = view.ending === undefined ? view.warnings.at(-1) : undefined
  return [
    ...detailsOf(page, view, phase),
    ...hookLines(view),
    ...(warning === undefined ? [] : [`${sign(page, 'warn')} warning: ${warning.message}`]),
    ...(view.ending === undefined ? age(view, now) : []),
  ].filter((line) => line !== '')
}

/** What stays on the screen of a phase that failed; the closing words say the rest. */
function failureOf(page: Page, view: View, phase: PhaseView['phase']): string[] {
  if (phase === 'preflight' || phase === 'verify') return checkLines(page, view, phase)
  if ((phase !== 'rollout' && phase !== 'rollback') || view.rollout === undefined) return []
  return [rolloutWords(view.rollout), view.rollout.reason ?? ''].filter((line) => line !== '')
}

function detailsOf(page: Page, view: View, phase: PhaseView['phase']): string[] {
  switch (phase) {
    case 'preflight':
      return checkLines(page, view, phase)
    case 'build':
      return [...view.images.values()].map((image) => buildLine(page, image))
    case 'push':
      return [...view.images.values()].map((image) => pushLine(page, image))
    case 'release':
      if (view.waitsFor !== undefined) return [waitingWords({ holder: view.waitsFor })]
      return view.release === undefined ? [] : [releaseWords(view.release)]
    case 'rollout':
      return rolloutLines(page, view)
    case 'stack':
      return stackLines(view)
    case 'cache':
      return cacheLines(view)
    case 'proof':
      return view.proof === undefined ? [] : [proofWords(view.proof)]
    case 'baseline':
      return []
    case 'rollback':
      return rolloutLines(page, view)
    case 'verify':
    case 'tags':
      return checkLines(page, view, phase)
    // What runs there says so itself.
    case 'hooks':
      return []
  }
}

function cacheLines({ images }: View): string[] {
  const download = images.get('cache')?.download
  if (download === undefined) return []
  const { model, received, total } = download
  return [`${model}: ${formatBytes(received)} of ${formatBytes(total)}`]
}

function hookLines({ hook }: View): string[] {
  return hook === undefined ? [] : [`hook ${hook.hook} runs`, ...hook.lines.map((line) => `  ${line}`)]
}

/** What failed in that phase, and what was looked at last. */
function checkLines(page: Page, view: View, phase: PhaseView['phase']): string[] {
  const checks = view.checks.filter((check) => check.phase === phase)
  const failed = checks.filter(({ result }) => result === 'fail')
  const last = checks.at(-1)
  const shown = last === undefined || failed.includes(last) ? failed : [...failed, last]
  return shown.map(({ name, result, detail }) => `${sign(page, result)} ${result}  ${name}: ${detail}`)
}

function buildLine(page: Page, { service, step, detail, download }: ImageView): string {
  if (download === undefined) return `${service}: ${step ?? 'waiting'}${detail === undefined ? '' : ` (${detail})`}`
  const { model, received, total } = download
  const share = total === 0 ? 1 : received / total
  return `${service}: ${model} ${bar(page, share)} ${formatBytes(received)} of ${formatBytes(total)}`
}

function pushLine(page: Page, image: ImageView): string {
  if (image.pushed !== undefined) return `${image.service}: ${pushWords(image.pushed)}`
  const bytes = bytesUnderway(image)
  if (bytes === undefined) return `${image.service}: ${image.step ?? 'waiting'}`
  const share = bytes.total === 0 ? 1 : bytes.sent / bytes.total
  return `${image.service}: ${bar(page, share)} ${formatBytes(bytes.sent)} of ${formatBytes(bytes.total)}`
}

/** A bar for a share of 0 to 1, with its percentage in words. */
export function bar(page: Page, share: number): string {
  const size = isNarrow(page) ? 8 : 20
  const bounded = Number.isNaN(share) ? 0 : Math.min(1, Math.max(0, share))
  const full = Math.floor(bounded * size)
  const cells = page.glyphs.barFull.repeat(full) + page.paint('dim', page.glyphs.barEmpty.repeat(size - full))
  return `${cells} ${String(Math.floor(bounded * 100)).padStart(3)} %`
}

function rolloutLines(page: Page, view: View): string[] {
  const { rollout } = view
  if (rollout === undefined) return []
  const counts = countTargets(view)
  const named = Object.entries(counts).filter(([name, count]) => count > 0 || (name !== 'leaving' && !isNarrow(page)))
  const targets = named.map(([name, count]) => `${count} ${name}`).join(', ')
  const failing = [...failingLogs(view)].flatMap(([target, lines]) => {
    const last = lines.at(-1)
    return last === undefined ? [] : [`${target}: ${last.text}`]
  })
  return [
    ...(rollout.percentage === undefined ? [] : [bar(page, rollout.percentage / 100)]),
    rolloutWords(rollout),
    `targets: ${targets}`,
    ...(rollout.reason === undefined ? [] : [rollout.reason]),
    ...failing.slice(0, 2),
  ]
}

/** What CloudFormation is at, the newest last. */
function stackLines({ stack }: View): string[] {
  const resources = [...(stack?.resources ?? [])]
  const done = resources.filter(([, { status }]) => status.endsWith('COMPLETE')).length
  const busy = resources.filter(([, { status }]) => !status.endsWith('COMPLETE')).slice(-4)
  return [
    `${done} of ${Math.max(resources.length, stack?.changes.length ?? 0)} resources`,
    ...busy.map(([resource, seen]) => stackEventWords({ resource, ...seen })),
  ]
}

function age(view: View, now: number): string[] {
  const old = now - (view.lastEventAt ?? now)
  return old < staleAfter ? [] : [`last event ${formatDuration(old)} ago`]
}
