import type { DeployPrediction, Difference, PredictionResult } from '../domain/prediction.js'
import { formatBytes } from '../domain/format-bytes.js'
import { formatCount, formatDuration } from '../terminal/format.js'

const restsOn = (runs: number): string =>
  runs === 0 ? 'nothing to learn from yet' : `from ${formatCount(runs, 'earlier deploy')}`

/** `6m 10s predicted (5m 40s to 6m 50s; from 12 earlier deploys)`. */
export function predictionWords({ total, runs }: DeployPrediction): string {
  const [low, value, high] = [total.low, total.value, total.high].map(formatDuration)
  return `${value} predicted (${low} to ${high}; ${restsOn(runs)})`
}

/** `12 % more`, `as long as that`. */
function shareWords(predicted: number, actual: number): string {
  const share = Math.round(100 * (actual / Math.max(1, predicted) - 1))
  return share === 0 ? 'as predicted' : `${Math.abs(share)} % ${share > 0 ? 'more' : 'less'}`
}

/** `6m 10s, took 6m 55s (12 % more, out of range); rollout differs most: 5m 50s against 5m 20s`. */
export function resultWords({ predicted, actual, within, runs, phase }: PredictionResult): string {
  const range = within ? '' : ', out of its range'
  const most =
    phase === undefined
      ? ''
      : `; most differs ${phase.phase}: ${formatDuration(phase.actual)} against ${formatDuration(phase.predicted)}`
  const times = `${formatDuration(predicted)}, took ${formatDuration(actual)}`
  return `${times} (${shareWords(predicted, actual)}${range}; ${restsOn(runs)})${most}`
}

const against = (actual: number, expected: number | undefined, format: (value: number) => string): string =>
  `${format(actual)}${expected === undefined ? '' : ` against ${format(expected)}`}`

/** A reason in words: `models loaded in 1m 20s against 40s`. */
export function differenceWords({ reason, expected, actual }: Difference): string {
  switch (reason) {
    case 'lock':
      return `${formatDuration(actual)} of waiting for the lock`
    case 'launch':
      return `a target was in service after ${against(actual, expected, formatDuration)}`
    case 'pull':
      return `from there its process began after ${against(actual, expected, formatDuration)}`
    case 'model-load':
      return `its models were loaded in ${against(actual, expected, formatDuration)}`
    case 'downloads':
      return `${formatCount(actual, 'model')} downloaded at the start, which neither the image nor a cache had`
    case 'relaunches':
      return `${formatCount(actual, 'target')} had to be launched again`
    case 'capacity':
      return `${formatDuration(actual)} without room for another target`
    case 'pause':
      return `${formatDuration(actual)} until somebody let it go on`
    case 'targets':
      return against(actual, expected, (count) => formatCount(count, 'target'))
    case 'warmup':
      return `a warmup of ${against(actual, expected, formatDuration)}`
    case 'upload':
      return `an upload of ${against(actual, expected, (rate) => `${formatBytes(rate)}/s`)}`
    case 'layer':
      return `${formatBytes(actual)} sent${expected === undefined ? '' : `, where ${formatBytes(expected)} are usual`}`
    case 'registry-cache':
      return `${formatBytes(actual)} of a base that the registry did not have yet`
    case 'build-cache':
      return `a build of ${formatCount(actual, 'step')}, none of them from the cache`
    case 'own-work':
      return `rampart's own work of ${against(actual, expected, formatDuration)}`
    case 'retries':
      return `${formatCount(actual, 'request')} to AWS had to be made again`
  }
}
