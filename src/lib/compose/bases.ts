import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config, ServiceConfig } from '../config/index.js'
import { baseFreshness } from '../image/base/freshness.js'
import { baseFingerprint, type FingerprintParts } from '../image/base/fingerprint.js'
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

/** The fingerprint of a service's base as its sources are now; undefined when rampart does not know its sources. */
export async function fingerprintOf(service: ServiceConfig): Promise<string | undefined> {
  const { base } = service
  return base === undefined ? undefined : baseFingerprint(await partsOfBase(service, base))
}

const verdicts = {
  fresh: { result: 'ok', words: 'is what its sources say' },
  stale: { result: 'fail', words: 'was built from other sources than these: dependencies or models changed since' },
  old: { result: 'fail', words: 'is older than the maxAge of its configuration allows' },
  unlabelled: { result: 'skip', words: 'carries no fingerprint, so nobody can say whether it is fresh' },
  missing: { result: 'fail', words: 'is not in the registry' },
} as const

/**
 * One check for each base of ours: is it there, made of what the sources say now, and young enough? With `allowStale`
 * the latter two only warn. `now`: milliseconds since 1970.
 */
export async function checkBases(
  config: Config,
  registry: Registry,
  now: number,
  allowStale = false,
): Promise<readonly Check[]> {
  const bases = config.services.map(async (service): Promise<readonly Check[]> => {
    const { base } = service
    const fingerprint = await fingerprintOf(service)
    if (base === undefined || fingerprint === undefined) return []
    const wanted = { fingerprint, ...(base.maxAge !== undefined && { maxAge: base.maxAge }) }
    const freshness = await baseFreshness(registry, base.repository, base.tag, wanted, now)
    const { result, words } = verdicts[freshness]
    const image = `${registry.host}/${base.repository}:${base.tag}`
    return [
      {
        name: `base of ${service.name}`,
        result: (freshness === 'stale' || freshness === 'old') && allowStale ? 'warn' : result,
        detail: `${image} ${words}`,
        ...(freshness !== 'fresh' &&
          freshness !== 'unlabelled' && { remedy: `rampart base build --service ${service.name}` }),
      },
    ]
  })
  return (await Promise.all(bases)).flat()
}
