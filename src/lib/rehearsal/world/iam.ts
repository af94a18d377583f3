import type { RehearsalSetup } from '../setup.js'
import { seededSecret, seededSuffix } from './seed-secrets.js'

/** A statement of an identity's policy. Actions and resources may hold `*` and `?`. */
export interface IamStatement {
  readonly effect: 'Allow' | 'Deny'
  readonly actions: readonly string[]
  readonly resources: readonly string[]
  /** By operator and key: the values of which one must be there. */
  readonly conditions: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>
}

export interface IamRole {
  readonly arn: string
  readonly statements: readonly IamStatement[]
}

/** Roles and instance profiles by name. They are asked about, and forbid nobody anything: in this cloud all may do all. */
export interface IamState {
  readonly roles: Map<string, IamRole>
  readonly profiles: Map<string, { readonly arn: string; readonly roles: readonly string[] }>
}

/** The role of what serves when a rehearsal begins: it reads the secrets that there are, and all that are called after the app. */
export function seedIam(setup: RehearsalSetup): IamState {
  const state: IamState = { roles: new Map(), profiles: new Map() }
  if (setup.isEmpty === true) return state
  const { app, environment, accountId, region } = setup
  const stem = `${app}-${environment}`
  const iam = (what: string): string => `arn:aws:iam::${accountId}:${what}`
  const named = [seededSecret(setup), ...(setup.secrets ?? []).map(({ name }) => name)]
  const names = [`${app}/*`, ...named.map((name) => `${name}-${seededSuffix}`)]
  const statements: readonly IamStatement[] = [
    {
      effect: 'Allow',
      actions: ['secretsmanager:GetSecretValue'],
      resources: names.map((name) => `arn:aws:secretsmanager:${region}:${accountId}:secret:${name}`),
      conditions: {},
    },
  ]
  if (setup.ecs !== undefined) {
    const name = `${stem}-execution`
    state.roles.set(name, { arn: iam(`role/${name}`), statements })
    return state
  }
  const name = `${stem}-instance`
  state.roles.set(name, { arn: iam(`role/${name}`), statements })
  state.profiles.set(name, { arn: iam(`instance-profile/${name}`), roles: [name] })
  return state
}

const matches = (pattern: string, value: string): boolean =>
  new RegExp(
    `^${pattern
      .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  ).test(value)

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
const equal = new Set(['StringEquals', 'ArnEquals', 'Bool'])
const alike = new Set(['StringLike', 'ArnLike'])

function holds(operator: string, wanted: readonly string[], given: string | undefined): boolean {
  if (given === undefined) return false
  if (equal.has(operator)) return wanted.includes(given)
  return alike.has(operator) && wanted.some((pattern) => matches(pattern, given))
}

/**
 * What the statements come to: a denial before all else, and nothing allowed that no statement allows.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html
 */
export function evaluate(
  statements: readonly IamStatement[],
  action: string,
  resource: string,
  context: ReadonlyMap<string, string>,
): { readonly decision: 'allowed' | 'explicitDeny' | 'implicitDeny'; readonly missing: readonly string[] } {
  const speaking = statements.filter(
    ({ actions, resources }) =>
      actions.some((one) => matches(one.toLowerCase(), action.toLowerCase())) &&
      resources.some((one) => matches(one, resource)),
  )
  const applies = ({ conditions }: IamStatement): boolean =>
    Object.entries(conditions).every(([operator, keys]) =>
      Object.entries(keys).every(([key, wanted]) => holds(operator, wanted, context.get(key))),
    )
  const applied = speaking.filter(applies)
  const asked = speaking.flatMap(({ conditions }) => Object.values(conditions).flatMap((keys) => Object.keys(keys)))
  const missing = [...new Set(asked)].filter((key) => !context.has(key))
  if (applied.some(({ effect }) => effect === 'Deny')) return { decision: 'explicitDeny', missing }
  return { decision: applied.length > 0 ? 'allowed' : 'implicitDeny', missing }
}
