import type { PolicyDocument, Statement } from './document.js'

/** The characters that IAM takes of a managed policy: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
export const managedPolicyLimit = 6144

/** The managed policies that IAM lets a role, a user or a group have, unless the account's quota was raised; same page. */
export const attachedPoliciesLimit = 10

const documentOf = (statements: readonly Statement[]): PolicyDocument => ({
  Version: '2012-10-17',
  Statement: statements,
})

/** The characters of a policy as IAM counts them, which is without white space. */
export const policySize = (policy: PolicyDocument): number => JSON.stringify(policy).replaceAll(/\s/g, '').length

const halves = <T>(all: readonly T[]): readonly (readonly T[])[] => {
  const middle = Math.ceil(all.length / 2)
  return [all.slice(0, middle), all.slice(middle)]
}

/** The statement in as many as it takes for each to fit alone: what has the more actions or resources is halved. */
function pieces(one: Statement, limit: number): readonly Statement[] {
  const resources = [one.Resource].flat()
  if (policySize(documentOf([one])) <= limit || Math.max(one.Action.length, resources.length) === 1) return [one]
  const parts =
    one.Action.length >= resources.length
      ? halves(one.Action).map((Action) => ({ ...one, Action }))
      : halves(resources).map((Resource) => ({ ...one, Resource }))
  return parts.flatMap((part) => pieces(part, limit))
}

/** The statement, or pieces of it that each fit, with Sids of their own: room is left for their numbers. */
function fitting(whole: Statement, limit: number): readonly Statement[] {
  if (policySize(documentOf([whole])) <= limit) return [whole]
  return pieces(whole, limit - 4).map((part, at) => (at === 0 ? part : { ...part, Sid: `${part.Sid}${at + 1}` }))
}

/**
 * The policy as documents that each fit into `limit` characters and together allow exactly the same; itself when it
 * fits. Statements keep their order as far as that costs no further document.
 */
export function splitPolicy(policy: PolicyDocument, limit = managedPolicyLimit): readonly PolicyDocument[] {
  if (policySize(policy) <= limit) return [policy]
  const documents: Statement[][] = []
  for (const one of policy.Statement.flatMap((whole) => fitting(whole, limit))) {
    const place = documents.find((statements) => policySize(documentOf([...statements, one])) <= limit)
    if (place === undefined) documents.push([one])
    else place.push(one)
  }
  return documents.map(documentOf)
}
