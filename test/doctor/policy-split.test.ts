import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { PolicyDocument, PolicyScope, Statement } from '../../src/lib/doctor/policy/document.js'
import { leastPrivilege, policyGroups, policyNames } from '../../src/lib/doctor/policy/groups.js'
import { managedPolicyLimit, policySize, splitPolicy } from '../../src/lib/doctor/policy/split.js'
import { synthesize } from '../../src/lib/infra/synthesize.js'
import { variants } from '../infra/variants.js'

/** Everything that a policy allows, one action on one resource under its condition at a time. */
const grants = (documents: readonly PolicyDocument[]): ReadonlySet<string> =>
  new Set(
    documents.flatMap(({ Statement: all }) =>
      all.flatMap(({ Action, Resource, Condition }) =>
        Action.flatMap((action) =>
          [Resource].flat().map((resource) => JSON.stringify([action, resource, Condition ?? null])),
        ),
      ),
    ),
  )

/** The documents, when they are right. */
function splitRightly(policy: PolicyDocument, limit = managedPolicyLimit): readonly PolicyDocument[] {
  const documents = splitPolicy(policy, limit)
  expect(grants(documents)).toEqual(grants([policy]))
  for (const document of documents) {
    expect(policySize(document)).toBeLessThanOrEqual(limit)
    expect(document.Statement.length).toBeGreaterThan(0)
    const sids = document.Statement.map(({ Sid }) => Sid)
    expect(new Set(sids).size).toBe(sids.length)
  }
  return documents
}

test.each(Object.entries(variants))('all that keeps the stack %s fits into a few managed policies', (_, plan) => {
  const { Resources } = synthesize(plan, { script: '' })
  const scope: PolicyScope = {
    region: 'ap-south-1',
    account: '123456789012',
    fleet:
      plan.kind === 'asg'
        ? { kind: 'asg', group: plan.group }
        : { kind: 'ecs', cluster: plan.cluster, services: plan.services.map(({ service }) => service) },
    launchTemplate: undefined,
    repositories: plan.repositories.map(({ name }) => name),
    baseRepositories: [],
    logGroup: plan.logGroup,
    alarms: true,
    ledger: { app: plan.app, environment: plan.environment },
    infra: { name: plan.stack, types: [...new Set(Object.values(Resources).map(({ Type }) => Type))], zone: undefined },
  }
  const alone = leastPrivilege(scope, ['infra'])
  expect(policySize(alone)).toBeGreaterThan(managedPolicyLimit)
  expect(splitRightly(alone)).toHaveLength(2)
  expect(splitRightly(leastPrivilege(scope, policyGroups)).length).toBeLessThanOrEqual(4)
})

const word = fc.stringMatching(/^[a-z]{3,12}$/)
const statements: fc.Arbitrary<readonly Statement[]> = fc.uniqueArray(
  fc.record({
    Sid: fc.stringMatching(/^[A-Z][a-z]{2,9}$/),
    Effect: fc.constant('Allow' as const),
    Action: fc.uniqueArray(word, { minLength: 1, maxLength: 60 }),
    Resource: fc.oneof(fc.constant('*'), fc.uniqueArray(word, { minLength: 1, maxLength: 60 })),
  }),
  { selector: ({ Sid }) => Sid, minLength: 1, maxLength: 12 },
)

test('whatever a policy holds, its documents allow the same, and each is within the limit', () => {
  fc.assert(
    fc.property(statements, fc.integer({ min: 200, max: 3000 }), (Statement, limit) => {
      expect(splitRightly({ Version: '2012-10-17', Statement }, limit)).not.toEqual([])
    }),
    { numRuns: 60 },
  )
})

const statement = (Sid: string, count: number): Statement => ({
  Sid,
  Effect: 'Allow',
  Action: Array.from({ length: count }, (_, at) => `service:Operation${at}`),
  Resource: '*',
})

test('what fits stays as it is, and one that begins the next document is whole', () => {
  const small: PolicyDocument = { Version: '2012-10-17', Statement: [statement('A', 3)] }
  expect(splitPolicy(small)).toEqual([small])
  const [a, b, c] = [statement('A', 100), statement('B', 200), statement('C', 100)]
  const several = splitPolicy({ Version: '2012-10-17', Statement: [a, b, c] })
  expect(several.map(({ Statement: all }) => all)).toEqual([[a, c], [b]])
})

test('the names of documents are those that IAM takes, and unlike each other', () => {
  expect(policyNames('shop', 'production', ['infra'], 2)).toEqual([
    'shop-production-infra-1',
    'shop-production-infra-2',
  ])
  expect(policyNames('shop', 'production', [], 1)).toEqual(['shop-production'])
  const long = policyNames('a'.repeat(100), 'b/c', policyGroups, 12)
  expect(new Set(long).size).toBe(12)
  for (const name of long) expect(name).toMatch(/^[\w+=,.@-]{1,128}$/)
})
