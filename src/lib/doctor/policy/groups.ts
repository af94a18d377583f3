import { adoptStatements } from './adopt.js'
import { cacheStatements } from './cache.js'
import { deployStatements, ledgerStatements, verifyStatements } from './deploy.js'
import { statement, type PolicyDocument, type PolicyScope, type Statement } from './document.js'
import { baseStatements, deleteImages, migrateStatements } from './images.js'
import { infraStatements } from './infra.js'
import { alarmsStatements, dashboardStatements } from './monitoring.js'
import { logsStatements, priceStatements, readStatements } from './read.js'
import { secretsStatements } from './secrets.js'

const makers = {
  read: readStatements,
  verify: verifyStatements,
  logs: (scope: PolicyScope) => [...readStatements(scope), ...logsStatements(scope)],
  deploy: deployStatements,
  base: baseStatements,
  plan: (scope: PolicyScope) => [...readStatements(scope), ...priceStatements(scope)],
  secrets: secretsStatements,
  alarms: alarmsStatements,
  dashboard: dashboardStatements,
  // It holds the lock of the environment while it fills.
  cache: (scope: PolicyScope) =>
    scope.cache === undefined ? [] : [...cacheStatements(scope), ...ledgerStatements(scope)],
  reclaim: (scope: PolicyScope) => [...readStatements(scope), ...ledgerStatements(scope), ...deleteImages(scope)],
  migrate: migrateStatements,
  infra: infraStatements,
  adopt: adoptStatements,
} as const

/** A group of commands that one identity may be allowed to run. */
export type PolicyGroup = keyof typeof makers

/** Every group there is. */
export const policyGroups = Object.keys(makers) as readonly PolicyGroup[]

/** What a policy is of when nobody says: all that an environment's own people do, once it stands. */
export const usualGroups: readonly PolicyGroup[] = ['deploy', 'logs', 'base', 'secrets', 'alarms', 'dashboard', 'cache']

/** Whether one of the statements before allows all that this one does; or one behind, and more. */
function isWithin({ Action, Resource, Condition }: Statement, index: number, all: readonly Statement[]): boolean {
  return all.some((other, at) => {
    if (at === index || JSON.stringify(other.Condition) !== JSON.stringify(Condition)) return false
    const [actions, resources] = [new Set(other.Action), new Set([other.Resource].flat())]
    const own = [Resource].flat()
    const isSame = actions.size === Action.length && resources.size === own.length
    return (at < index || !isSame) && Action.every((one) => actions.has(one)) && own.every((one) => resources.has(one))
  })
}

/**
 * The least that an identity must be allowed for those groups of commands in one environment. Operations that have no
 * resource level stand on `*`: the service authorization reference
 * (https://docs.aws.amazon.com/service-authorization/latest/reference/) says which those are.
 */
export function leastPrivilege(scope: PolicyScope, groups: readonly PolicyGroup[] = usualGroups): PolicyDocument {
  const all = new Map([['Identity', statement('Identity', ['sts:GetCallerIdentity'], '*')]])
  for (const group of groups) for (const one of makers[group](scope)) all.set(one.Sid, one)
  // What one group only reads another one keeps.
  const Statement = [...all.values()].filter((one, index, every) => !isWithin(one, index, every))
  return { Version: '2012-10-17', Statement }
}

/** Those of the groups that this environment has nothing for. */
export const emptyGroups = (scope: PolicyScope, groups: readonly PolicyGroup[]): readonly PolicyGroup[] =>
  groups.filter((group) => makers[group](scope).length === 0)

/**
 * What the documents of those groups are called in IAM: unlike those of other environments, and within its 128
 * characters (https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html). No groups are the usual ones.
 */
export function policyNames(
  app: string,
  environment: string,
  groups: readonly PolicyGroup[],
  count: number,
): readonly string[] {
  const stem = [app, environment, ...groups].join('-').replaceAll(/[^\w+=,.@-]/g, '-')
  if (count === 1) return [stem.slice(0, 128)]
  return Array.from({ length: count }, (_, at) => {
    const end = `-${at + 1}`
    return `${stem.slice(0, 128 - end.length)}${end}`
  })
}
