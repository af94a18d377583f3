import {
  missingKeys,
  neededKeys,
  secretName,
  usesOf,
  type ListedSecret,
  type SecretCheck,
  type SecretFacts,
  type SecretPlan,
} from '../domain/secret.js'
import { RampartError } from '../errors/rampart-error.js'
import type { Secrets } from '../ports/secrets.js'

const day = 86_400_000
const iso = (time: number): string => new Date(time).toISOString()

/** The secrets that the services take something from, each once. */
export function namedSecrets({ uses }: SecretPlan): readonly string[] {
  return [...new Map(uses.map(({ secret }) => [secretName(secret), secret])).values()]
}

const currentOf = ({ versions }: SecretFacts) => versions.find(({ stages }) => stages.includes('AWSCURRENT'))

function listedOf(id: string, facts: SecretFacts | undefined, plan: SecretPlan, now: number): ListedSecret {
  const current = facts && currentOf(facts)
  return {
    name: facts?.name ?? secretName(id),
    arn: facts?.arn ?? null,
    age: current === undefined ? null : Math.max(0, now - current.createdAt),
    key: facts?.key ?? null,
    rotation:
      facts?.rotation === undefined
        ? null
        : {
            days: facts.rotation.days ?? null,
            nextAt: facts.rotation.nextAt === undefined ? null : iso(facts.rotation.nextAt),
          },
    deletionAt: facts?.deletionAt === undefined ? null : iso(facts.deletionAt),
    versions: (facts?.versions ?? []).map(({ id: version, stages, createdAt }) => ({
      id: version,
      stages,
      createdAt: iso(createdAt),
    })),
    usedBy: usesOf(plan, facts?.arn ?? id).map(({ service, variable, key }) => ({
      service,
      variable,
      key: key ?? null,
    })),
  }
}

/** What the services name, there or not, and what else is called after the app; by name. */
export async function listSecrets(
  app: string,
  plan: SecretPlan,
  secrets: Secrets,
  now: number,
): Promise<readonly ListedSecret[]> {
  const own = await secrets.list(`${app}/`)
  const known = new Set(own.map(({ name }) => name))
  const others = namedSecrets(plan).filter((id) => !known.has(secretName(id)))
  const described = await Promise.all(others.map(async (id) => ({ id, facts: await secrets.describe(id) })))
  const all = [...own.map((facts) => ({ id: facts.arn, facts })), ...described]
  return all.map(({ id, facts }) => listedOf(id, facts, plan, now)).toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/** Looks further at a secret that is there. */
export type FurtherLook = (facts: SecretFacts) => Promise<readonly SecretCheck[]>

const noFurther: FurtherLook = async () => []

/**
 * Looks whether each secret that services name is there, usable, has their keys, and is young enough; and whatever
 * `further` looks at.
 */
export async function checkSecrets(
  plan: SecretPlan,
  secrets: Secrets,
  now: number,
  further: FurtherLook = noFurther,
): Promise<readonly SecretCheck[]> {
  const found = await Promise.all(namedSecrets(plan).map(async (id) => checkSecret(id, plan, secrets, now, further)))
  return found.flat()
}

async function checkSecret(
  id: string,
  plan: SecretPlan,
  secrets: Secrets,
  now: number,
  further: FurtherLook,
): Promise<readonly SecretCheck[]> {
  const secret = secretName(id)
  const facts = await secrets.describe(id)
  if (facts === undefined) {
    const takers = [...new Set(usesOf(plan, id).map(({ service }) => service))].join(', ')
    return [
      {
        secret,
        check: 'exists',
        result: 'fail',
        detail: `there is none in this account and region; ${takers} can not start without it`,
        remedy: `rampart secrets set ${secret} --from-file FILE`,
      },
    ]
  }
  const current = currentOf(facts)
  if (current === undefined) {
    const remedy = `rampart secrets set ${secret} --from-file FILE`
    return [{ secret, check: 'exists', result: 'fail', detail: 'it has no value yet', remedy }]
  }
  const there: SecretCheck = { secret, check: 'exists', result: 'ok', detail: `version ${current.id}` }
  if (facts.deletionAt !== undefined) {
    return [
      there,
      {
        secret,
        check: 'deletion',
        result: 'fail',
        detail: `it is to be deleted on ${iso(facts.deletionAt).slice(0, 10)}, and nobody can read it until it is restored`,
        remedy: `aws secretsmanager restore-secret --secret-id ${secret}`,
      },
    ]
  }
  return [
    there,
    { secret, check: 'deletion', result: 'ok', detail: 'not to be deleted' },
    await keysCheck(id, plan, secrets),
    ageCheck(secret, plan, now - current.createdAt),
    ...rotationCheck(secret, facts, now),
    ...(await further(facts)),
  ]
}

async function keysCheck(id: string, plan: SecretPlan, secrets: Secrets): Promise<SecretCheck> {
  const about = { secret: secretName(id), check: 'keys' } as const
  const needed = neededKeys(plan, id)
  if (needed.length === 0) return { ...about, result: 'skip', detail: 'the services take the whole value' }
  try {
    const current = await secrets.read(id)
    const lacking = current !== undefined && 'text' in current.value ? missingKeys(current.value.text, needed) : needed
    if (lacking.length === 0) return { ...about, result: 'ok', detail: needed.join(', ') }
    const remedy = `rampart secrets set ${about.secret} --from-file FILE, with all of its keys`
    return { ...about, result: 'fail', detail: `its JSON lacks ${lacking.join(', ')}`, remedy }
  } catch (error) {
    // Who looks after secrets need not be one who may read them.
    if (!(error instanceof RampartError) || !error.denied) throw error
    return { ...about, result: 'skip', detail: `not looked at: secretsmanager:GetSecretValue is not permitted` }
  }
}

function ageCheck(secret: string, { maxAge }: SecretPlan, age: number): SecretCheck {
  const about = { secret, check: 'age' } as const
  const days = Math.floor(Math.max(0, age) / day)
  const old = `${days} ${days === 1 ? 'day' : 'days'} old`
  if (maxAge === undefined) return { ...about, result: 'skip', detail: `${old}; secrets.maxAge sets no limit` }
  const limit = `of ${Math.round((maxAge / day) * 10) / 10} days`
  if (age <= maxAge) return { ...about, result: 'ok', detail: `${old}, ${limit}` }
  return {
    ...about,
    result: 'fail',
    detail: `${old}, over the limit ${limit}`,
    remedy: `rampart secrets set ${secret} --from-file FILE, then rampart deploy --force`,
  }
}

function rotationCheck(secret: string, { rotation }: SecretFacts, now: number): readonly SecretCheck[] {
  if (rotation?.nextAt === undefined) return []
  const about = { secret, check: 'rotation' } as const
  const next = iso(rotation.nextAt).slice(0, 10)
  return rotation.nextAt >= now
    ? [{ ...about, result: 'ok', detail: `next on ${next}` }]
    : [{ ...about, result: 'warn', detail: `was due on ${next}: the rotation function may have failed` }]
}
