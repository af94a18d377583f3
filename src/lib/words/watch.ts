import type { Forecast, WarmupAdvice } from '../domain/forecast.js'
import { formatBytes } from '../domain/format-bytes.js'
import type { ModelLoad } from '../domain/model-load.js'
import type { RevisionFacts, RolloutFacts } from '../domain/rollout-facts.js'
import { formatCount, formatDuration, formatPercent } from '../terminal/format.js'

/** `loading acme/model, 2 of 5 shards`, `ready after 42s, downloaded acme/model`. */
export function loadWords({ state, model, progress, readyAfter, downloads, killed }: ModelLoad): string {
  const of = model === undefined ? '' : ` ${model}`
  const far = progress === undefined ? '' : `, ${progressWords(progress)}`
  const late = downloads.length === 0 ? '' : `, downloaded ${downloads.join(', ')} at start`
  switch (state) {
    case 'ready':
      return `ready${readyAfter === undefined ? '' : ` after ${formatDuration(readyAfter)}`}${late}`
    case 'killed':
      return `killed${killed === undefined ? '' : `: ${killed}`}`
    case 'starting':
      return 'starting'
    case 'downloading':
    case 'loading':
    case 'loaded':
      return `${state}${of}${far}${state === 'downloading' ? '' : late}`
  }
}

function progressWords({ done, total, unit }: NonNullable<ModelLoad['progress']>): string {
  if (unit === 'bytes') return `${formatBytes(done)} of ${formatBytes(total)}`
  return unit === 'percent' ? formatPercent(total === 0 ? 0 : (100 * done) / total) : `${done} of ${total} shards`
}

/** `about 3m 20s left (2m 50s to 4m 10s, from 5 earlier rollouts)`. */
export function forecastWords({ remaining, low, high, basis, runs, slower }: Forecast): string {
  const range = low === high ? '' : `${formatDuration(low)} to ${formatDuration(high)}, `
  const from = basis === 'history' ? `from ${formatCount(runs, 'earlier rollout')}` : 'from warmup and batches'
  const late = slower === undefined ? '' : `; ${slower.toFixed(1)}x as long as usual`
  return `about ${formatDuration(remaining)} left (${range}${from})${late}`
}

/** What the measured starts say about the warmup, and the setting that would fit. */
export function adviceWords({ measured, warmup, verdict, difference, proposed }: WarmupAdvice): string {
  const seen = `${formatCount(measured.targets, 'target')} ready after ${formatDuration(measured.p50)} (p95 ${formatDuration(measured.p95)}, max ${formatDuration(measured.max)})`
  const set = `warmup is ${formatDuration(warmup)}`
  switch (verdict) {
    case 'fits':
      return `${seen}; ${set}, which fits`
    case 'long':
      return `${seen}; ${set}: ${formatDuration(difference)} of each rollout wait for nothing; warmup: ${seconds(proposed)} would do`
    case 'short':
      return `${seen}; ${set}: targets count ${formatDuration(difference)} before they serve; set warmup: ${seconds(proposed)}`
  }
}

const seconds = (milliseconds: number): string => `${Math.ceil(milliseconds / 1000)}s`

/** `r-1 (revision 8 of lt-1)`, or the images where no release is known. */
export function revisionWords({ revision, release, images }: RevisionFacts): string {
  const what = release ?? (images.length === 0 ? 'unknown release' : images.map(shortImage).join(', '))
  return `${what} (revision ${revision.number})`
}

/** `backend@8cf5f38ee8df` of a reference: the name and the first 12 digits. */
const shortImage = (reference: string): string =>
  reference.slice(reference.lastIndexOf('/') + 1).replace(/@sha256:([0-9a-f]{12})[0-9a-f]*$/, '@$1')

/** How the platform moves the fleet: `min 100 %, max 200 %, warmup 3m 00s, no bake, 2 alarms`. */
export function ruleWords(facts: RolloutFacts): string {
  const { minHealthyPercentage: min, maxHealthyPercentage: max, warmup, bakeTime, checkpointPercentages } = facts
  return [
    min === undefined ? undefined : `min ${formatPercent(min)}`,
    max === undefined ? undefined : `max ${formatPercent(max)}`,
    warmup === undefined ? undefined : `warmup ${formatDuration(warmup)}`,
    bakeTime === undefined || bakeTime === 0 ? undefined : `bake ${formatDuration(bakeTime)}`,
    checkpointPercentages.length === 0 ? undefined : `checkpoints at ${checkpointPercentages.join(', ')} %`,
    facts.alarms.length === 0 ? 'no alarms' : formatCount(facts.alarms.length, 'alarm'),
  ]
    .filter((part) => part !== undefined)
    .join(', ')
}
