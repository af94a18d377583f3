import {
  missingKeys,
  neededKeys,
  secretName,
  secretObject,
  usesOf,
  type SecretPlan,
  type SecretSet,
} from '../domain/secret.js'
import { RampartError } from '../errors/rampart-error.js'
import type { Secrets, SecretValue } from '../ports/secrets.js'

/** What a secret is to hold, and for whom. */
export interface SetSecret {
  readonly name: string
  readonly value: SecretValue
  readonly plan: SecretPlan
  readonly app: string
  readonly environment: string
}

const largest = 65_536

const same = (one: SecretValue, other: SecretValue): boolean =>
  'text' in one
    ? 'text' in other && one.text === other.text
    : 'bytes' in other && Buffer.compare(one.bytes, other.bytes) === 0

const keysOf = (value: SecretValue): readonly string[] | undefined => {
  const object = 'text' in value ? secretObject(value.text) : undefined
  return object && [...object.keys()]
}

/** Refuses a value that Secrets Manager would refuse, or that lacks what a service takes from it. */
function checkValue({ name, value, plan }: SetSecret): void {
  const size = 'text' in value ? Buffer.byteLength(value.text) : value.bytes.byteLength
  if (size === 0)
    throw new RampartError('usage', `The value for ${name} is empty.`, { next: ['check where it comes from'] })
  if (size > largest) {
    throw new RampartError('usage', `The value for ${name} has ${size} bytes; Secrets Manager takes ${largest}.`)
  }
  const needed = neededKeys(plan, name)
  if (needed.length === 0) return
  const lacking = 'text' in value ? missingKeys(value.text, needed) : needed
  if (lacking.length === 0) return
  const isObject = keysOf(value) !== undefined
  const takers = usesOf(plan, name).filter(({ key }) => key !== undefined && lacking.includes(key))
  throw new RampartError(
    'preflight',
    isObject
      ? `The value for ${name} lacks ${lacking.join(', ')}; nothing was changed.`
      : `The value for ${name} is no JSON object, and services take keys of one; nothing was changed.`,
    {
      problems: takers.map(({ service, variable, key }) => ({
        message: `${service} takes ${variable} from the key ${key ?? ''}`,
      })),
      next: [`give an object with the keys ${needed.join(', ')}`],
    },
  )
}

/** Makes the secret, or gives it a new version; neither when it holds that value already. */
export async function setSecret(asked: SetSecret, secrets: Secrets): Promise<SecretSet> {
  checkValue(asked)
  const { name, value, plan, app, environment } = asked
  const usedBy = [...new Set(usesOf(plan, name).map(({ service }) => service))]
  const keys = keysOf(value) ?? null
  const facts = await secrets.describe(name)
  if (facts === undefined) {
    if (name.startsWith('arn:')) {
      throw new RampartError('preflight', `There is no secret ${name}.`, {
        next: [`rampart secrets set ${secretName(name)}, with a name, makes one`],
      })
    }
    const { arn, version } = await secrets.create({
      name,
      value,
      description: `${app}, ${environment}`,
      ...(plan.key !== undefined && { key: plan.key }),
      tags: { 'rampart:app': app, 'rampart:environment': environment },
    })
    return { name, arn, action: 'created', version, previous: null, keys, lostKeys: [], usedBy }
  }
  if (facts.deletionAt !== undefined) {
    throw new RampartError('preflight', `${facts.name} is to be deleted; it takes no value until it is restored.`, {
      next: [`aws secretsmanager restore-secret --secret-id ${facts.name}`],
    })
  }
  const current = await currentValue(facts.arn, secrets)
  const common = { name: facts.name, arn: facts.arn, keys, usedBy }
  if (current !== undefined && same(current.value, value)) {
    const previous = facts.versions.find(({ stages }) => stages.includes('AWSPREVIOUS'))?.id ?? null
    return { ...common, action: 'unchanged', version: current.version, previous, lostKeys: [] }
  }
  const before = (current && keysOf(current.value)) ?? []
  const version = await secrets.put(facts.arn, value)
  return {
    ...common,
    action: 'updated',
    version,
    previous: facts.versions.find(({ stages }) => stages.includes('AWSCURRENT'))?.id ?? null,
    lostKeys: before.filter((key) => keys?.includes(key) !== true),
  }
}

/** The value that is current; undefined too for who may write it and not read it. */
async function currentValue(id: string, secrets: Secrets): ReturnType<Secrets['read']> {
  try {
    return await secrets.read(id)
  } catch (error) {
    if (error instanceof RampartError && error.denied) return undefined
    throw error
  }
}
