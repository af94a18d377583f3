import { join } from 'node:path'
import { RampartError } from '../errors/rampart-error.js'
import type { Credentials } from './auth.js'

/** Where Docker keeps what a person logged in with. */
export interface DockerCredentialOptions {
  /** The process environment: DOCKER_CONFIG, and PATH for the credential helpers. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly home: string
}

/** What Docker's configuration says of logins; there is more in the file. */
export interface DockerConfig {
  readonly auths?: Readonly<Record<string, { readonly auth?: string; readonly identitytoken?: string }>>
  readonly credHelpers?: Readonly<Record<string, string>>
  readonly credsStore?: string
}

// Docker Hub's credentials are kept under the address of its first registry.
const hubKey = 'https://index.docker.io/v1/'
const hubNames = new Set(['', 'docker.io', 'index.docker.io', 'registry-1.docker.io'])
const helperTimeout = 30_000

/**
 * Credentials for a registry host from Docker's configuration: its credential helpers first, then its own list.
 * Undefined where there are none. https://docs.docker.com/reference/cli/docker/login/#credential-stores
 */
export function dockerCredentials(
  host: string,
  options: DockerCredentialOptions,
): () => Promise<Credentials | undefined> {
  return async () => {
    const config = await readDockerConfig(options)
    if (config === undefined) return undefined
    const key = credentialKey(host)
    const helper = helperOf(config, host)
    if (helper !== undefined && helper !== '') {
      const found = await askHelper(helper, key, options)
      if (found !== undefined) return found
    }
    const entry = Object.entries(config.auths ?? {}).find(([name]) => name === key || hostOf(name) === hostOf(key))?.[1]
    return entry === undefined ? undefined : readEntry(entry)
  }
}

/** The name under which Docker keeps the login of a host. */
export function credentialKey(host: string): string {
  return hubNames.has(host) ? hubKey : host
}

/** The credential helper that keeps the login of a host; undefined when the configuration itself does. */
export function helperOf(config: DockerConfig, host: string): string | undefined {
  return config.credHelpers?.[host] ?? config.credHelpers?.[credentialKey(host)] ?? config.credsStore
}

/** Where Docker's configuration is. */
export function dockerConfigFile({ environment, home }: DockerCredentialOptions): string {
  const folder = environment['DOCKER_CONFIG']
  return join(folder === undefined || folder === '' ? join(home, '.docker') : folder, 'config.json')
}

const hostOf = (name: string): string => name.replace(/^https?:\/\//, '').split('/')[0] ?? ''

/** Docker's configuration, all of it; undefined when there is none. */
export async function readDockerConfig(options: DockerCredentialOptions): Promise<DockerConfig | undefined> {
  const { readFile } = process.getBuiltinModule('node:fs/promises')
  const file = dockerConfigFile(options)
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch {
    return undefined
  }
  try {
    return JSON.parse(text) as DockerConfig
  } catch {
    // The parser's own message would quote the file, and the file holds passwords.
    throw new RampartError('usage', `Docker's configuration is not JSON`, {
      place: { file },
      next: ['mend or remove the file, then log in again with docker login'],
    })
  }
}

function readEntry(entry: { readonly auth?: string; readonly identitytoken?: string }): Credentials | undefined {
  if (entry.identitytoken !== undefined && entry.identitytoken !== '') {
    return { username: '<token>', password: entry.identitytoken }
  }
  const plain = Buffer.from(entry.auth ?? '', 'base64').toString('utf8')
  const colon = plain.indexOf(':')
  return colon < 1 ? undefined : { username: plain.slice(0, colon), password: plain.slice(colon + 1) }
}

/** https://github.com/docker/docker-credential-helpers: the server's name on stdin, JSON on stdout. */
async function askHelper(
  name: string,
  server: string,
  { environment }: DockerCredentialOptions,
): Promise<Credentials | undefined> {
  const { spawn } = process.getBuiltinModule('node:child_process')
  const program = `docker-credential-${name}`
  const child = spawn(program, ['get'], {
    env: environment,
    stdio: ['pipe', 'pipe', 'ignore'],
    timeout: helperTimeout,
  })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  child.stdin.on('error', () => undefined)
  child.stdin.end(`${server}\n`)
  const parts: Buffer[] = []
  child.stdout.on('data', (part: Buffer) => parts.push(part))
  let code: number | null
  try {
    code = await ended
  } catch (error) {
    throw new RampartError('unreachable', `Docker's configuration names ${program}, which could not be started`, {
      next: [`install ${program}, or remove it from Docker's configuration`],
      cause: error,
    })
  }
  // "Credentials not found" is an exit code of 1 as every other failure; without credentials the registry will say so.
  if (code !== 0) return undefined
  try {
    const found = JSON.parse(Buffer.concat(parts).toString('utf8')) as { Username?: unknown; Secret?: unknown }
    if (typeof found.Username !== 'string' || typeof found.Secret !== 'string' || found.Secret === '') return undefined
    return { username: found.Username, password: found.Secret }
  } catch {
    throw new RampartError('unreachable', `${program} answered something that is not JSON`)
  }
}
