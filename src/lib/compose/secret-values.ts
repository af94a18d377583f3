import type { Config } from '../config/index.js'
import { secretName, secretObject, usesOf } from '../domain/secret.js'
import { RampartError } from '../errors/rampart-error.js'
import { namedSecrets } from '../operations/secrets-look.js'

/** A value that may be in no log, and what it is called where it is. */
interface KeptValue {
  readonly name: string
  readonly value: string
}

// Host, port and the like are kept beside a password, and are no secret: a log may well name them.
const plainName = /(?:^|_)(?:HOST|HOSTNAME|PORT|USER|USERNAME|REGION|ENDPOINT|DATABASE|DB|INDEX|NAME)$/i

/**
 * What the services take from Secrets Manager, to be looked for in their logs. Those that can not be read here, which is
 * right for many who verify, are left out. The values are kept in memory alone.
 */
export async function configuredValues(config: Config): Promise<readonly KeptValue[]> {
  const { secrets: plan, region } = config.environment
  const ids = namedSecrets(plan)
  if (ids.length === 0) return []
  const [{ createSecrets }, { createAccount }] = await Promise.all([
    import('../aws/secrets.js'),
    import('../aws/account.js'),
  ])
  // Without credentials nothing is asked: `verify` works without AWS, too.
  if ((await createAccount({ region }).credentials()) === undefined) return []
  const secrets = createSecrets({ region })
  const found = await Promise.all(
    ids.map(async (id): Promise<readonly KeptValue[]> => {
      const current = await secrets.read(id).catch((error: unknown) => {
        if (error instanceof RampartError) return undefined
        throw error
      })
      if (current === undefined || !('text' in current.value)) return []
      const { text } = current.value
      const object = secretObject(text)
      return usesOf(plan, id).flatMap(({ variable, key }) => {
        const value = key === undefined ? text : object?.get(key)
        return typeof value === 'string' && !plainName.test(key ?? variable)
          ? [{ name: `${variable} (${secretName(id)})`, value }]
          : []
      })
    }),
  )
  return found.flat()
}
