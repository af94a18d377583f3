import {
  BatchGetSecretValueCommand,
  CreateSecretCommand,
  type CreateSecretCommandInput,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  ListSecretVersionIdsCommand,
  PutSecretValueCommand,
  RestoreSecretCommand,
  SecretsManagerClient,
  TagResourceCommand,
  UpdateSecretCommand,
} from '@aws-sdk/client-secrets-manager'
import { describe, expect, test } from 'vitest'
import { createSecretsManager } from '../../../src/lib/rehearsal/services/secretsmanager.js'
import { createRandom } from '../../../src/lib/rehearsal/world/random.js'
import { createSecretStore } from '../../../src/lib/rehearsal/world/secrets.js'
import { clientConfig, serve, virtualNow } from '../wire/cloud.js'

const day = 86_400_000
const tokenA = 'a'.repeat(32)
const tokenB = 'b'.repeat(32)

async function secrets() {
  let now = virtualNow
  const services = [createSecretsManager(createSecretStore(createRandom(7)))]
  const server = await serve({ services, now: () => now })
  const client = new SecretsManagerClient(clientConfig(server))
  return {
    server,
    client,
    later: (milliseconds: number) => (now += milliseconds),
    create: (input: Partial<CreateSecretCommandInput> = {}) =>
      client.send(new CreateSecretCommand({ Name: 'shop/api', SecretString: '{"key":"one"}', ...input })),
    put: (SecretString: string, ClientRequestToken?: string, VersionStages?: string[]) =>
      client.send(new PutSecretValueCommand({ SecretId: 'shop/api', SecretString, ClientRequestToken, VersionStages })),
    get: (input: { SecretId?: string; VersionId?: string; VersionStage?: string } = {}) =>
      client.send(new GetSecretValueCommand({ SecretId: 'shop/api', ...input })),
    describe: () => client.send(new DescribeSecretCommand({ SecretId: 'shop/api' })),
  }
}

describe('a secret', () => {
  test('is made with an ARN of AWS’s form, and read by name, ARN and the ARN without its last characters', async () => {
    const { create, get } = await secrets()
    const { ARN = '', VersionId } = await create()
    expect(ARN).toMatch(/^arn:aws:secretsmanager:us-west-2:123456789012:secret:shop\/api-[A-Za-z0-9]{6}$/)
    for (const SecretId of ['shop/api', ARN, ARN.slice(0, -7)]) {
      expect(await get({ SecretId })).toMatchObject({ SecretString: '{"key":"one"}', VersionId, Name: 'shop/api' })
    }
    await expect(get({ SecretId: `${ARN.slice(0, -1)}_` })).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
  })

  test('moves its labels with each new value: what was current is previous, what was previous has none', async () => {
    const { create, put, get, describe: described, client } = await secrets()
    const first = (await create()).VersionId ?? ''
    const second = (await put('two')).VersionId ?? ''
    const third = (await put('three')).VersionId ?? ''
    expect((await get()).SecretString).toBe('three')
    expect((await get({ VersionStage: 'AWSPREVIOUS' })).SecretString).toBe('two')
    expect((await get({ VersionId: first })).SecretString).toBe('{"key":"one"}')
    expect((await described()).VersionIdsToStages).toEqual({ [second]: ['AWSPREVIOUS'], [third]: ['AWSCURRENT'] })
    const ids = async (IncludeDeprecated: boolean) =>
      (await client.send(new ListSecretVersionIdsCommand({ SecretId: 'shop/api', IncludeDeprecated }))).Versions?.map(
        ({ VersionId }) => VersionId,
      )
    expect(await ids(false)).toEqual([third, second])
    expect(await ids(true)).toEqual([third, second, first])
    await expect(get({ VersionId: second, VersionStage: 'AWSCURRENT' })).rejects.toThrow(/not associated/)
  })

  test('does nothing for a request that comes twice, and refuses its token for another value', async () => {
    const { create, put, describe: described } = await secrets()
    await create({ ClientRequestToken: tokenA })
    expect((await create({ ClientRequestToken: tokenA })).VersionId).toBe(tokenA)
    await expect(create({ ClientRequestToken: tokenA, SecretString: 'else' })).rejects.toMatchObject({
      name: 'ResourceExistsException',
    })
    await expect(create()).rejects.toMatchObject({
      name: 'ResourceExistsException',
      message: 'The operation failed because the secret shop/api already exists.',
    })
    await put('two', tokenB)
    await put('two', tokenB)
    await expect(put('three', tokenB)).rejects.toMatchObject({ name: 'ResourceExistsException' })
    expect(Object.keys((await described()).VersionIdsToStages ?? {})).toEqual([tokenA, tokenB])
  })

  test('keeps a pending version apart until it is current', async () => {
    const { create, put, get } = await secrets()
    await create({ SecretString: undefined })
    await expect(get()).rejects.toThrow("can't find the specified secret value for staging label: AWSCURRENT")
    await put('one')
    await put('next', tokenB, ['AWSPENDING'])
    expect((await get()).SecretString).toBe('one')
    expect((await get({ VersionStage: 'AWSPENDING' })).SecretString).toBe('next')
  })

  test('holds bytes as they are', async () => {
    const { create, get } = await secrets()
    const SecretBinary = Uint8Array.from([0, 255, 10, 13])
    await create({ SecretString: undefined, SecretBinary })
    expect(await get()).toMatchObject({ SecretBinary })
    expect((await get()).SecretString).toBeUndefined()
  })

  test('that is deleted can be had back within its window, and is gone after it', async () => {
    const { create, get, describe: described, client, later } = await secrets()
    await create()
    const remove = (RecoveryWindowInDays?: number, ForceDeleteWithoutRecovery?: boolean) =>
      client.send(new DeleteSecretCommand({ SecretId: 'shop/api', RecoveryWindowInDays, ForceDeleteWithoutRecovery }))
    await expect(remove(6)).rejects.toMatchObject({ name: 'InvalidParameterException' })
    await expect(remove(7, true)).rejects.toMatchObject({ name: 'InvalidParameterException' })
    expect((await remove(7)).DeletionDate).toEqual(new Date(virtualNow + 7 * day))
    await expect(get()).rejects.toMatchObject({
      name: 'InvalidRequestException',
      message: "You can't perform this operation on the secret because it was marked for deletion.",
    })
    await expect(create()).rejects.toThrow('already scheduled for deletion')
    expect((await described()).DeletedDate).toEqual(new Date(virtualNow + 7 * day))
    const names = async (IncludePlannedDeletion: boolean) =>
      (await client.send(new ListSecretsCommand({ IncludePlannedDeletion }))).SecretList?.map(({ Name }) => Name)
    expect(await names(false)).toEqual([])
    expect(await names(true)).toEqual(['shop/api'])
    await client.send(new RestoreSecretCommand({ SecretId: 'shop/api' }))
    expect((await get()).SecretString).toBe('{"key":"one"}')
    await remove(7)
    later(7 * day)
    await expect(described()).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
    await create({ SecretString: 'new' })
    await remove(undefined, true)
    await expect(described()).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
    await remove(undefined, true)
  })

  test('changes its description, key and tags without a new version', async () => {
    const { create, describe: described, client } = await secrets()
    const { VersionId = '' } = await create({ Tags: [{ Key: 'team', Value: 'shop' }] })
    await client.send(
      new UpdateSecretCommand({ SecretId: 'shop/api', Description: 'of the shop', KmsKeyId: 'alias/x' }),
    )
    await client.send(new TagResourceCommand({ SecretId: 'shop/api', Tags: [{ Key: 'team', Value: 'web' }] }))
    expect(await described()).toMatchObject({
      Description: 'of the shop',
      KmsKeyId: 'alias/x',
      Tags: [{ Key: 'team', Value: 'web' }],
      VersionIdsToStages: { [VersionId]: ['AWSCURRENT'] },
    })
  })
})

describe('many secrets', () => {
  test('are listed newest first, by page and by filter, and read together', async () => {
    const { create, client } = await secrets()
    for (const Name of ['shop/a', 'shop/b', 'desk/c']) await create({ Name, Tags: [{ Key: 'app', Value: Name }] })
    const page = await client.send(new ListSecretsCommand({ MaxResults: 2 }))
    expect(page.SecretList?.map(({ Name }) => Name)).toEqual(['desk/c', 'shop/b'])
    const rest = await client.send(new ListSecretsCommand({ MaxResults: 2, NextToken: page.NextToken }))
    expect(rest.SecretList?.map(({ Name }) => Name)).toEqual(['shop/a'])
    await expect(client.send(new ListSecretsCommand({ NextToken: 'x' }))).rejects.toMatchObject({
      name: 'InvalidNextTokenException',
    })
    const Filters = [{ Key: 'name' as const, Values: ['shop/'] }]
    expect((await client.send(new ListSecretsCommand({ Filters }))).SecretList).toHaveLength(2)
    const not = [{ Key: 'tag-value' as const, Values: ['!shop'] }]
    expect((await client.send(new ListSecretsCommand({ Filters: not }))).SecretList).toHaveLength(1)
    const both = await client.send(new BatchGetSecretValueCommand({ SecretIdList: ['shop/a', 'nobody'] }))
    expect(both.SecretValues?.map(({ Name }) => Name)).toEqual(['shop/a'])
    expect(both.Errors).toMatchObject([{ SecretId: 'nobody', ErrorCode: 'ResourceNotFoundException' }])
  })

  test('are each of one region', async () => {
    const { create, server } = await secrets()
    await create()
    const elsewhere = new SecretsManagerClient({ ...clientConfig(server), region: 'eu-west-1' })
    expect((await elsewhere.send(new ListSecretsCommand({}))).SecretList).toEqual([])
  })
})

test.each([
  ['a name with a space', { Name: 'a b' }, 'ValidationException'],
  ['a token that is too short', { ClientRequestToken: 'short' }, 'InvalidParameterException'],
  ['text and bytes at once', { SecretBinary: new Uint8Array([1]) }, 'InvalidParameterException'],
  ['an empty value', { SecretString: '' }, 'ValidationException'],
  ['a value that is too large', { SecretString: 'canary'.repeat(20_000) }, 'ValidationException'],
] as const)('%s is refused, and no message quotes the value', async (_what, input, name) => {
  const { create } = await secrets()
  const refusal = await create(input).then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(refusal).toMatchObject({ name })
  expect(String(refusal)).not.toContain('canary')
})
