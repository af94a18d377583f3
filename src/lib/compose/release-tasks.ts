import type { Config } from '../config/index.js'
import { isDigest } from '../domain/digest.js'
import { formatImageRef, parseImageRef } from '../domain/image-ref.js'
import { isInService, isLeaving } from '../domain/target.js'
import type { Account } from '../ports/account.js'
import { secretName, type SecretCheck, type SecretPlan } from '../domain/secret.js'
import { checkSecrets, namedSecrets } from '../operations/secrets-look.js'
import type { Clock } from '../ports/clock.js'
import type { Parameters } from '../ports/parameters.js'
import type { Secrets } from '../ports/secrets.js'
import { RampartError } from '../errors/rampart-error.js'
import type { Driver } from '../rollout/driver.js'
import type { VerifyTask } from '../verify/judged.js'
import { releaseTasks, type ReleaseSource } from '../verify/release-tasks.js'
import { repositories } from './configure.js'

interface Places {
  readonly driver: Driver
  readonly account: Account
  readonly parameters: Parameters
  readonly secrets: Secrets
  readonly clock: Clock
}

/** The checks of the release as the platform and the registry see it, where the configuration asks for its targets. */
export function releaseTasksOf(config: Config, places: Places): readonly VerifyTask[] {
  return config.verify?.targets === undefined ? [] : releaseTasks(sourceOf(config, places))
}

function sourceOf(config: Config, { driver, account, parameters, secrets, clock }: Places): ReleaseSource {
  const own = config.environment.registry
  const host = async (): Promise<string> => own ?? new URL((await account.registryAuthorization()).endpoint).host
  const live = async () => {
    const sizes = await driver.sizes()
    return sizes.map((size) => ({ ...size, targets: size.targets.filter((target) => !isLeaving(target)) }))
  }
  return {
    images: async () => {
      const { images } = await driver.status(await host(), repositories(config))
      return Promise.all(
        config.services.map(async ({ name, repository }) => {
          const reference = images.map(parseImageRef).find((one) => one?.repository === repository)
          const image = reference === undefined ? repository : formatImageRef(reference)
          const { digest } = reference ?? {}
          if (own !== undefined) return { service: name, image, isThere: undefined }
          const isThere =
            digest !== undefined && isDigest(digest) && (await account.imageState(repository, digest)) === 'ACTIVE'
          return { service: name, image, isThere }
        }),
      )
    },
    sizes: async () =>
      (await live()).map(({ name, desired, targets }) => ({
        name,
        desired,
        running: targets.filter(isInService).length,
      })),
    health: async () => {
      const targets = (await live()).flatMap((size) => size.targets)
      return targets.map(({ id, health, reason }) => ({ id, health, ...(reason !== undefined && { reason }) }))
    },
    secrets: async () => {
      const { secrets: launched } = await driver.stored(await driver.current(), await host(), repositories(config))
      const kept = await keptIn(secrets, planOf(config, launched), clock.now())
      const other = launched.filter((name) => inSecretsManager(name) === undefined)
      return together([...(await Promise.all(other.map((name) => parameterAt(name, parameters)))), ...kept])
    },
  }
}

type Found = Awaited<ReturnType<ReleaseSource['secrets']>>

const together = (parts: readonly Partial<Found>[]): Found => ({
  there: parts.flatMap(({ there = [] }) => there),
  missing: parts.flatMap(({ missing = [] }) => missing),
  doubtful: parts.flatMap(({ doubtful = [] }) => doubtful),
  unasked: parts.flatMap(({ unasked = [] }) => unasked),
})

const parameterArn = /^arn:[^:]+:ssm:[^:]*:[^:]*:parameter(\/?.+)$/
// A task definition may name a key of the secret's JSON, a stage and a version behind it:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
const secretArn = /^(arn:[^:]+:secretsmanager:[^:]*:[^:]*:secret:[^:]+)(?::([^:]*))?/

const inSecretsManager = (name: string): { readonly secret: string; readonly key?: string } | undefined => {
  const [, secret, key = ''] = secretArn.exec(name) ?? []
  return secret === undefined ? undefined : { secret, ...(key !== '' && { key }) }
}

/** What the configuration names, and what the targets are launched with beside that. */
function planOf({ environment }: Config, launched: readonly string[]): SecretPlan {
  const { secrets: plan } = environment
  const more = launched.flatMap((name) => {
    const from = inSecretsManager(name)
    return from === undefined ? [] : [{ service: 'the targets', variable: '', ...from }]
  })
  return { ...plan, uses: [...plan.uses, ...more] }
}

/** Whether each secret can be read with all its keys. A value is looked into for the names of its keys alone. */
async function keptIn(secrets: Secrets, plan: SecretPlan, now: number): Promise<readonly Partial<Found>[]> {
  return Promise.all(
    namedSecrets(plan).map(async (id): Promise<Partial<Found>> => {
      const uses = plan.uses.filter(({ secret }) => secretName(secret) === secretName(id))
      try {
        return foundOf(secretName(id), await checkSecrets({ ...plan, uses }, secrets, now))
      } catch (error) {
        if (!(error instanceof RampartError)) throw error
        return { unasked: [secretName(id)] }
      }
    }),
  )
}

const isOfAge = ({ check }: SecretCheck): boolean => check === 'age' || check === 'rotation'

/** What is too old or was not rotated is still read by what serves, and going back to another release mends nothing. */
function foundOf(name: string, checks: readonly SecretCheck[]): Partial<Found> {
  const words = (chosen: readonly SecretCheck[]): readonly string[] => chosen.map(({ detail }) => `${name}: ${detail}`)
  const bad = checks.filter(({ result }) => result === 'fail' || result === 'warn')
  const missing = words(bad.filter((check) => !isOfAge(check)))
  return { missing, doubtful: words(bad.filter(isOfAge)), there: missing.length === 0 ? [name] : [] }
}

/** Only that it is there is asked; nothing of the value is kept. */
async function parameterAt(name: string, parameters: Parameters): Promise<Partial<Found>> {
  const path = name.startsWith('arn:') ? parameterArn.exec(name)?.[1] : name
  if (path === undefined) return { unasked: [name] }
  try {
    const found = await parameters.get(path)
    return found === undefined ? { missing: [`${path}: there is no such parameter`] } : { there: [path] }
  } catch (error) {
    if (!(error instanceof RampartError)) throw error
    return { unasked: [path] }
  }
}
