import type { ReleaseDifference, FieldChange } from '../domain/release-difference.js'
import type { ReleaseRow } from '../domain/release-row.js'
import { RampartError } from '../errors/rampart-error.js'
import type { Archive, RevisionField } from '../rollout/archive.js'
import { shownValue } from './shown-value.js'

/** The release that a word means: `#12`, `12`, an id, a version, or the beginning of an id or of a commit. */
export function findRow(rows: readonly ReleaseRow[], word: string): ReleaseRow {
  const number = /^#?(\d+)$/.exec(word)?.[1]
  const found =
    rows.find((row) => number !== undefined && row.number === Number(number)) ??
    rows.find(({ release, source }) => release === word || source?.version === word) ??
    rows.find(
      ({ release, source }) =>
        word.length >= 4 && (release?.startsWith(word) === true || source?.commit.startsWith(word) === true),
    )
  if (found !== undefined) return found
  throw new RampartError('usage', `There is no release ${word} among the ${rows.length} that are known.`, {
    next: ['rampart releases --limit 50'],
  })
}

/** What differs between two releases: images, bases, models, and what their revisions launch with, secrets masked. */
export async function diffReleases(from: ReleaseRow, to: ReleaseRow, archive: Archive): Promise<ReleaseDifference> {
  const [before, after] = await Promise.all([archive.fields(from.revision), archive.fields(to.revision)])
  const gone = [before === undefined ? [from] : [], after === undefined ? [to] : []].flat()
  return {
    from: nameOf(from),
    to: nameOf(to),
    images: changes(imagesOf(from), imagesOf(to)),
    bases: changes(basesOf(from), basesOf(to)),
    models: changes(modelsOf(from), modelsOf(to)),
    configuration: before === undefined || after === undefined ? null : fieldChanges(before, after),
    gone: gone.map(({ revision }) => `${revision.name} ${revision.number}`),
  }
}

const nameOf = ({ number, release, revision }: ReleaseRow): ReleaseDifference['from'] => ({ number, release, revision })

type Values = ReadonlyMap<string, string>

const imagesOf = ({ images }: ReleaseRow): Values =>
  new Map(images.map(({ repository, digest }) => [withoutHost(repository), digest ?? 'no digest']))

const withoutHost = (repository: string): string => repository.slice(repository.indexOf('/') + 1)

const basesOf = ({ bases }: ReleaseRow): Values =>
  new Map(Object.entries(bases).map(([service, { reference, digest }]) => [service, digest ?? reference]))

const modelsOf = ({ bases }: ReleaseRow): Values =>
  new Map(
    Object.entries(bases).flatMap(([service, { models }]) =>
      models.map((model) => {
        const at = model.lastIndexOf('@')
        return [`${service} ${model.slice(0, at)}`, model.slice(at + 1)] as const
      }),
    ),
  )

function changes(before: Values, after: Values): readonly FieldChange[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].sort()
  return names.flatMap((path) => {
    const from = before.get(path) ?? null
    const to = after.get(path) ?? null
    return from === to ? [] : [{ path, from, to, masked: false }]
  })
}

/** What differs between what two revisions launch with. Several values at one path are lines of a text: those that only one side has are its changes. */
export function fieldChanges(
  before: readonly RevisionField[],
  after: readonly RevisionField[],
): readonly FieldChange[] {
  const paths = [...new Set([...before, ...after].map(({ path }) => path))].sort()
  return paths.flatMap((path): readonly FieldChange[] => {
    const own = (fields: readonly RevisionField[]): readonly RevisionField[] =>
      fields.filter((one) => one.path === path)
    const [old, fresh] = [own(before), own(after)]
    const [first] = old
    const [second] = fresh
    if (old.length <= 1 && fresh.length <= 1) {
      return first?.value === second?.value ? [] : [change(path, first, second)]
    }
    return [
      ...missing(old, fresh).map((line) => change(path, line, undefined)),
      ...missing(fresh, old).map((line) => change(path, undefined, line)),
    ]
  })
}

/** What the first list holds more often than the second. */
function missing(from: readonly RevisionField[], other: readonly RevisionField[]): readonly RevisionField[] {
  const left = other.map(({ value }) => value)
  return from.filter(({ value }) => {
    const at = left.indexOf(value)
    if (at >= 0) left.splice(at, 1)
    return at < 0
  })
}

function change(path: string, from: RevisionField | undefined, to: RevisionField | undefined): FieldChange {
  const shown = [from, to].map((one) => (one === undefined ? null : shownValue(one)))
  const [before = null, after = null] = shown
  return { path, from: before, to: after, masked: before !== (from?.value ?? null) || after !== (to?.value ?? null) }
}
