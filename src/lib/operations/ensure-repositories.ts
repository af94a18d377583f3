import { RampartError } from '../errors/rampart-error.js'
import type { Account, NewRepository } from '../ports/account.js'
import type { Check } from '../rollout/driver.js'

interface Consent {
  /** Undefined for a registry that is not ECR, which makes a repository of what is pushed to it. */
  readonly account: Account | undefined
  /** The person has agreed beforehand. */
  readonly yes: boolean
  /** Asks the person; undefined where there is none. */
  readonly ask: ((question: string) => Promise<boolean>) | undefined
}

// More bases than any team goes back by; what a release needs of one is in the app image's own repository, too.
const basesKept = 50

/** Has the repositories of bases in ECR, made anew where somebody agrees to that. Rejects with the command otherwise. */
export async function ensureRepositories(
  wanted: readonly Pick<NewRepository, 'name' | 'movingTags'>[],
  { account, yes, ask }: Consent,
): Promise<readonly Check[]> {
  if (account === undefined) return []
  const unique = Array.from(new Map(wanted.map((one) => [one.name, one])).values())
  const found = await Promise.all(unique.map(({ name }) => account.describeRepository(name)))
  const checks: Check[] = []
  for (const [index, { name, movingTags }] of unique.entries()) {
    if (found[index] !== undefined) continue
    const question = `ECR has no repository ${name}. Make it, with scans, encryption, fixed tags but ${movingTags.join(', ')}, and the newest ${basesKept} images kept?`
    if (!yes && (ask === undefined || !(await ask(question)))) throw missing(name, movingTags)
    await account.createRepository({ name, movingTags, keep: basesKept })
    checks.push({
      name: `repository ${name}`,
      result: 'ok',
      detail: `was made; it keeps the newest ${basesKept} images`,
    })
  }
  return checks
}

function missing(name: string, movingTags: readonly string[]): RampartError {
  const filters = movingTags.map((tag) => `filterType=WILDCARD,filter=${tag}`).join(' ')
  return new RampartError('preflight', `ECR has no repository ${name}; nothing was changed.`, {
    next: [
      'let rampart make it: rampart base build --yes',
      `aws ecr create-repository --repository-name ${name} --image-scanning-configuration scanOnPush=true ` +
        `--image-tag-mutability IMMUTABLE_WITH_EXCLUSION --image-tag-mutability-exclusion-filters ${filters}`,
    ],
  })
}
