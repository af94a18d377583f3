import { createHash } from 'node:crypto'

/** All that a base image is made of. Two bases with the same parts are the same base. */
export interface FingerprintParts {
  /** The bytes of Dockerfile.base. */
  readonly dockerfile: Uint8Array
  /** The files that it copies, e.g. requirements.txt, by their path in the context. */
  readonly inputs: ReadonlyMap<string, Uint8Array>
  readonly models: readonly FingerprintModel[]
  readonly args: Readonly<Record<string, string>>
  /** E.g. `linux/amd64`. */
  readonly platform: string
}

/** A model that the base carries: what it is, which one, and which of its files; all of them when none are named. */
export interface FingerprintModel {
  readonly id: string
  readonly revision: string
  readonly files?: readonly string[]
  /** `rampart` for a model in a layer of its own; a step of the Dockerfile brings it otherwise. */
  readonly provide?: 'dockerfile' | 'rampart'
  /** The branch by whose name it is found in its layer. */
  readonly ref?: string
}

const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex')

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

/**
 * The base's name: 64 hexadecimal digits. It is the SHA-256 of a JSON text with fixed keys in which everything without
 * an order of its own is sorted by bytes and every file stands by its SHA-256; so neither the order of a configuration
 * file nor the machine changes it, and each part does. The first member is the format's version.
 */
export function baseFingerprint(parts: FingerprintParts): string {
  const inputs = [...parts.inputs].map(([path, bytes]) => [path, sha256(bytes)] as const)
  const models = parts.models.map(({ id, revision, files, provide, ref }) => [
    id,
    revision,
    files === undefined ? null : [...files].sort(byBytes),
    ...(provide === 'rampart' ? [provide, ref ?? null] : []),
  ])
  const canonical = {
    version: 1,
    platform: parts.platform,
    dockerfile: sha256(parts.dockerfile),
    args: Object.entries(parts.args).sort(([a], [b]) => byBytes(a, b)),
    inputs: inputs.sort(([a], [b]) => byBytes(a, b)),
    models: models.map((model) => JSON.stringify(model)).sort(byBytes),
  }
  return sha256(JSON.stringify(canonical))
}
