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

/** `about 3m 20s left (2m 50s to 4m 10s, from 5 earlier rollouts)`; `due by now (…)` when that time is over. */
export function forecastWords({ remaining, low, high, basis, runs, slower }: Forecast): string {
  const range = low === high ? '' : `${time(low)} to ${time(high)}, `
  const from = basis === 'history' ? `from ${formatCount(runs, 'earlier rollout')}` : 'from warmup and batches'
  const late = slower === undefined ? '' : `; ${slower.toFixed(1)}x as long as usual`
  const left = remaining === 0 ? 'due by now' : `about ${formatDuration(remaining)} left`
  return `${left} (${range}${from})${late}`
}

const time = (milliseconds: number): string => (milliseconds === 0 ? '0s' : formatDuration(milliseconds))

/** The warmup that would fit, what the configured one costs, and what was measured: the most useful first. */
export function adviceWords(advice: WarmupAdvice): string {
  const { measured, warmup, verdict, difference, proposed } = advice
  const { targets, p50, p95, max, inService } = measured
  const counts = inService === undefined ? '' : `, ${time(inService)} after they came into service`
  const seen = `${formatCount(targets, 'target')} ready ${formatDuration(p50)} after launch (p95 ${formatDuration(p95)}, max ${formatDuration(max)})${counts}`
  const says = {
    fits: `warmup of ${formatDuration(warmup)} fits`,
    long: `warmup: ${seconds(proposed)} would do, at ${formatDuration(warmup)} each rollout waits ${formatDuration(difference)} for nothing`,
    short: `set warmup: ${seconds(proposed)}, at ${formatDuration(warmup)} targets count ${formatDuration(difference)} before they serve`,
  }[verdict]
  return `${says}; ${seen}${aroundWords(advice)}`
}

/** A grace period that ends before targets are ready has them replaced; checks that are rare make them wait to count. */
function aroundWords({ measured, gracePeriod, healthCheckInterval }: WarmupAdvice): string {
  const { inService } = measured
  const tooShort = gracePeriod !== undefined && inService !== undefined && gracePeriod < inService
  const rare = healthCheckInterval !== undefined && healthCheckInterval > rarely
  return [
    tooShort
      ? `; the grace period of ${time(gracePeriod)} ends before that: raise it above ${seconds(inService)}`
      : gracePeriod === undefined || inService === undefined
        ? ''
        : `; grace period ${time(gracePeriod)} is long enough`,
    rare ? `; health checks every ${formatDuration(healthCheckInterval)} find a ready target that much later` : '',
  ].join('')
}

/** Half a minute is what the load balancer does where nobody says otherwise: more is lost time for every target. */
const rarely = 30_000

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
