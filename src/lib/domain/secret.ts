import type { SecretSource } from './infra.js'

/** A variable of a service whose value is in a secret. */
export interface SecretUse extends SecretSource {
  readonly service: string
}

/** What an environment says of its secrets. Durations are milliseconds. */
export interface SecretPlan {
  /** Who takes which variable from where. */
  readonly uses: readonly SecretUse[]
  /** How old a value may become. */
  readonly maxAge?: number
  /** The ARN of the KMS key that encrypts them, when it is not AWS's own. */
  readonly key?: string
}

/** One version of a secret: never its value. `createdAt` is milliseconds since 1970. */
export interface SecretVersionFacts {
  readonly id: string
  /** AWSCURRENT, AWSPREVIOUS, … */
  readonly stages: readonly string[]
  readonly createdAt: number
}

/** A secret as everybody may see it. Times are milliseconds since 1970. */
export interface SecretFacts {
  readonly name: string
  readonly arn: string
  /** The KMS key, when it is not AWS's own. */
  readonly key?: string
  /** When it goes for good; where somebody has deleted it. */
  readonly deletionAt?: number
  /** Whether, and how often, it is rotated by a function. */
  readonly rotation?: { readonly days?: number; readonly nextAt?: number }
  /** Newest first; those that a stage names. */
  readonly versions: readonly SecretVersionFacts[]
}

/** One secret of a listing; null where nothing is known. The form is stable: `secrets list --json`. */
export interface ListedSecret {
  readonly name: string
  readonly arn: string | null
  /** Milliseconds since its current value was set. */
  readonly age: number | null
  readonly key: string | null
  readonly rotation: { readonly days: number | null; readonly nextAt: string | null } | null
  readonly deletionAt: string | null
  readonly versions: readonly { readonly id: string; readonly stages: readonly string[]; readonly createdAt: string }[]
  readonly usedBy: readonly { readonly service: string; readonly variable: string; readonly key: string | null }[]
}

/** What was found of one secret. The form is stable: `secrets check --json`. */
export interface SecretCheck {
  readonly secret: string
  readonly check: 'exists' | 'deletion' | 'keys' | 'age' | 'rotation' | 'readers'
  readonly result: 'ok' | 'warn' | 'fail' | 'skip'
  readonly detail: string
  readonly remedy?: string
}

/** What setting a secret came to. The form is stable: `secrets set --json`. */
export interface SecretSet {
  readonly name: string
  readonly arn: string
  readonly action: 'created' | 'updated' | 'unchanged'
  /** The id of the version that is current now. */
  readonly version: string
  /** The id of the one that was before it, where there was one. */
  readonly previous: string | null
  /** The names of the keys of its JSON; null when it is none. */
  readonly keys: readonly string[] | null
  /** Names that the value before had and this one has not. */
  readonly lostKeys: readonly string[]
  readonly usedBy: readonly string[]
}

/** The name in an ARN of Secrets Manager, without the six characters behind it; other texts as they are. */
export function secretName(id: string): string {
  const [, name] = /^arn:[^:]*:secretsmanager:[^:]*:[^:]*:secret:([^:]+)/.exec(id) ?? []
  return name === undefined ? id : name.replace(/-[A-Za-z0-9]{6}$/, '')
}

/** Those who take something from that secret. */
export function usesOf(plan: SecretPlan, secret: string): readonly SecretUse[] {
  const name = secretName(secret)
  return plan.uses.filter((use) => use.secret === secret || secretName(use.secret) === name)
}

/** The keys that the services need of a secret, each once. */
export function neededKeys(plan: SecretPlan, secret: string): readonly string[] {
  return [...new Set(usesOf(plan, secret).flatMap(({ key }) => key ?? []))]
}

/**
 * A value as the JSON object that ECS and the user data of a group look into; undefined when it is none. An error of the
 * parser would quote the value: it is dropped.
 */
export function secretObject(text: string): ReadonlyMap<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    return new Map(Object.entries(value))
  } catch {
    return undefined
  }
}

/** What of the needed keys a value does not have, or has as something else than a text, a number or a truth value. */
export function missingKeys(text: string, needed: readonly string[]): readonly string[] {
  const object = secretObject(text)
  return needed.filter((key) => !['string', 'number', 'boolean'].includes(typeof object?.get(key)))
}
