import { formatBytes } from '../domain/format-bytes.js'
import type { ModelLoad } from '../domain/model-load.js'
import { mostRestarts } from './trouble.js'

/** What a target's own words show of why it does not serve. */
export interface Symptom {
  /** The code of the cause that it makes. */
  readonly code:
    | 'image-pull'
    | 'out-of-memory'
    | 'permissions'
    | 'container-exits'
    | 'slow-download'
    | 'slow-start'
    | 'never-ready'
  /** What goes on after the target's name, e.g. `could not pull its image: manifest unknown`. */
  readonly what: string
  readonly next: readonly string[]
}

interface Lines {
  readonly lines: readonly { readonly text: string }[]
  readonly load: ModelLoad | undefined
  /** What its health check says: the load balancer's code and text. */
  readonly reason: string | undefined
  /** How often its process has begun anew. */
  readonly restarts?: number
}

// Docker's words, and ECS's: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
const pull =
  /manifest (?:unknown|for \S{1,300} not found)|pull access denied|CannotPull\w*|no basic auth credentials|toomanyrequests|no matching manifest for [\w/]+/
// IAM's words: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
const denied = /is not authorized to perform:? [\w:*-]{1,80}|AccessDenied\w*|UnauthorizedOperation/
const crash =
  /^Traceback \(most recent call last\)|^\s{0,8}throw err\b|^panic: |\bexited with code [1-9]|exec format error/
const problem = /^(?:[\w.]{1,120}(?:Error|Exception|Full|Exit)\b|Error)(?::|$)/
const reference = /([\w.:-]{1,200})\/([\w./-]{1,200})@(sha256:[0-9a-f]{64})/

/** What goes on with a traceback, and what Node.js writes below one. */
const goesOn = /^\s|^Node\.js v\d/

/**
 * What a line says of the process that wrote it: `dead` when it never began, for the lack of its image; `dying` when it
 * is the last that a process writes; `unknown` within a traceback; otherwise it lives. Pure, and total.
 */
export function lifeIn(text: string): 'dead' | 'dying' | 'alive' | 'unknown' {
  if (pull.test(text)) return 'dead'
  if (crash.test(text) || problem.test(text)) return 'dying'
  return text.trim() === '' || goesOn.test(text) ? 'unknown' : 'alive'
}

/** The error that a process wrote last, in its own words; undefined when it wrote none. */
export function lastErrorIn(lines: Lines['lines']): string | undefined {
  return last(lines, problem)
}

const last = (lines: Lines['lines'], words: RegExp): string | undefined =>
  lines.findLast(({ text }) => words.test(text))?.text.trim()

function pullSymptom({ lines }: Lines): Symptom | undefined {
  const line = last(lines, pull)
  if (line === undefined) return undefined
  const named = reference.exec(line)
  return {
    code: 'image-pull',
    what: `could not pull its image: ${pull.exec(line)?.[0].replace(/ for \S+ /, ' ') ?? ''}`,
    next:
      named === null
        ? ["look at the instance role's ECR permissions and at the image reference"]
        : [`aws ecr describe-images --repository-name ${named[2] ?? ''} --image-ids imageDigest=${named[3] ?? ''}`],
  }
}

function memorySymptom({ load }: Lines): Symptom | undefined {
  if (load?.killed === undefined || load.state === 'ready') return undefined
  return {
    code: 'out-of-memory',
    what: `was killed while it started: ${load.killed}`,
    next: ['give the targets more memory, run fewer workers, or load a smaller model'],
  }
}

function deniedSymptom({ lines }: Lines): Symptom | undefined {
  const line = last(lines, denied)
  if (line === undefined) return undefined
  return {
    code: 'permissions',
    what: `lacks a permission: ${denied.exec(line)?.[0] ?? ''}`,
    next: ['allow it in the role of the targets (instance profile or task role)'],
  }
}

/** Nothing listens there any more; one that answers with an error code has not exited. */
function exitSymptom({ lines, reason, restarts = 0 }: Lines): Symptom | undefined {
  if (restarts >= mostRestarts) {
    const why = last(lines, problem)
    return {
      code: 'container-exits',
      what: `serves and exits again, ${restarts} times so far${why === undefined ? '' : `: ${why}`}`,
      next: [],
    }
  }
  if (reason?.startsWith('Target.ResponseCodeMismatch') === true || last(lines, crash) === undefined) return undefined
  const why = last(lines, problem)
  return { code: 'container-exits', what: `starts and exits again${why === undefined ? '' : `: ${why}`}`, next: [] }
}

function startSymptom({ load }: Lines): Symptom | undefined {
  if (load === undefined || load.state === 'ready' || load.state === 'killed') return undefined
  const model = load.model === undefined ? '' : ` ${load.model}`
  const { progress } = load
  const far = progress?.unit === 'bytes' ? ` (${formatBytes(progress.done)} of ${formatBytes(progress.total)})` : ''
  if (load.state === 'downloading' || load.downloads.length > 0) {
    return {
      code: 'slow-download',
      what: `${load.state === 'downloading' ? `still downloads${model}${far}` : `downloaded ${load.downloads.join(', ')}`} while it starts: the base image lacks it`,
      next: ['name it under base.models in rampart.yml, then: rampart base build'],
    }
  }
  if (load.state !== 'loading') return undefined
  return {
    code: 'slow-start',
    what: `still loads${model === '' ? ' its models' : model}`,
    next: ['raise rollout.warmup and the grace period of the group when its models need that long'],
  }
}

/** The likeliest reason that the target's own lines give; undefined when they give none. Pure, and total. */
export function symptomOf(said: Lines): Symptom | undefined {
  const found =
    pullSymptom(said) ?? memorySymptom(said) ?? deniedSymptom(said) ?? exitSymptom(said) ?? startSymptom(said)
  if (found !== undefined || said.reason?.startsWith('Target.ResponseCodeMismatch') !== true) return found
  return { code: 'never-ready', what: 'never became healthy', next: [] }
}
