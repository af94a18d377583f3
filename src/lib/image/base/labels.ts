import { createHash } from 'node:crypto'
import type { PartChange } from '../../domain/base-status.js'
import type { ImageConfig } from '../image-config.js'
import type { FingerprintParts } from './fingerprint.js'
import type { BaseProof } from './prove.js'

/** The label in which a base image carries its fingerprint; every image on it inherits it. */
export const fingerprintLabel = 'rampart.base.fingerprint'
/** What each input of the base was, by its name: hashes to compare, not to read. */
const inputsLabel = 'rampart.base.inputs'
/** The models that the base carries: a JSON list of id, revision and bytes. */
const modelsLabel = 'rampart.models'
/** How the base was proved, see {@link proofLabelOf}. */
const proofLabel = 'rampart.proof'

/** A model as the label has it. */
interface LabelledModel {
  readonly id: string
  readonly revision: string
  readonly bytes: number
}

const hashOf = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex').slice(0, 24)

/**
 * Every part of the base by name: `Dockerfile`, `platform`, `file <path>`, `argument <name>`, `model <id>`. The values
 * tell whether a part is the same; all but the platform's are hashes.
 */
function partsOf({ dockerfile, platform, inputs, args, models }: FingerprintParts): Readonly<Record<string, string>> {
  return Object.fromEntries([
    ['Dockerfile', hashOf(dockerfile)],
    ['platform', platform],
    ...[...inputs].map(([path, bytes]) => [`file ${path}`, hashOf(bytes)] as const),
    ...Object.entries(args).map(([name, value]) => [`argument ${name}`, hashOf(value)] as const),
    ...models.map(({ id, revision, files, provide, ref }) => {
      const part = [revision, files?.toSorted() ?? null, ...(provide === 'rampart' ? [provide, ref ?? null] : [])]
      return [`model ${id}`, hashOf(JSON.stringify(part))] as const
    }),
  ])
}

/** What changed between the base with these labels and its sources; undefined when the base does not say what it was made of. */
export function changesSince(
  labels: Readonly<Record<string, string>>,
  parts: FingerprintParts,
): readonly PartChange[] | undefined {
  const before = parseRecord(labels[inputsLabel])
  if (before === undefined) return undefined
  const now = partsOf(parts)
  const old = new Map(modelsOf(labels).map(({ id, revision }) => [`model ${id}`, revision]))
  const current = new Map(parts.models.map(({ id, revision }) => [`model ${id}`, revision]))
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort()
  return names.flatMap((part): readonly PartChange[] => {
    if (before[part] === now[part]) return []
    const change = before[part] === undefined ? 'added' : now[part] === undefined ? 'removed' : 'changed'
    const from = wordsOf(part, before, old)
    const to = wordsOf(part, now, current)
    return [{ part, change, ...(from !== undefined && { from }), ...(to !== undefined && { to }) }]
  })
}

function wordsOf(
  part: string,
  side: Readonly<Record<string, string>>,
  models: ReadonlyMap<string, string>,
): string | undefined {
  return part === 'platform' ? side[part] : models.get(part)?.slice(0, 12)
}

/** The models that the labels name; none when they cannot be read. */
export function modelsOf(labels: Readonly<Record<string, string>>): readonly LabelledModel[] {
  try {
    const value: unknown = JSON.parse(labels[modelsLabel] ?? '[]')
    return Array.isArray(value)
      ? (value as readonly LabelledModel[]).filter(
          ({ id, revision }) => typeof id === 'string' && typeof revision === 'string',
        )
      : []
  } catch {
    return []
  }
}

function parseRecord(text: string | undefined): Readonly<Record<string, string>> | undefined {
  try {
    const value: unknown = JSON.parse(text ?? 'null')
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, string>>) : undefined
  } catch {
    return undefined
  }
}

/** What says of a base, on itself, what it was made of. */
export function sourceLabelsOf(fingerprint: string, parts: FingerprintParts): Readonly<Record<string, string>> {
  return { [fingerprintLabel]: fingerprint, [inputsLabel]: JSON.stringify(partsOf(parts)) }
}

/** What says of a base, on itself, what it carries and how that was proved. */
export function proofLabelsOf(proof: BaseProof): Readonly<Record<string, string>> {
  return {
    [modelsLabel]: JSON.stringify(
      proof.models.map(({ id, revision, bytes }): LabelledModel => ({ id, revision, bytes })),
    ),
    [proofLabel]: proofLabelOf(proof),
  }
}

/** The proof in brief: `user`, `uid`, `terms`, `models` with place, files and bytes, and how many own `commands` succeeded. */
function proofLabelOf({ proved, user, uid, terms, models, commands }: BaseProof): string {
  return JSON.stringify({
    v: 1,
    proved,
    user,
    uid,
    terms,
    models: models.map(({ id, revision, place, files, bytes }) => ({ id, revision, place, files, bytes })),
    commands: commands.length,
  })
}

/** How the base says it was proved; null when it does not, or not in JSON. */
export function proofOf(labels: Readonly<Record<string, string>>): unknown {
  try {
    return JSON.parse(labels[proofLabel] ?? 'null')
  } catch {
    return null
  }
}

/** The labels of an image's configuration. */
export function labelsOf(config: ImageConfig): Readonly<Record<string, string>> {
  return config.config?.Labels ?? {}
}
