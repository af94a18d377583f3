import type { Random } from './random.js'

/** What a version holds: text, or bytes. */
export type SecretContent =
  | { readonly text: string; readonly bytes?: never }
  | { readonly bytes: Uint8Array; readonly text?: never }

/** One version of a secret. Times are virtual milliseconds since 1970. */
export interface SecretVersion {
  readonly id: string
  readonly content: SecretContent
  readonly createdAt: number
  /** Its staging labels, e.g. AWSCURRENT; a version without any is deprecated. */
  readonly stages: Set<string>
  accessedAt: number | undefined
}

/** A secret of Secrets Manager. */
export interface StoredSecret {
  readonly arn: string
  readonly name: string
  readonly region: string
  readonly createdAt: number
  description: string | undefined
  kmsKeyId: string | undefined
  readonly tags: Map<string, string>
  changedAt: number
  accessedAt: number | undefined
  /** When it goes for good; undefined while nobody has deleted it. */
  deletionAt: number | undefined
  /** Oldest first. */
  readonly versions: SecretVersion[]
}

/** All secrets of one account, in every region. */
export interface SecretStore {
  readonly random: Random
  readonly secrets: StoredSecret[]
}

/** What a new secret begins with. */
export interface SecretBirth {
  readonly name: string
  readonly region: string
  readonly accountId: string
  readonly partition: string
  readonly now: number
  /** The six characters that AWS puts behind the name; random ones if absent. */
  readonly suffix?: string
}

/** A store with nothing in it. */
export function createSecretStore(random: Random): SecretStore {
  return { random, secrets: [] }
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** Puts a secret into the store that has no version yet. */
export function addSecret({ random, secrets }: SecretStore, birth: SecretBirth): StoredSecret {
  const { name, region, accountId, partition, now } = birth
  const letter = (): string => letters.charAt(Math.floor(random.next() * letters.length))
  const suffix = birth.suffix ?? Array.from({ length: 6 }, letter).join('')
  const secret: StoredSecret = {
    arn: `arn:${partition}:secretsmanager:${region}:${accountId}:secret:${name}-${suffix}`,
    name,
    region,
    createdAt: now,
    description: undefined,
    kmsKeyId: undefined,
    tags: new Map(),
    changedAt: now,
    accessedAt: undefined,
    deletionAt: undefined,
    versions: [],
  }
  secrets.push(secret)
  return secret
}

/** The secret of that name or ARN, with or without the ARN's last six characters; undefined when there is none. */
export function findSecret(store: SecretStore, region: string, id: string, now: number): StoredSecret | undefined {
  forgetDeleted(store, now)
  const own = store.secrets.filter((secret) => secret.region === region)
  return (
    own.find(({ arn, name }) => arn === id || name === id) ??
    own.find(({ arn }) => id.startsWith('arn:') && arn.slice(0, -7) === id)
  )
}

function forgetDeleted({ secrets }: SecretStore, now: number): void {
  for (let index = secrets.length - 1; index >= 0; index--) {
    const at = secrets[index]?.deletionAt
    if (at !== undefined && at <= now) secrets.splice(index, 1)
  }
}

/** The version with that label. */
export function versionAt({ versions }: StoredSecret, stage: string): SecretVersion | undefined {
  return versions.find(({ stages }) => stages.has(stage))
}

const day = 86_400_000

/**
 * Adds a version and moves the labels to it; the one that was AWSCURRENT gets AWSPREVIOUS.
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html
 */
export function addVersion(
  secret: StoredSecret,
  version: Pick<SecretVersion, 'id' | 'content'>,
  stages: readonly string[],
  now: number,
): void {
  // The first version of all is AWSCURRENT, whatever it was labelled with.
  const labels = secret.versions.length === 0 ? [...new Set([...stages, 'AWSCURRENT'])] : stages
  const former = versionAt(secret, 'AWSCURRENT')
  for (const label of labels) moveLabel(secret, label, undefined)
  secret.versions.push({ ...version, createdAt: now, stages: new Set(labels), accessedAt: undefined })
  if (labels.includes('AWSCURRENT') && former !== undefined) moveLabel(secret, 'AWSPREVIOUS', former)
  secret.changedAt = now
  dropDeprecated(secret, now)
}

function moveLabel({ versions }: StoredSecret, label: string, to: SecretVersion | undefined): void {
  for (const { stages } of versions) stages.delete(label)
  to?.stages.add(label)
}

// AWS keeps about a hundred versions, and none that is younger than a day goes.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html#term_version
function dropDeprecated({ versions }: StoredSecret, now: number): void {
  for (let index = 0; index < versions.length && versions.length > 100;) {
    const version = versions[index]
    if (version !== undefined && version.stages.size === 0 && now - version.createdAt > day) versions.splice(index, 1)
    else index += 1
  }
}

/** True when both hold the same. */
export function sameContent(one: SecretContent, other: SecretContent): boolean {
  if (one.text !== undefined || other.text !== undefined) return one.text === other.text
  return Buffer.compare(one.bytes, other.bytes) === 0
}
