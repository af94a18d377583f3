import type { ReleaseRecord } from '../domain/release-record.js'
import type { Revision } from '../domain/release.js'
import { RampartError } from '../errors/rampart-error.js'

/** What a fleet is on, as the platform itself says. */
export interface Serving {
  readonly revision: Revision
  /** Undefined for a revision that rampart did not make. */
  readonly release?: string
  /** False while targets of something else serve too, as after a rollout that was cancelled half-way. */
  readonly isWhole: boolean
}

/** A release that can be gone back to. */
export interface Candidate {
  readonly record: ReleaseRecord
  /** Every target was proved to serve it, in this rollout or in another one of the same release. */
  readonly isProved: boolean
  /** The whole fleet is on it now. */
  readonly isServing: boolean
  /** The one that is taken when none is named. */
  readonly isDefault: boolean
}

const sameRevision = (a: Revision, b: Revision): boolean => a.name === b.name && a.number === b.number

/** The rollout ended well by the platform's word, whatever was proved of it then, and was not taken back. */
const arrived = ({ ending, verification }: ReleaseRecord): boolean =>
  (ending === 'done' || ending === 'verification') && verification?.wentBack !== true

/** Proved on every target and, where that was asked, verified. */
const isProof = ({ ending, proof, verification }: ReleaseRecord): boolean =>
  ending === 'done' &&
  proof !== undefined &&
  proof.total > 0 &&
  proof.proved === proof.total &&
  (verification === undefined || verification.failed.length === 0)

const serves = (record: ReleaseRecord, { revision, release }: Serving): boolean =>
  sameRevision(record.revision, revision) || (release !== undefined && record.release.id === release)

/**
 * What served one after the other, each standing on what it replaced: a deploy goes on top, and a rollback takes away
 * all that is above the release it returns to. So the next step back is always the one below, also after several.
 */
function standing(oldestFirst: readonly ReleaseRecord[], serving: Serving): readonly ReleaseRecord[] {
  const stack: ReleaseRecord[] = []
  const goBackTo = (found: (record: ReleaseRecord) => boolean): boolean => {
    const place = stack.findLastIndex(found)
    if (place >= 0) stack.length = place + 1
    return place >= 0
  }
  for (const [place, record] of oldestFirst.entries()) {
    // The ledger of a run that was lost ends before its rollout does; what came from it has seen it serve.
    const next = oldestFirst[place + 1]
    const served =
      arrived(record) || (record.ending === undefined && next !== undefined && sameRevision(next.from, record.revision))
    if (!served) continue
    const same = (one: ReleaseRecord): boolean => one.release.id === record.release.id
    if (record.kind === 'rollback' && goBackTo(same)) continue
    const top = stack.at(-1)
    if (top !== undefined && same(top)) stack.pop()
    stack.push(record)
  }
  // The platform has the last word: somebody may have moved the fleet by other means, or a run was lost.
  const top = stack.at(-1)
  if (top === undefined || serves(top, serving)) return stack
  const lost = oldestFirst.findLast((record) => serves(record, serving))
  if (lost !== undefined && lost.number > top.number) stack.push(lost)
  else goBackTo((record) => serves(record, serving))
  return stack
}

/**
 * The releases of a ledger, newest first and each once, and which of them a rollback takes by itself: the last one that
 * was proved before what serves now, or what serves now while not the whole fleet is on it.
 */
export function candidatesOf(newestFirst: readonly ReleaseRecord[], serving: Serving): readonly Candidate[] {
  const proved = new Set(newestFirst.filter(isProof).map(({ release }) => release.id))
  const path = standing(newestFirst.toReversed(), serving).toReversed()
  const [top] = path
  const onTop = top !== undefined && serves(top, serving)
  const wanted = path.find(
    (record) => proved.has(record.release.id) && (serves(record, serving) ? !serving.isWhole && onTop : true),
  )
  // The record of a release that served is the one to go back to, even if a later try to deploy it again has failed.
  const order = [...(wanted === undefined ? [] : [wanted]), ...path, ...newestFirst]
  const best = new Map<string, ReleaseRecord>()
  for (const record of order) if (!best.has(record.release.id)) best.set(record.release.id, record)
  return [...best.values()]
    .toSorted((a, b) => b.number - a.number)
    .map((record) => ({
      record,
      isProved: proved.has(record.release.id),
      isServing: serving.isWhole && serves(record, serving),
      isDefault: record === wanted,
    }))
}

/**
 * Whether the last release has gone back already, by itself or by whoever stopped it: what serves is what it came from.
 * `last` is the platform's newest rollout, which also tells of a run that was left or lost. A rollback that a person asked
 * for is none: whoever asks once more wants to go further.
 */
export function wentBackFrom(
  newestFirst: readonly ReleaseRecord[],
  serving: Serving,
  last: { readonly id: string; readonly isRolledBack: boolean } | undefined,
): { readonly record?: ReleaseRecord } | undefined {
  // A rollback that did not arrive says nothing of what serves.
  const record = newestFirst.find((one) => one.kind === 'deploy' || arrived(one))
  if (!serving.isWhole || record?.kind === 'rollback') return undefined
  const cameFromHere = (one: ReleaseRecord): boolean =>
    sameRevision(one.from, serving.revision) && !sameRevision(one.revision, serving.revision)
  if (record !== undefined && (record.ending === 'rolledBack' || record.verification?.wentBack === true)) {
    return cameFromHere(record) ? { record } : undefined
  }
  if (last?.isRolledBack !== true) return undefined
  const known = newestFirst.find(({ rollout }) => rollout === last.id)
  if (known !== undefined) return cameFromHere(known) ? { record: known } : undefined
  return record !== undefined && record.ending === undefined && cameFromHere(record) ? { record } : {}
}

/** The release that is taken when none is named. Rejects with kind `preflight` when no release before was proved. */
export function defaultOf(candidates: readonly Candidate[]): Candidate {
  const found = candidates.find(({ isDefault }) => isDefault)
  if (found !== undefined) return found
  throw new RampartError('preflight', 'No release before the one that serves was proved; nothing was changed.', {
    next:
      candidates.length === 0
        ? ['the ledger of this environment is empty: what serves was not released by rampart']
        : ['rampart rollback --list', 'name one with --to, if it is known to be good'],
  })
}

/**
 * The release that a person names: its id or the beginning of one, its number (`12`, `#12`), or its version. A number is
 * that very rollout. Rejects with kind `usage` when it is none, or more than one.
 */
export function findCandidate(
  newestFirst: readonly ReleaseRecord[],
  candidates: readonly Candidate[],
  word: string,
): Candidate {
  const number = /^#?(\d{1,8})$/.exec(word)?.[1]
  const byNumber = number === undefined ? undefined : newestFirst.find((record) => record.number === Number(number))
  if (byNumber !== undefined) {
    const known = candidates.find(({ record }) => record.release.id === byNumber.release.id)
    return { isProved: false, isServing: false, isDefault: false, ...known, record: byNumber }
  }
  // Of several releases of the same version the newest is meant.
  const exact = candidates.find(({ record }) => record.release.id === word || record.source?.version === word)
  if (exact !== undefined) return exact
  const isBeginning = /^r-[0-9a-f]{3,}$/.test(word)
  const found = isBeginning ? candidates.filter(({ record }) => record.release.id.startsWith(word)) : []
  const [only] = found
  if (only !== undefined && found.length === 1) return only
  const names = (found.length > 0 ? found : candidates)
    .slice(0, 10)
    .map(({ record }) => `#${record.number} ${record.release.id}`)
  throw new RampartError(
    'usage',
    found.length > 0 ? `${word} is the beginning of ${found.length} releases.` : `The ledger has no release ${word}.`,
    { next: names.length === 0 ? ['the ledger of this environment is empty'] : [`use one of ${names.join(', ')}`] },
  )
}
