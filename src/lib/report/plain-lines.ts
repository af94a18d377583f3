import { formatBytes } from '../domain/format-bytes.js'
import type { Cause } from '../domain/outcome.js'
import type { Event } from '../events/event.js'
import { formatCount, formatDuration, formatPercent } from '../terminal/format.js'
import { standingOf } from '../view/standing.js'
import type { TargetView, View } from '../view/view.js'
import { adviceWords, forecastWords, loadWords, revisionWords, ruleWords } from '../words/watch.js'
import { changeWords, stackEventWords, stackPlanWords } from '../words/stack.js'
import type { SignName } from './page.js'
import { predictionWords } from '../words/prediction.js'
import { phaseWords, pushWords, releaseWords, rolloutWords, shortDigest, waitingWords } from '../words/run.js'

/** One thing that changed: its sign, what it is about, what is new, and what to do about it. */
export interface PlainLine {
  readonly sign: SignName
  readonly label: string
  readonly text: string
  readonly more?: readonly string[]
}

type Of<T extends Event['type']> = Extract<Event, { readonly type: T }>

/** Bytes are told about at most at every quarter of a layer or model, and not more often than this by the run's clock. */
const progressEvery = 5000
/** A forecast is said again when it has moved by about that much. */
const forecastEvery = 60_000

/** The lines of each event in turn; none when it says what was said before. */
export function createPlainLines(): (event: Event, view: View) => readonly PlainLine[] {
  /** What was said last of each thing. */
  const said = new Map<string, string>()
  const underway = new Map<string, { readonly step: number; readonly at: number }>()

  function isNews(thing: string, words: string): boolean {
    if (said.get(thing) === words) return false
    said.set(thing, words)
    return true
  }

  /** How many quarters are done, when that is worth a line. */
  function quarters(thing: string, time: string, done: number, total: number): number | undefined {
    const at = Date.parse(time)
    const step = total === 0 ? 4 : Math.floor((4 * done) / total)
    const before = underway.get(thing) ?? { step: 0, at }
    // The end is told by what comes next.
    const tell = step > before.step && step < 4 && at - before.at >= progressEvery
    if (tell || !underway.has(thing))
      underway.set(thing, { step: tell ? step : before.step, at: tell ? at : before.at })
    return tell ? step : undefined
  }

  function layerLine({ service, digest, sent, total, at }: Of<'layer.progress'>): PlainLine | undefined {
    const step = quarters(`${service} ${digest}`, at, sent, total)
    if (step === undefined) return undefined
    const bytes = `${formatBytes(sent)} of ${formatBytes(total)}`
    return {
      sign: 'running',
      label: 'push',
      text: `${service}: ${step * 25} % of layer ${shortDigest(digest)} sent (${bytes})`,
    }
  }

  function modelLine({ service, model, received, total, at }: Of<'model.progress'>): PlainLine | undefined {
    const step = quarters(`${service} ${model}`, at, received, total)
    if (step === undefined) return undefined
    const bytes = `${formatBytes(received)} of ${formatBytes(total)}`
    return { sign: 'running', label: 'model', text: `${service}: ${step * 25} % of ${model} downloaded (${bytes})` }
  }

  function lineOf(event: Event, view: View): PlainLine | undefined {
    switch (event.type) {
      case 'phase.started':
        return { sign: 'running', label: event.phase, text: 'started' }
      case 'phase.finished': {
        const phase = view.phases.find((known) => known.phase === event.phase)
        return phase && { sign: event.outcome, label: event.phase, text: phaseWords(phase) }
      }
      case 'check.done':
        return {
          sign: event.result,
          label: 'check',
          text: `${event.result.padEnd(4)}  ${event.name}: ${event.detail}`,
          more: event.remedy === undefined ? [] : [event.remedy],
        }
      case 'stack.planned':
        return { sign: 'running', label: 'stack', text: stackPlanWords(event), more: event.changes.map(changeWords) }
      case 'stack.changed': {
        const failed = event.status.endsWith('FAILED')
        const sign = failed ? 'fail' : event.status.endsWith('COMPLETE') ? 'ok' : 'running'
        return { sign, label: 'stack', text: stackEventWords(event) }
      }
      case 'plan.made':
        return { sign: 'running', label: 'plan', text: planText(event) }
      case 'image.step': {
        const text = `${event.service}: ${event.step}${event.detail === undefined ? '' : ` (${event.detail})`}`
        return isNews(`image ${event.service}`, text) ? { sign: 'running', label: 'image', text } : undefined
      }
      case 'model.progress':
        return modelLine(event)
      case 'layer.progress':
        return layerLine(event)
      case 'image.pushed': {
        const tags = event.tags.length === 0 ? '' : `, tagged ${event.tags.join(', ')}`
        return {
          sign: 'ok',
          label: 'push',
          text: `${event.service}: ${shortDigest(event.digest)}, ${pushWords(event)}${tags}`,
        }
      }
      case 'lock.waiting':
        return { sign: 'waiting', label: 'lock', text: waitingWords(event) }
      case 'lock.acquired': {
        const time = event.waited < 1000 ? '' : ` after ${formatDuration(event.waited)}`
        return { sign: 'ok', label: 'lock', text: `taken${time}: nobody else changes this environment now` }
      }
      case 'release.recorded':
        return { sign: 'ok', label: 'release', text: releaseWords(event) }
      case 'rollout.started': {
        const verb = event.attached ? 'attached to' : 'started'
        const size = formatCount(event.targets, 'target')
        return { sign: 'running', label: 'rollout', text: `${verb} ${event.id} on ${event.group}, ${size}` }
      }
      case 'rollout.progress':
        return progressLine(event, view)
      case 'target.changed':
        return targetLine(view.targets.get(event.target.id))
      case 'target.gone': {
        said.delete(`target ${event.id}`)
        const note = event.note === undefined ? '' : `: ${event.note}`
        return { sign: 'skip', label: 'target', text: `${event.id} (revision ${event.revision}) gone${note}` }
      }
      case 'fleet.seen': {
        const { fleet, to, from } = event.facts
        const moves = [
          ...(to === undefined ? [] : [`to ${revisionWords(to)}`]),
          ...(from === undefined ? [] : [`from ${revisionWords(from)}`]),
        ].join(' ')
        const text = [fleet, moves, ruleWords(event.facts)].filter((part) => part !== '').join(', ')
        return isNews('fleet', text) ? { sign: 'detail', label: 'fleet', text } : undefined
      }
      case 'target.load':
        return loadLine(event)
      case 'cause':
        return causeLine(event.cause)
      case 'forecast':
        return isNews('forecast', String(Math.round(event.forecast.remaining / forecastEvery)))
          ? { sign: 'running', label: 'forecast', text: forecastWords(event.forecast) }
          : undefined
      case 'warmup.advice': {
        const text = adviceWords(event.advice)
        const sign = event.advice.verdict === 'fits' ? 'ok' : 'warn'
        return isNews('advice', text) ? { sign, label: 'warmup', text } : undefined
      }
      case 'checkpoint':
        return { sign: 'running', label: 'checkpoint', text: `${formatPercent(event.percentage)}: ${event.detail}` }
      case 'alarm':
        return isNews(`alarm ${event.name}`, event.state)
          ? { sign: event.state === 'OK' ? 'ok' : 'warn', label: 'alarm', text: `${event.name} is ${event.state}` }
          : undefined
      case 'log.line':
        // The rest is for a screen that scrolls, and for `rampart logs`.
        return event.trouble === true && isNews(`log ${event.target}`, event.text)
          ? { sign: 'detail', label: 'log', text: `${event.target}: ${event.text}` }
          : undefined
      case 'hook.started':
        return { sign: 'running', label: 'hook', text: `${event.hook} started` }
      case 'hook.line':
        return { sign: 'detail', label: 'hook', text: `${event.hook}: ${event.text}` }
      case 'hook.finished':
        return hookLine(event)
      case 'notice.sent':
        return { sign: 'ok', label: 'notice', text: `${event.notice}: posted to ${event.to}` }
      case 'warning':
        return { sign: 'warn', label: 'warning', text: event.message, more: event.next ?? [] }
      case 'rollout.finished':
        return finishedLine(event)
      // The header, the result and the closing words say these.
      case 'run.started':
      case 'proof':
      case 'verified':
      case 'prediction.compared':
      case 'detached':
      case 'run.finished':
        return undefined
      default:
        return unknownType(event)
    }
  }

  /** Every state once; within a state, every quarter. */
  function loadLine({ target, load, at }: Of<'target.load'>): PlainLine | undefined {
    const { state, model, progress, downloads } = load
    const news = isNews(`load ${target}`, `${state} ${model ?? ''} ${downloads.join(' ')}`)
    const step = progress && quarters(`load ${target} ${state} ${model ?? ''}`, at, progress.done, progress.total)
    if (!news && step === undefined) return undefined
    const bad = state === 'killed' ? 'fail' : downloads.length > 0 ? 'warn' : 'detail'
    return { sign: bad, label: 'load', text: `${target}: ${loadWords(load)}` }
  }

  function causeLine(cause: Cause | undefined): PlainLine | undefined {
    const text = cause?.summary ?? 'no longer seen'
    if ((cause === undefined && !said.has('cause')) || !isNews('cause', text)) return undefined
    return { sign: cause === undefined ? 'ok' : 'warn', label: 'cause', text, more: cause?.next ?? [] }
  }

  function progressLine(event: Of<'rollout.progress'>, view: View): PlainLine | undefined {
    const reason = event.reason === undefined ? '' : `: ${event.reason}`
    const text = `${view.rollout === undefined ? event.status : rolloutWords(view.rollout)}${reason}`
    return isNews('rollout', text) ? { sign: 'running', label: 'rollout', text } : undefined
  }

  function targetLine(changed: TargetView | undefined): PlainLine | undefined {
    if (changed === undefined) return undefined
    const { target, note } = changed
    const age = target.isNew ? 'new' : 'old'
    const states = [target.lifecycle, ...(target.health === 'none' ? [] : [target.health])].join(', ')
    const extra = [target.reason, note].filter((part) => part !== undefined && part !== '').join('; ')
    const text = `${target.id} (${age}, revision ${target.revision}) ${states}${extra === '' ? '' : `: ${extra}`}`
    const first = !said.has(`target ${target.id}`)
    if (!isNews(`target ${target.id}`, text)) return undefined
    const standing = standingOf(changed)
    // An old target that serves when it is first seen is no change.
    if (first && !target.isNew && standing === 'serving') return undefined
    const mark = standing === 'failing' ? 'fail' : standing === 'serving' && target.isNew ? 'ok' : 'detail'
    return { sign: mark, label: 'target', text }
  }

  return (event, view) => {
    const line = lineOf(event, view)
    const cause = event.type === 'rollout.finished' ? event.cause : undefined
    return [
      ...(line === undefined ? [] : [line]),
      ...(cause === undefined ? [] : [{ sign: 'detail', label: 'cause', text: cause.summary } as const]),
    ]
  }
}

function hookLine({ hook, outcome, duration, reason }: Of<'hook.finished'>): PlainLine {
  const time = formatDuration(duration)
  if (outcome === 'done') return { sign: 'ok', label: 'hook', text: `${hook} done in ${time}` }
  return {
    sign: 'failed',
    label: 'hook',
    text: `${hook} ${outcome} after ${time}${reason === undefined ? '' : `: ${reason}`}`,
  }
}

function planText({ release, from, targets, estimate, prediction }: Of<'plan.made'>): string {
  const about = estimate === undefined ? '' : `, about ${formatDuration(estimate)}`
  const time = prediction === undefined ? about : `, ${predictionWords(prediction)}`
  return `${release.id} in place of revision ${from.number} of ${from.name}, ${formatCount(targets, 'target')}${time}`
}

const outcomes = {
  succeeded: ['ok', 'succeeded'],
  'rolled-back': ['failed', 'rolled back'],
  failed: ['failed', 'failed'],
  cancelled: ['failed', 'cancelled'],
  abandoned: ['warn', 'not watched to its end'],
  'nothing-to-do': ['ok', 'nothing to do'],
} as const satisfies Record<Of<'rollout.finished'>['outcome'], readonly [SignName, string]>

function finishedLine({ outcome, status, reason }: Of<'rollout.finished'>): PlainLine {
  const [mark, words] = outcomes[outcome]
  return {
    sign: mark,
    label: 'rollout',
    text: `${words} (${status})${reason === undefined ? '' : `: ${reason}`}`,
  }
}

/** Holds the compiler to every type; a stream of a newer rampart may have others, and they make no line. */
function unknownType(_event: never): undefined {
  return undefined
}
