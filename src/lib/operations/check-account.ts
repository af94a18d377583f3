import { RampartError } from '../errors/rampart-error.js'
import type { Account } from '../ports/account.js'
import type { Check } from '../rollout/driver.js'

/** Who asks AWS. */
export async function whoAsks(account: Pick<Account, 'whoAmI'>): Promise<Check> {
  return { name: 'identity', result: 'ok', detail: (await account.whoAmI()).arn }
}

/** Who asks AWS, and whether the repositories are there to push to. A registry that is not ECR is asked when it is used. */
export async function checkAccount(
  account: Account,
  registry: string | undefined,
  repositories: readonly string[],
): Promise<readonly Check[]> {
  const asked = registry === undefined ? repositories : []
  const [identity, found] = await Promise.all([
    whoAsks(account),
    Promise.all(asked.map(async (name) => ({ name, repository: await account.describeRepository(name) }))),
  ])
  const checks: Check[] = [identity]
  if (registry !== undefined) {
    return [...checks, { name: 'repositories', result: 'skip', detail: `${registry} is asked at the push` }]
  }
  const missing = found.filter(({ repository }) => repository === undefined).map(({ name }) => name)
  checks.push(
    missing.length === 0
      ? { name: 'repositories', result: 'ok', detail: repositories.join(', ') }
      : {
          name: 'repositories',
          result: 'fail',
          detail: `ECR has no repository ${missing.join(', ')}`,
          remedy: `aws ecr create-repository --repository-name ${missing[0] ?? ''}`,
        },
  )
  return checks
}

/** The services of that name, or all; a name that is not configured is a usage error. */
export function chooseServices<T extends { readonly service: string }>(
  all: readonly T[],
  names: readonly string[],
): readonly T[] {
  if (names.length === 0) return all
  const unknown = names.find((name) => !all.some((one) => one.service === name))
  if (unknown !== undefined) {
    throw new RampartError('usage', `There is no service ${unknown} in the configuration.`, {
      next: [`use one of ${all.map((one) => one.service).join(', ')}`],
    })
  }
  return all.filter((one) => names.includes(one.service))
}
