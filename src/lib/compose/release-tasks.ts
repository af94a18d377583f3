import type { Config } from '../config/index.js'
import { isDigest } from '../domain/digest.js'
import { formatImageRef, parseImageRef } from '../domain/image-ref.js'
import { isInService, isLeaving } from '../domain/target.js'
import type { Account } from '../ports/account.js'
import type { Parameters } from '../ports/parameters.js'
import { RampartError } from '../errors/rampart-error.js'
import type { Driver } from '../rollout/driver.js'
import type { VerifyTask } from '../verify/judged.js'
import { releaseTasks, type ReleaseSource } from '../verify/release-tasks.js'
import { repositories } from './deploy.js'

interface Places {
  readonly driver: Driver
  readonly account: Account
  readonly parameters: Parameters
}

/** The checks of the release as the platform and the registry see it, where the configuration asks for its targets. */
export function releaseTasksOf(config: Config, places: Places): readonly VerifyTask[] {
  return config.verify?.targets === undefined ? [] : releaseTasks(sourceOf(config, places))
}

function sourceOf(config: Config, { driver, account, parameters }: Places): ReleaseSource {
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
      const { secrets } = await driver.stored(await driver.current(), await host(), repositories(config))
      return secretsAt(secrets, parameters)
    },
  }
}

const parameterArn = /^arn:[^:]+:ssm:[^:]*:[^:]*:parameter(\/?.+)$/

/** Only parameters are asked for; nothing of a value is kept. */
async function secretsAt(names: readonly string[], parameters: Parameters): ReturnType<ReleaseSource['secrets']> {
  const there: string[] = []
  const missing: string[] = []
  const unasked: string[] = []
  for (const name of new Set(names)) {
    const path = name.startsWith('arn:') ? parameterArn.exec(name)?.[1] : name
    try {
      // oxlint-disable-next-line no-await-in-loop -- a handful at most
      const found = path === undefined ? undefined : await parameters.get(path)
      if (path === undefined) unasked.push(name)
      else (found === undefined ? missing : there).push(path)
    } catch (error) {
      if (!(error instanceof RampartError)) throw error
      unasked.push(path ?? name)
    }
  }
  return { there, missing, unasked }
}
