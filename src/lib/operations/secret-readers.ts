import { cacheReader } from '../domain/infra.js'
import { secretName, usesOf, type SecretCheck, type SecretFacts, type SecretPlan } from '../domain/secret.js'
import { RampartError } from '../errors/rampart-error.js'
import type { Decision, Roles } from '../ports/roles.js'

/** The role that reads secrets for services when their targets start. */
export interface SecretReader {
  readonly services: readonly string[]
  /** Its ARN. */
  readonly role: string
}

/** Who reads; or why that is not known, which fails where nobody could read. */
export type SecretReaders =
  | { readonly kind: 'known'; readonly readers: readonly SecretReader[] }
  | { readonly kind: 'none'; readonly result: 'skip' | 'fail'; readonly why: string }

/** Where roles are asked about, in the region of the secrets. */
export interface ReaderPorts {
  readonly roles: Pick<Roles, 'simulate'>
  readonly region: string
}

/** Looks whether each role that takes something from that secret may read it, and decrypt it where a key of one's own is used. */
export async function readerChecks(
  facts: SecretFacts,
  plan: SecretPlan,
  found: SecretReaders,
  ports: ReaderPorts,
): Promise<readonly SecretCheck[]> {
  const about = { secret: secretName(facts.arn), check: 'readers' } as const
  if (found.kind === 'none') return [{ ...about, result: found.result, detail: found.why }]
  const takers = new Set(usesOf(plan, facts.arn).map(({ service }) => service))
  const readers = found.readers.filter(({ services }) => services.some((service) => takers.has(service)))
  return Promise.all(
    readers.map(async ({ role, services }): Promise<SecretCheck> => {
      const own = services.filter((service) => takers.has(service))
      const name = role.slice(role.lastIndexOf('/') + 1)
      try {
        const lacking = await lackOf(role, facts, ports)
        if (lacking === undefined)
          return { ...about, result: 'ok', detail: `${name} may read it, for ${own.join(', ')}` }
        const needs = own.includes(cacheReader)
          ? 'rampart infra deploy gives it the statement'
          : `rampart secrets policy --service ${own[0] ?? ''} prints the statement that the role needs`
        const remedy = lacking.isDenied ? 'take it out of that statement: what is denied, nothing else allows' : needs
        const detail = `${name}, which reads it for ${own.join(', ')}, ${lacking.words}`
        return { ...about, result: 'fail', detail, remedy }
      } catch (error) {
        // Who looks after secrets need not be one who may ask about roles.
        if (!(error instanceof RampartError) || !error.denied) throw error
        const detail = `not asked whether ${name} may read it: iam:SimulatePrincipalPolicy is not permitted`
        return { ...about, result: 'skip', detail }
      }
    }),
  )
}

interface Lack {
  readonly words: string
  readonly isDenied: boolean
}

const lack = (decision: Exclude<Decision, 'allowed'>, action: string): Lack =>
  decision === 'denied'
    ? { words: `is not allowed ${action} by any of its policies`, isDenied: false }
    : { words: `is denied ${action} by a statement of its policies`, isDenied: true }

/** What keeps the role from the value; undefined when nothing does. */
async function lackOf(role: string, { arn, key }: SecretFacts, ports: ReaderPorts): Promise<Lack | undefined> {
  const { roles, region } = ports
  const read = await roles.simulate(role, 'secretsmanager:GetSecretValue', arn)
  if (read === undefined) return { words: 'does not exist', isDenied: false }
  if (read !== 'allowed') return lack(read, 'secretsmanager:GetSecretValue')
  // An alias is no resource that policies speak of.
  if (key === undefined || !/^arn:[^:]+:kms:[^:]*:[^:]*:key\//.test(key)) return undefined
  const via = { 'kms:ViaService': `secretsmanager.${region}.amazonaws.com` }
  const decrypt = await roles.simulate(role, 'kms:Decrypt', key, via)
  return decrypt === undefined || decrypt === 'allowed' ? undefined : lack(decrypt, `kms:Decrypt of ${key}`)
}
