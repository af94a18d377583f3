import { homedir } from 'node:os'
import type { Performed, SharedFlags } from '../../base-command.js'
import { openPlace, optionalConfig } from './registries.js'
import { RampartError } from '../errors/rampart-error.js'
import type { Credentials } from '../oci/auth.js'
import { createRegistryClient } from '../oci/client.js'
import { registryEndpoint } from '../oci/endpoint.js'
import { keepLogin, type Keeper } from '../oci/login.js'
import { readTargetPlace } from '../operations/registry-places.js'
import { streamPage } from './perform.js'
import { loginText } from '../report/registry-text.js'
import { clockFrom } from '../system/clock.js'

interface LoginFlags extends SharedFlags {
  readonly host?: string | undefined
  readonly username?: string | undefined
  readonly 'password-stdin': boolean
}

/** What `registry login --json` prints: a stable shape, and nothing secret. */
interface LoginResult {
  readonly v: 1
  readonly simulated: boolean
  readonly registry: string
  readonly username: string
  readonly kept: Keeper
  /** ISO 8601; null for a login that does not end by itself. */
  readonly expiresAt: string | null
}

interface Login {
  readonly host: string
  readonly credentials: Credentials
  readonly expiresAt: number | undefined
}

/** All of stdin but the newline at its end, which a person or `echo` puts there. */
async function readPassword(): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of process.stdin) parts.push(part as Buffer)
  const password = Buffer.concat(parts)
    .toString('utf8')
    .replace(/\r?\n$/, '')
  if (password !== '') return password
  throw new RampartError('usage', 'There is no password on stdin.', {
    next: ['printf %s "$TOKEN" | rampart registry login …'],
  })
}

async function loginOf(flags: LoginFlags, signal: AbortSignal): Promise<Login> {
  const { host, username } = flags
  const run = { clock: clockFrom(process.env['RAMPART_CLOCK']), signal }
  if (username !== undefined && host !== undefined) {
    if (!flags['password-stdin']) {
      throw new RampartError('usage', 'A password is taken from stdin only.', {
        next: [`printf %s "$TOKEN" | rampart registry login ${host} --username ${username} --password-stdin`],
      })
    }
    const credentials = { username, password: await readPassword() }
    const registry = createRegistryClient({
      endpoint: registryEndpoint(host),
      host,
      credentials: async () => credentials,
      ...run,
    })
    try {
      await registry.ping()
    } finally {
      await registry.close()
    }
    return { host, credentials, expiresAt: undefined }
  }
  const config = await optionalConfig(flags, host === undefined)
  const { registry, account } = await openPlace(host, config, run)
  try {
    if (account === undefined) {
      throw new RampartError(
        'usage',
        `${registry.host} is not the registry of an AWS account: it needs a name and a password.`,
        {
          next: [`printf %s "$TOKEN" | rampart registry login ${registry.host} --username NAME --password-stdin`],
        },
      )
    }
    await registry.ping()
    const { username: name, password, expiresAt } = await account.registryAuthorization()
    return { host: registry.host, credentials: { username: name, password }, expiresAt }
  } finally {
    await registry.close()
  }
}

/** `rampart registry login`. */
export async function runLogin(given: LoginFlags): Promise<Performed> {
  const place =
    given.host === undefined ? undefined : readTargetPlace(given.host.includes('/') ? given.host : `${given.host}/`)
  const flags = { ...given, host: place === undefined ? undefined : (place.host ?? given.host) }
  const { host, credentials, expiresAt } = await loginOf(flags, new AbortController().signal)
  const home = process.env['HOME'] ?? homedir()
  const kept = await keepLogin(host, credentials, { environment: process.env, home })
  const result: LoginResult = {
    v: 1,
    simulated: process.env['RAMPART_SIMULATION'] !== undefined,
    registry: host,
    username: credentials.username,
    kept,
    expiresAt: expiresAt === undefined || expiresAt === 0 ? null : new Date(expiresAt).toISOString(),
  }
  if (!flags.json) process.stdout.write(`${loginText(result, streamPage(process.stdout, flags))}\n`)
  return { exitCode: 0, result }
}
