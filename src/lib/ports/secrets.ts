import type { SecretFacts } from '../domain/secret.js'

/** What a secret holds: text, or bytes that are none. */
export type SecretValue = { readonly text: string } | { readonly bytes: Uint8Array }

/** A secret that is to be made. */
export interface NewSecret {
  readonly name: string
  readonly value: SecretValue
  readonly description: string
  /** The ARN of a KMS key; AWS's own when left out. */
  readonly key?: string
  readonly tags: Readonly<Record<string, string>>
}

/** Secrets by name or ARN. No error of this port quotes a value. */
export interface Secrets {
  /** Undefined when there is none of that name. */
  describe(id: string): Promise<SecretFacts | undefined>
  /** The current value; undefined when there is none, or when the secret is to be deleted. */
  read(id: string): Promise<{ readonly value: SecretValue; readonly version: string } | undefined>
  /** Those whose names begin so, by name; those that are to be deleted, too. */
  list(prefix: string): Promise<readonly SecretFacts[]>
  create(secret: NewSecret): Promise<{ readonly arn: string; readonly version: string }>
  /** Makes the value the current one; the version's id. */
  put(id: string, value: SecretValue): Promise<string>
}
