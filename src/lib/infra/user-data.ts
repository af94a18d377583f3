import { cacheVariables, type AsgInfra, type InfraService } from '../domain/infra.js'
import { imageReference, registryHost } from './images.js'
import { literal, logical, sub, type Value } from './template.js'

const plainWord = /^[\w@%+=:,./-]+$/

/** A word for a shell, quoted where it must be. */
const word = (text: string): string => (plainWord.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`)

const variable = (service: InfraService): string => `${logical(service.name).toLowerCase()}_image`

/** The lines that start one service, in a shell of its own: no service sees the secrets of another. */
function startOf(plan: AsgInfra, service: InfraService): readonly string[] {
  const { name, port, env, secrets } = service
  const options = [
    ...Object.entries({ ...env, ...cacheVariables(plan, service) }).map(
      ([key, value]) => `--env ${word(`${key}=${value}`)}`,
    ),
    ...secrets.map((one) => `--env ${one.variable}`),
    ...(plan.modelCache === undefined ? [] : [`--volume /mnt/models:${plan.modelCache.path}:ro`]),
  ]
  return [
    '(',
    ...secrets.map(
      ({ variable: one, secret, key }) => `  secret ${one} ${word(secret)}${key === undefined ? '' : ` ${word(key)}`}`,
    ),
    `  start ${name} "$${variable(service)}" ${port}${options.length === 0 ? '' : ` \\\n    ${options.join(' \\\n    ')}`}`,
    ')',
  ]
}

/** The hook that holds an instance until it says that it is ready. */
export const launchHook = 'ready'

/**
 * What an instance runs when it boots: values of the stack, then a script that has none, then the services. References
 * to images stand there as `<host>/<repository>:<tag>`, which is what a rollout pins.
 */
export function userDataOf(plan: AsgInfra, script: string): Value {
  const values = [
    '#!/bin/bash',
    'region=${AWS::Region}',
    `registry=${registryHost}`,
    `group=${word(literal(plan.group))}`,
    `hook=${launchHook}`,
    `log_group=${word(literal(plan.logGroup))}`,
    // The hook's own time, less what its answer may take.
    `start_timeout=${plan.startTimeout / 1000 - 30}`,
    ...plan.services.map((service) => `${variable(service)}=${imageReference(service)}`),
    ...(plan.modelCache === undefined ? [] : ['file_system=${ModelCache}', 'access_point=${ModelCacheAccess}']),
    '',
  ].join('\n')
  const services = [
    ...plan.services.map((service) => `pull "$${variable(service)}"`),
    ...(plan.modelCache === undefined ? [] : ['model_cache "$file_system" "$access_point"']),
    'rm -rf "$DOCKER_CONFIG"',
    ...plan.services.flatMap((service) => startOf(plan, service)),
    ...plan.services.map(({ name, port, ready }) => `ready ${name} ${port} ${word(ready)}`),
    'serve',
    '',
  ].join('\n')
  return { 'Fn::Base64': sub([values, literal(script), literal(services)].join('\n')) }
}
