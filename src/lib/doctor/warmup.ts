import type { LogLine } from '../ports/log-source.js'
import { bad, ok, skip, type Outcome } from './outcome.js'

/** How long a target took to load, by its own log. */
export interface MeasuredLoad {
  readonly stream: string
  /** From the process's first word to the line that says that it has loaded. */
  readonly seconds: number
}

// What uvicorn, gunicorn, hypercorn and their likes say first.
const begins =
  /\b(?:Started server process|Starting gunicorn|Booting worker|Waiting for application startup|Running on http)/
// `ready, 2 models loaded in 9.9s`, `loaded x in 812 ms`, `model load took 12.5 seconds`.
const loaded =
  /(?<![\w/])(?:ready|loaded|load(?:ing)?|warm(?:ed|ing)?[- ]?up|startup)\b.*?\b(?:in|took)\s+(?<value>\d+(?:\.\d+)?)\s*(?<unit>ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?)\b/i

// Requests take their time as well, and some of them ask whether the app is ready.
const request = /\b(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) \//

function saidSeconds(text: string): number | undefined {
  if (request.test(text)) return undefined
  const { value, unit } = loaded.exec(text)?.groups ?? {}
  if (value === undefined || unit === undefined) return undefined
  return Number(value) * (/^m(?:s|illi)/i.test(unit) ? 0.001 : /^m/i.test(unit) ? 60 : 1)
}

/** What the newest start of each stream took, for the streams that say so; lines are in order of time. */
export function measureLoads(lines: readonly LogLine[]): readonly MeasuredLoad[] {
  return [...Map.groupBy(lines, (line) => line.stream)].flatMap(([stream, own]): readonly MeasuredLoad[] => {
    const start = own.findLastIndex((line) => begins.test(line.text))
    // Several lines may begin one start; the first of them that stand together is its begin.
    let first = start
    while (first > 0 && begins.test(own[first - 1]?.text ?? '')) first--
    const after = own.slice(Math.max(0, first))
    const done = after.findLast((line) => saidSeconds(line.text) !== undefined)
    if (done === undefined) return []
    const begin = after[0]
    const seconds = start >= 0 && begin !== undefined ? (done.time - begin.time) / 1000 : (saidSeconds(done.text) ?? 0)
    return [{ stream, seconds }]
  })
}

// InstanceWarmup runs from InService, which is before the machine has booted and pulled:
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-default-instance-warmup.html
const bootAndPull = 240

const rounded = (seconds: number): string => (seconds < 10 ? seconds.toFixed(1) : String(Math.round(seconds)))

/** Compares the warmup that a rollout will use (seconds) with what targets took; `where` names the setting. */
export function warmupOutcome(warmup: number, where: string, loads: readonly MeasuredLoad[]): Outcome {
  const slowest = loads.toSorted((a, b) => b.seconds - a.seconds)[0]
  if (slowest === undefined) {
    return skip(
      'the logs of the running targets do not say how long they took to load',
      'let the app log e.g. "ready in 12.3s" when its models are loaded',
    )
  }
  const seen = `${slowest.stream} took ${rounded(slowest.seconds)} s to load, the slowest of ${loads.length}`
  if (warmup < slowest.seconds) {
    const enough = Math.ceil((slowest.seconds * 1.5) / 10) * 10
    return bad(
      'warn',
      `${where} is ${warmup} s, but ${seen}: a new target counts before it can serve`,
      `set environments.<name>.rollout.warmup to ${enough}s in rampart.yml`,
    )
  }
  const enough = Math.ceil((2 * slowest.seconds + bootAndPull) / 10) * 10
  if (warmup > enough) {
    return bad(
      'warn',
      `${where} is ${warmup} s, and ${seen}: each batch of a rollout waits about ${Math.round((warmup - enough) / 60)} minutes for nothing`,
      `set environments.<name>.rollout.warmup to ${enough}s in rampart.yml`,
    )
  }
  return ok(`${where} is ${warmup} s; ${seen}`)
}
