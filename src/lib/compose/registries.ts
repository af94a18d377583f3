import type { SharedFlags } from '../../base-command.js'
import { configure } from './configure.js'
import { openElsewhere, openRegistry } from './images.js'
import type { Config } from '../config/index.js'
import { createRegistryClient } from '../oci/client.js'
import { isEcr, isLoopback, registryEndpoint } from '../oci/endpoint.js'
import { RampartError } from '../errors/rampart-error.js'
import type { RunContext } from '../operations/run.js'
import type { Account } from '../ports/account.js'
import type { Registry } from '../ports/registry.js'

interface Run extends Pick<RunContext, 'clock' | 'signal'> {
  /** How many large blobs are sent at once; the client's own number unless given. */
  readonly parallelUploads?: number
}

/** A registry, and the account that it belongs to when it is that account's ECR. */
export interface OpenRegistry {
  readonly registry: Registry
  readonly account: Account | undefined
}

/** The configuration, where there is one; images of a registry can be looked at and copied without. */
export async function optionalConfig(flags: SharedFlags, needed: boolean): Promise<Config | undefined> {
  return configure(flags).catch((error: unknown) => {
    const asked = needed || flags.config !== undefined || flags.env !== undefined
    // A file with mistakes in it has a place; one that is not there has none.
    if (asked || !(error instanceof RampartError) || error.problems.length > 0 || error.place !== undefined) throw error
    return undefined
  })
}

/** The account as this machine's credentials make it, in that region. */
export async function accountIn(region: string): Promise<Account> {
  const { createAws } = await import('../aws/index.js')
  return createAws({ region }).account
}

/** The region in the host name of an ECR registry; undefined for every other registry. */
function ecrRegion(host: string): string | undefined {
  return isEcr(host) ? /ecr(?:-fips)?\.([a-z0-9-]+)\./.exec(host)?.[1] : undefined
}

/** The account of an environment whose registry is its own ECR. */
export async function homeAccount(config: Config | undefined): Promise<Account | undefined> {
  if (config === undefined || config.environment.registry !== undefined) return undefined
  return accountIn(config.environment.region)
}

/** The registry of a host, with a fresh login where it is ECR and with Docker's own elsewhere. Nothing is asked yet. */
export function openHost(host: string, run: Run): Registry {
  const region = ecrRegion(host)
  if (region === undefined) return openElsewhere(host, run)
  // Docker's own client may hold a login for ECR that has ended; the account makes one that has not.
  const credentials = async () => ({
    ...(await (await accountIn(region)).registryAuthorization()),
    scheme: 'basic' as const,
  })
  return createRegistryClient({ endpoint: registryEndpoint(host), host, credentials, ...run })
}

/** The registry of a host, or of the environment where none is named. */
export async function openPlace(host: string | undefined, config: Config | undefined, run: Run): Promise<OpenRegistry> {
  const region = host === undefined ? undefined : ecrRegion(host)
  if (host !== undefined && region !== undefined) {
    return { registry: openHost(host, run), account: await accountIn(region) }
  }
  // The environment's registry has a name that says what it is, or stands on this machine.
  const mayBeHome = config !== undefined && (host === undefined || isLoopback(host))
  if (config !== undefined && mayBeHome) {
    const account = await homeAccount(config)
    const registry = await openRegistry(config, { account, run })().catch((error: unknown) => {
      if (host === undefined) throw error
      return undefined
    })
    if (registry !== undefined && (host === undefined || registry.host === host)) return { registry, account }
    await registry?.close()
  }
  return { registry: openHost(host ?? '', run), account: undefined }
}
