import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { RampartError } from '../errors/rampart-error.js'

type Environment = Readonly<Record<string, string | undefined>>

/** Where the hub is, and who asks. */
export interface HubSettings {
  /** `https://host[:port][/path]`, without a slash at the end. */
  readonly endpoint: string
  /** A secret; undefined for who has none. Read when it is first asked for. */
  readonly token: () => Promise<string | undefined>
}

/**
 * The hub as its own tools find it: HF_ENDPOINT; HF_TOKEN, else the file that `hf auth login` wrote. Throws a `usage`
 * error for an endpoint that is no address.
 * https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables
 */
export function hubSettings(environment: Environment, home: string): HubSettings {
  let token: Promise<string | undefined> | undefined
  return { endpoint: endpointOf(environment), token: () => (token ??= readToken(environment, home)) }
}

function endpointOf(environment: Environment): string {
  const text = filled(environment['HF_ENDPOINT']) ?? 'https://huggingface.co'
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    throw new RampartError('usage', 'HF_ENDPOINT must be an address as https://host, without name and password', {
      next: ['a token goes into HF_TOKEN'],
    })
  }
  return (url.origin + url.pathname).replace(/\/+$/, '')
}

async function readToken(environment: Environment, home: string): Promise<string | undefined> {
  const given = filled(environment['HF_TOKEN']) ?? filled(environment['HUGGING_FACE_HUB_TOKEN'])
  if (given !== undefined) return given
  const caches = filled(environment['XDG_CACHE_HOME']) ?? join(home, '.cache')
  const directory = filled(environment['HF_HOME']) ?? join(caches, 'huggingface')
  const file = filled(environment['HF_TOKEN_PATH']) ?? join(directory, 'token')
  // Who has no token, or one that this process may not read, asks as anybody does.
  return filled(await readFile(file, 'utf8').catch(() => undefined))
}

function filled(text: string | undefined): string | undefined {
  const trimmed = text?.trim()
  return trimmed === '' ? undefined : trimmed
}
