import { cacheReader, type InfraPlan } from '../domain/infra.js'
import type { SecretPlan, SecretUse } from '../domain/secret.js'
import { sourceOf } from './infra-resolve.js'
import type { FileConfig } from './schema.js'

type FileSecrets = FileConfig['environments'][string]['secrets']

/** What the services of an environment take from Secrets Manager, wherever the file says it; nothing twice. */
export function resolveSecrets(file: FileSecrets, infra: InfraPlan | undefined): SecretPlan {
  const stated = Object.entries(file?.services ?? {}).flatMap(([service, variables]) =>
    Object.entries(variables).map(([variable, text]): SecretUse => ({ service, ...sourceOf(variable, text) })),
  )
  const built = (infra?.services ?? []).flatMap(({ name, secrets }) =>
    secrets.map((source): SecretUse => ({ service: name, ...source })),
  )
  const token = infra?.modelCache?.token
  const filled = token === undefined ? [] : [{ service: cacheReader, ...token }]
  const uses = new Map([...built, ...stated, ...filled].map((use) => [`${use.service} ${use.variable}`, use]))
  return {
    uses: [...uses.values()],
    ...(file?.maxAge !== undefined && { maxAge: file.maxAge }),
    ...(infra?.secretsKey !== undefined && { key: infra.secretsKey }),
  }
}
