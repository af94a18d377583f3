import { gunzipSync, gzipSync } from 'node:zlib'
import type { Digest } from '../../domain/digest.js'

/** EC2 takes at most this many bytes of user data, counted before base64 (EC2 user guide, "User data"). */
export const userDataLimit = 16_384

/** User data as text in which each character is one byte, so that what is not changed stays as it was. */
export interface UserData {
  readonly text: string
  /** cloud-init takes user data compressed with gzip as well. */
  readonly gzip: boolean
}

/** Reads user data as a launch template stores it. */
export function decodeUserData(base64: string): UserData {
  const bytes = Buffer.from(base64, 'base64')
  const unpacked = bytes[0] === 0x1f && bytes[1] === 0x8b ? unpack(bytes) : undefined
  return { text: (unpacked ?? bytes).toString('latin1'), gzip: unpacked !== undefined }
}

/** What begins like gzip and is none is data like any other. */
function unpack(bytes: Buffer): Buffer | undefined {
  try {
    return gunzipSync(bytes, { maxOutputLength: 100 * userDataLimit })
  } catch {
    return undefined
  }
}

/** The inverse of {@link decodeUserData}, with the size that EC2 counts. */
export function encodeUserData(data: UserData): { readonly base64: string; readonly bytes: number } {
  const plain = Buffer.from(data.text, 'latin1')
  const bytes = data.gzip ? gzipSync(plain, { level: 9 }) : plain
  return { base64: bytes.toString('base64'), bytes: bytes.length }
}

/** A repository whose references are to be pinned. */
export interface Pin {
  /** Without the registry's host, e.g. `rampart-backend`. */
  readonly repository: string
  readonly digest: Digest
}

export interface Pinned {
  readonly text: string
  /** How many references of each repository were found, whether they had to change or not. */
  readonly found: ReadonlyMap<string, number>
}

const escape = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)

// A tag or a part of the host may come from the shell: `$TAG`, `${TAG}`, `${TAG:-latest}`.
const variable = String.raw`\$(?:\{[^}\s]*\}|\w+)`
const host = String.raw`(?<host>(?:[\w.:-]|${variable})+)/`
const tag = String.raw`(?<tag>:(?:[\w.-]|${variable})+)?`
const digest = '(?<digest>@sha256:[0-9a-f]{64})?'

function pattern(repository: string): RegExp {
  return new RegExp(
    String.raw`(?<![\w./:@$}-])${host}(?<repository>${escape(repository)})${tag}${digest}(?![\w/@:-]|\.\w)`,
    'g',
  )
}

interface Groups {
  readonly host: string
  readonly tag?: string
  readonly digest?: string
}

function isReference({ host: name, tag: tagged, digest: pinned }: Groups, registryHost: string): boolean {
  return name.includes('$') ? tagged !== undefined || pinned !== undefined : name === registryHost
}

/** The references of the repository in the text, as they stand there; see {@link pinReferences}. */
export function findReferences(text: string, registryHost: string, repository: string): readonly string[] {
  return [...text.matchAll(pattern(repository))]
    .filter((match) => isReference(match.groups as unknown as Groups, registryHost))
    .map((match) => match[0])
}

/**
 * Rewrites every reference to the repositories so that it names the digest, and nothing else of the text. A reference
 * is `<host>/<repository>` with an optional tag or digest, where the host is that registry's or comes from a shell
 * variable; in the second case only with a tag or digest, because `$HOME/rampart` is a folder.
 */
export function pinReferences(text: string, registryHost: string, pins: readonly Pin[]): Pinned {
  const found = new Map<string, number>()
  let result = text
  for (const { repository, digest: pinned } of pins) {
    found.set(repository, findReferences(result, registryHost, repository).length)
    result = result.replaceAll(pattern(repository), (whole: string, ...rest: unknown[]) => {
      const groups = rest.at(-1) as Groups
      return isReference(groups, registryHost) ? `${groups.host}/${repository}@${pinned}` : whole
    })
  }
  return { text: result, found }
}
