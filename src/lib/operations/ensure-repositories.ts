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
  /** The command that makes them without a question, for who is told that one is missing. */
  readonly command?: string
  /** How many images a new one keeps; as many as bases need unless given. */
  readonly keep?: number
}

// More bases than any team goes back by; what a release needs of one is in the app image's own repository, too.
const basesKept = 50

/** Has the repositories in ECR, made anew where somebody agrees to that. Rejects with the command otherwise. */
export async function ensureRepositories(
  wanted: readonly Pick<NewRepository, 'name' | 'movingTags'>[],
  { account, yes, ask, command = 'rampart base build --yes', keep = basesKept }: Consent,
): Promise<readonly Check[]> {
  if (account === undefined) return []
  const unique = Array.from(new Map(wanted.map((one) => [one.name, one])).values())
  const found = await Promise.all(unique.map(({ name }) => account.describeRepository(name)))
  const checks: Check[] = []
  for (const [index, { name, movingTags }] of unique.entries()) {
    if (found[index] !== undefined) continue
    const question = `ECR has no repository ${name}. Make it, with scans, encryption, ${tagWords(movingTags)}, and the newest ${keep} images kept?`
    if (!yes && (ask === undefined || !(await ask(question)))) throw missing(name, movingTags, command)
    await account.createRepository({ name, movingTags, keep })
    checks.push({
      name: `repository ${name}`,
      result: 'ok',
      detail: `was made; it keeps the newest ${keep} images`,
    })
  }
  return checks
}

// ECR takes five exceptions; with more, or none, the port makes a repository whose tags can all be moved.
const isFixed = (movingTags: readonly string[]): boolean => movingTags.length > 0 && movingTags.length <= 5

const tagWords = (movingTags: readonly string[]): string =>
  isFixed(movingTags) ? `fixed tags but ${movingTags.join(', ')}` : 'tags that can be moved'

function missing(name: string, movingTags: readonly string[], command: string): RampartError {
  const filters = movingTags.map((tag) => `filterType=WILDCARD,filter=${tag}`).join(' ')
  const tags = isFixed(movingTags)
    ? `IMMUTABLE_WITH_EXCLUSION --image-tag-mutability-exclusion-filters ${filters}`
    : 'MUTABLE'
  return new RampartError('preflight', `ECR has no repository ${name}; nothing was changed.`, {
    next: [
      `let rampart make it: ${command}`,
      `aws ecr create-repository --repository-name ${name} --image-scanning-configuration scanOnPush=true ` +
        `--image-tag-mutability ${tags}`,
    ],
  })
}
