import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config, ServiceConfig } from '../config/index.js'
import { baseFreshness, type WantedBase } from '../image/base/freshness.js'
import { baseFingerprint, type FingerprintParts } from '../image/base/fingerprint.js'
import type { Runtime } from '../image/base/prove.js'
import { runtimeOf } from '../operations/base-runtime.js'
import { RampartError } from '../errors/rampart-error.js'
import type { Registry } from '../ports/registry.js'
import type { Check } from '../rollout/driver.js'

/** All that a service's base is made of, as its sources are now. */
export async function partsOfBase(
  { context }: ServiceConfig,
  base: NonNullable<ServiceConfig['base']>,
): Promise<FingerprintParts> {
  const inputs = await Promise.all(
    base.inputs.map(async (input) => [input, await readFile(join(context, input))] as const),
  )
  const { models, args, platform } = base
  return { dockerfile: await readFile(base.dockerfile), inputs: new Map(inputs), models, args, platform }
}

/** What the base of a service must be, with its parts: of its sources as they are, and proved for the apps that share it. */
export async function wantedBase(
  { services }: Config,
  service: ServiceConfig,
  base: NonNullable<ServiceConfig['base']>,
): Promise<{ readonly parts: FingerprintParts; readonly wanted: WantedBase }> {
  const others = services.filter((one) => one !== service && one.base?.repository === base.repository)
  const [parts, ...runtimes] = await Promise.all([
    partsOfBase(service, base),
    ...[service, ...others].map(async ({ dockerfile, args }) => runtimeIfKnown(dockerfile, args)),
  ])
  const scope = { runtimes: runtimes.filter((one) => one !== undefined), commands: base.prove }
  const { maxAge } = base
  return { parts, wanted: { fingerprint: baseFingerprint(parts), scope, ...(maxAge !== undefined && { maxAge }) } }
}

/** Undefined for a Dockerfile that cannot be read: whoever builds with it says so. */
async function runtimeIfKnown(...asked: Parameters<typeof runtimeOf>): Promise<Runtime | undefined> {
  return runtimeOf(...asked).catch((error: unknown) => {
    if (error instanceof RampartError) return undefined
    throw error
  })
}

const verdicts = {
  fresh: { result: 'ok', words: 'is what its sources say' },
  stale: { result: 'fail', words: 'was built from other sources than these: dependencies or models changed since' },
  unproved: { result: 'fail', words: 'was proved for another user, variables or commands than the app has now' },
  old: { result: 'fail', words: 'is older than the maxAge of its configuration allows' },
  unlabelled: { result: 'skip', words: 'carries no fingerprint, so nobody can say whether it is fresh' },
  missing: { result: 'fail', words: 'is not in the registry' },
} as const

/**
 * One check for each base of ours: is it there, made of what the sources say now, proved for the app as it is, and young
 * enough? With `allowStale` one that is there only warns. `now`: milliseconds since 1970.
 */
export async function checkBases(
  config: Config,
  registry: Registry,
  now: number,
  allowStale = false,
): Promise<readonly Check[]> {
  const bases = config.services.map(async (service): Promise<readonly Check[]> => {
    const { base } = service
    if (base === undefined) return []
    const { wanted } = await wantedBase(config, service, base)
    const freshness = await baseFreshness(registry, base.repository, base.tag, wanted, now)
    const { result, words } = verdicts[freshness]
    const image = `${registry.host}/${base.repository}:${base.tag}`
    return [
      {
        name: `base of ${service.name}`,
        result: allowStale && freshness !== 'missing' && result === 'fail' ? 'warn' : result,
        detail: `${image} ${words}`,
        ...(freshness !== 'fresh' &&
          freshness !== 'unlabelled' && { remedy: `rampart base build --service ${service.name}` }),
      },
    ]
  })
  return (await Promise.all(bases)).flat()
}
