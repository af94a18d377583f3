import {
  DeleteParameterCommand,
  GetParameterCommand,
  type PutParameterCommandInput,
  PutParameterCommand,
  SSMClient,
} from '@aws-sdk/client-ssm'
import { describe, expect, test } from 'vitest'
import { createSsm } from '../../../src/lib/rehearsal/services/ssm.js'
import { clientConfig, serve, virtualNow } from './cloud.js'

async function parameterStore() {
  const server = await serve({ services: [createSsm()] })
  const client = new SSMClient(clientConfig(server))
  return {
    server,
    put: (input: Partial<PutParameterCommandInput>) =>
      client.send(new PutParameterCommand({ Name: '/app/live', Value: 'one', Type: 'String', ...input })),
    get: (Name: string, WithDecryption?: boolean) => client.send(new GetParameterCommand({ Name, WithDecryption })),
    remove: (Name: string) => client.send(new DeleteParameterCommand({ Name })),
  }
}

describe('a parameter', () => {
  test('is written, read, overwritten and deleted, with its version rising', async () => {
    const { put, get, remove } = await parameterStore()
    expect(await put({})).toMatchObject({ Version: 1, Tier: 'Standard' })
    expect(await put({ Value: 'two', Overwrite: true, Type: undefined })).toMatchObject({ Version: 2 })
    const { Parameter } = await get('/app/live')
    expect(Parameter).toEqual({
      Name: '/app/live',
      Type: 'String',
      Value: 'two',
      Version: 2,
      LastModifiedDate: new Date(virtualNow),
      ARN: 'arn:aws:ssm:us-west-2:123456789012:parameter/app/live',
      DataType: 'text',
    })
    await remove('/app/live')
    await expect(get('/app/live')).rejects.toMatchObject({ name: 'ParameterNotFound' })
    await expect(remove('/app/live')).rejects.toMatchObject({ name: 'ParameterNotFound' })
  })

  test('is read at an earlier version, and by its ARN', async () => {
    const { put, get } = await parameterStore()
    await put({})
    await put({ Value: 'two', Overwrite: true })
    expect((await get('/app/live:1')).Parameter).toMatchObject({ Value: 'one', Version: 1, Selector: ':1' })
    const arn = 'arn:aws:ssm:us-west-2:123456789012:parameter/app/live'
    expect((await get(arn)).Parameter).toMatchObject({ Name: '/app/live', Value: 'two' })
    await expect(get('/app/live:3')).rejects.toMatchObject({ name: 'ParameterVersionNotFound' })
  })

  test('keeps its last hundred versions', async () => {
    const { put, get } = await parameterStore()
    for (let version = 1; version <= 101; version += 1) await put({ Value: String(version), Overwrite: true })
    await expect(get('/app/live:1')).rejects.toMatchObject({ name: 'ParameterVersionNotFound' })
    expect((await get('/app/live:2')).Parameter?.Value).toBe('2')
  })

  test('that is secret shows itself only to who asks for decryption', async () => {
    const { put, get } = await parameterStore()
    await put({ Type: 'SecureString', Value: 's3cr$tPass\\x' })
    expect((await get('/app/live', true)).Parameter?.Value).toBe('s3cr$tPass\\x')
    const sealed = (await get('/app/live')).Parameter?.Value ?? ''
    expect(Buffer.from(sealed, 'base64').length).toBeGreaterThan(64)
    expect(Buffer.from(sealed, 'base64').toString()).not.toContain('s3cr$tPass')
  })

  test('of one region is none of another', async () => {
    const { server, put } = await parameterStore()
    await put({})
    const elsewhere = new SSMClient({ ...clientConfig(server), region: 'eu-west-1' })
    await expect(elsewhere.send(new GetParameterCommand({ Name: '/app/live' }))).rejects.toMatchObject({
      name: 'ParameterNotFound',
    })
  })

  test('goes to the advanced tier when its size asks for it and the tier is left to AWS', async () => {
    const { put } = await parameterStore()
    expect(await put({ Value: 'x'.repeat(5000), Tier: 'Intelligent-Tiering' })).toMatchObject({ Tier: 'Advanced' })
    expect(await put({ Value: 'x', Overwrite: true })).toMatchObject({ Tier: 'Advanced' })
    await expect(put({ Tier: 'Standard', Overwrite: true })).rejects.toMatchObject({ name: 'ValidationException' })
  })
})

describe('a parameter is refused', () => {
  const refusals: readonly (readonly [string, Partial<PutParameterCommandInput>, string, RegExp])[] = [
    ['without a type', { Type: undefined }, 'ValidationException', /^A parameter type is required/],
    [
      'of an unknown type',
      { Type: 'Text' as 'String' },
      'ValidationException',
      /^1 validation error detected: Value 'Text' at 'type'/,
    ],
    ['empty', { Value: '' }, 'ValidationException', /at 'value' failed .* length greater than or equal to 1$/],
    ['too large', { Value: 'x'.repeat(4097) }, 'ValidationException', /^Standard tier .* 4096 characters/],
    [
      'too large for the larger tier',
      { Value: 'x'.repeat(8193), Tier: 'Advanced' },
      'ValidationException',
      /8192 characters\.$/,
    ],
    ['as a path without its slash', { Name: 'app/live' }, 'ValidationException', /fully qualified name\.$/],
    ['with a space inside', { Name: '/app/li ve' }, 'ValidationException', /^Parameter name: /],
    ['with a reserved prefix', { Name: '/SSM/live' }, 'ValidationException', /^Parameter name: can't be prefixed/],
    ["in AWS's own path", { Name: '/aws/live' }, 'AccessDeniedException', /^No access to reserved/],
    ['too deep', { Name: '/a'.repeat(16) }, 'HierarchyLevelLimitExceededException', /15 levels/],
    [
      'against its pattern',
      { AllowedPattern: '^\\d+$' },
      'ParameterPatternMismatchException',
      /allowedPattern: \^\\d\+\$$/,
    ],
    [
      'with a pattern that is none',
      { AllowedPattern: '(' },
      'InvalidAllowedPatternException',
      /not a regular expression/,
    ],
    [
      'with tags and overwrite',
      { Overwrite: true, Tags: [{ Key: 'a', Value: 'b' }] },
      'ValidationException',
      /^Invalid request: tags/,
    ],
  ]

  test.each(refusals)('%s', async (_name, input, name, message) => {
    const { put } = await parameterStore()
    await expect(put(input)).rejects.toMatchObject({ name, message: expect.stringMatching(message) })
  })

  test('when it exists and overwriting was not asked for, and stays as it was', async () => {
    const { put, get } = await parameterStore()
    await put({})
    await expect(put({ Value: 'two' })).rejects.toMatchObject({
      name: 'ParameterAlreadyExists',
      message:
        'The parameter already exists. To overwrite this value, set the overwrite option in the request to true.',
    })
    expect((await get('/app/live')).Parameter).toMatchObject({ Value: 'one', Version: 1 })
  })

  test('when its type would change within a hierarchy', async () => {
    const { put } = await parameterStore()
    await put({})
    await expect(put({ Type: 'SecureString', Overwrite: true })).rejects.toMatchObject({
      name: 'HierarchyTypeMismatchException',
    })
  })
})
