import { expect, test } from 'vitest'
import { runSecretsCheck } from '../../src/lib/compose/secrets.js'
import type { SecretCheck } from '../../src/lib/domain/secret.js'
import type { IamState, IamStatement } from '../../src/lib/rehearsal/world/iam.js'
import { startCloud, type Cloud, type CloudOptions } from '../support/rehearsal.js'
import { withEnvironment } from '../doctor/support.js'

const flags = { env: undefined, progress: undefined, 'no-color': true, json: true } as const

interface Looked {
  readonly code: number
  readonly readers: readonly SecretCheck[]
}

/** What `secrets check --json` says of who reads, in a cloud where that was changed. */
async function look(change: (cloud: Cloud, iam: IamState) => void, options: CloudOptions = {}): Promise<Looked> {
  const cloud = await startCloud(options)
  change(cloud, cloud.rehearsal.world.state.iam)
  const { exitCode, result } = await withEnvironment(cloud.client(), () =>
    runSecretsCheck({ ...flags, config: cloud.project.config }),
  )
  const { checks } = result as { readonly checks: readonly SecretCheck[] }
  return { code: exitCode, readers: checks.filter(({ check }) => check === 'readers') }
}

const instance = 'rampart-ai-production-instance'
const execution = 'finbert-rag-production-execution'
const database = 'rampart/production/database'

/** Gives the role these statements alone. */
const give =
  (name: string, ...statements: readonly IamStatement[]) =>
  (_: Cloud, { roles }: IamState): void => {
    const role = roles.get(name)
    if (role === undefined) throw new Error(`no role ${name}`)
    roles.set(name, { ...role, statements })
  }

const allow = (action: string, resource: string, conditions: IamStatement['conditions'] = {}): IamStatement => ({
  effect: 'Allow',
  actions: [action],
  resources: [resource],
  conditions,
})
const readAll = allow('secretsmanager:Get*', 'arn:aws:secretsmanager:*:123456789012:secret:rampart/*')
const deny: IamStatement = { ...readAll, effect: 'Deny', resources: ['*'] }

const key = 'arn:aws:kms:us-west-2:123456789012:key/0f0e0d0c-0000-4000-8000-000000000000'
const decrypt = (service: string): IamStatement =>
  allow('kms:Decrypt', key, { StringEquals: { 'kms:ViaService': [service] } })

/** Gives the secret a key of the account's own. */
const encrypted =
  (...statements: readonly IamStatement[]) =>
  (cloud: Cloud, iam: IamState): void => {
    for (const secret of cloud.rehearsal.world.state.secrets.secrets) secret.kmsKeyId = key
    give(instance, readAll, ...statements)(cloud, iam)
  }

const denied = (service: string, operation: string): CloudOptions => ({
  faults: [{ everyNth: 1, match: { service, operation }, effect: { kind: 'denied' } }],
})

test.each<readonly [string, (cloud: Cloud, iam: IamState) => void, CloudOptions, number, Partial<SecretCheck>]>([
  ['as it stands', () => undefined, {}, 0, { result: 'ok', detail: `${instance} may read it, for backend` }],
  [
    'without a statement',
    give(instance),
    {},
    9,
    {
      result: 'fail',
      detail: `${instance}, which reads it for backend, is not allowed secretsmanager:GetSecretValue by any of its policies`,
      remedy: 'rampart secrets policy --service backend prints the statement that the role needs',
    },
  ],
  ['with a statement for all of a kind', give(instance, readAll), {}, 0, { result: 'ok' }],
  [
    'with a denial beside it',
    give(instance, readAll, deny),
    {},
    9,
    { result: 'fail', detail: expect.stringContaining('is denied secretsmanager:GetSecretValue by a statement') },
  ],
  ['with a key that it may not use', encrypted(), {}, 9, { result: 'fail', detail: expect.stringContaining(key) }],
  [
    'with a key that it may use for others',
    encrypted(decrypt('s3.us-west-2.amazonaws.com')),
    {},
    9,
    { result: 'fail', detail: expect.stringContaining('kms:Decrypt') },
  ],
  ['with its key', encrypted(decrypt('secretsmanager.us-west-2.amazonaws.com')), {}, 0, { result: 'ok' }],
  [
    'without a role in the profile',
    (_, { profiles }) => profiles.clear(),
    {},
    9,
    { result: 'fail', detail: expect.stringMatching(/there is no role in rampart-ai-production-instance/) },
  ],
  [
    'without the right to ask',
    () => undefined,
    denied('iam', 'SimulatePrincipalPolicy'),
    0,
    {
      result: 'skip',
      detail: `not asked whether ${instance} may read it: iam:SimulatePrincipalPolicy is not permitted`,
    },
  ],
  [
    'without the right to look for the role',
    () => undefined,
    denied('iam', 'GetInstanceProfile'),
    0,
    { result: 'skip', detail: expect.stringMatching(/^not asked which role reads it: .*iam:GetInstanceProfile/) },
  ],
])('the role of a group, %s', async (_, change, options, code, found) => {
  const looked = await look(change, options)
  expect(looked).toMatchObject({
    code,
    readers: [{ secret: database, check: 'readers', detail: expect.any(String), ...found }],
  })
})

test('the execution role of tasks, and the roles of services that are not there yet', async () => {
  const example = 'finbert-rag'
  const stands = await look(() => undefined, { example })
  expect(stands).toMatchObject({ code: 0, readers: [{ result: 'ok', detail: `${execution} may read it, for api` }] })
  const bare = await look(give(execution), { example })
  expect(bare).toMatchObject({ code: 9, readers: [{ result: 'fail' }] })
  const gone = await look(({ rehearsal }) => void rehearsal.world.state.ecs.services.splice(0), { example })
  expect(gone).toMatchObject({
    code: 0,
    readers: [{ result: 'skip', detail: 'there is no service in finbert-rag-prod yet that could read it' }],
  })
})
