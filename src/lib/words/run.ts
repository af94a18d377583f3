import { proofGrades, type ProofGrade } from '../domain/outcome.js'
import { formatBytes } from '../domain/format-bytes.js'
import type { LockHolder } from '../domain/lock-holder.js'
import { formatCount, formatDuration, formatPercent } from '../terminal/format.js'
import type { ReleasedImage } from '../view/images.js'
import { isGoingBack } from '../view/standing.js'
import type { EndingView, PhaseView, ProofView, ReleaseView, RolloutView } from '../view/view.js'

// A map: an ending of a later rampart may be called like something that every object has.
const endings: ReadonlyMap<string, string> = new Map([
  ['bug', 'internal error'],
  ['usage', 'not understood'],
  ['preflight', 'preflight failed'],
  ['rolledBack', 'rolled back'],
  ['attention', 'needs attention'],
  ['conflict', 'another rollout is under way'],
  ['unreachable', 'out of reach'],
  ['unknown', 'outcome unknown'],
  ['verification', 'verification failed'],
])

/** How a run ended, in words: `done`, `rolled back`. */
export function endingWords(ending: EndingView): string {
  return endings.get(ending.ending) ?? ending.ending
}

/** The first 12 digits of a digest, for people. */
export function shortDigest(digest: string): string {
  return digest.slice(digest.indexOf(':') + 1).slice(0, 12)
}

/** What each grade of proof rests on. */
const gradeWords: Readonly<Record<ProofGrade, string>> = {
  launched: 'launched with the released digests',
  reported: 'the released digests are reported by the targets',
  answered: 'answered by the targets themselves',
}

function gradesWords(targets: ProofView['targets']): string {
  const grades = proofGrades
    .map((grade) => ({ grade, count: targets.filter((one) => one.proved && one.grade === grade).length }))
    .filter(({ count }) => count > 0)
    .toReversed()
  const [only, ...others] = grades
  if (only === undefined) return gradeWords.launched
  return others.length === 0 ? gradeWords[only.grade] : grades.map(({ grade, count }) => `${count} ${grade}`).join(', ')
}

/** `4 of 4 targets proved (launched with the released digests)`. */
export function proofWords(proof: ProofView): string {
  const how = proof.proved === 0 ? '' : ` (${gradesWords(proof.targets)})`
  return `${proof.proved} of ${formatCount(proof.total, 'target')} proved${how}`
}

/** `r-1 recorded as revision 8 of lt-1`. */
export function releaseWords({ release, revision, reused }: ReleaseView): string {
  return `${release.id} ${reused ? 'found again' : 'recorded'} as revision ${revision.number} of ${revision.name}`
}

/** `waiting at most 10m for ci on build-7 (deploy, since 10:00:00: rollout of r-1)`. */
export function waitingWords({
  holder,
  patience,
}: {
  readonly holder: LockHolder
  readonly patience?: number
}): string {
  const { by, host, command, since, doing, link } = holder
  const most = patience === undefined ? '' : ` at most ${formatDuration(patience)}`
  return `waiting${most} for ${by} on ${host} (${command}, since ${since}: ${doing})${link === undefined ? '' : ` ${link}`}`
}

/** `InProgress 50 %, 2 replacements yet to begin`, as far as it is known. */
export function rolloutWords({ status, percentage, remaining }: RolloutView): string {
  const state = [status, percentage === undefined ? undefined : formatPercent(percentage)].filter(
    (part) => part !== undefined,
  )
  const words = state.join(' ') || 'started'
  // On the way back, and when all is done, the platform's number says nothing about what is to come.
  if (remaining === undefined || isGoingBack({ status }) || percentage === 100) return words
  const begun = remaining === 0 ? 'all replacements begun' : `${formatCount(remaining, 'replacement')} yet to begin`
  return `${words}, ${begun}`
}

/** What came of a phase: `done in 2.1s: 9 checks`. */
export function phaseWords({ state, duration, detail }: PhaseView): string {
  const time = duration === undefined ? '' : formatDuration(duration)
  const what = detail === undefined || detail === '' ? '' : `: ${detail}`
  switch (state) {
    case 'done':
      return `done in ${time}${what}`
    case 'failed':
      return `failed after ${time}${what}`
    case 'skipped':
      return `skipped${what}`
    case 'waiting':
    case 'running':
      return state
  }
}

/** What a push sent: `1.25 MB uploaded`, `unchanged, nothing uploaded`. */
export function pushWords(pushed: NonNullable<ReleasedImage['pushed']>): string {
  if (pushed.unchanged) return 'unchanged, nothing uploaded'
  return pushed.uploadedLayerBytes === 0 ? 'no layer uploaded' : `${formatBytes(pushed.uploadedLayerBytes)} uploaded`
}
