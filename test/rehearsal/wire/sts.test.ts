import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { expect, test } from 'vitest'
import { createSts, partitionOf } from '../../../src/lib/rehearsal/services/sts.js'
import { clientConfig, serve } from './cloud.js'

test('a user is told who it is, and its request id', async () => {
  const server = await serve({ services: [createSts()] })
  const client = new STSClient(clientConfig(server))
  const identity = await client.send(new GetCallerIdentityCommand())
  expect(identity.Account).toBe('123456789012')
  expect(identity.Arn).toBe('arn:aws:iam::123456789012:user/rehearsal')
  expect(identity.UserId).toMatch(/^AIDA[A-Z2-7]{17}$/)
  expect(identity.$metadata.requestId).toMatch(/^[0-9a-f-]{36}$/)
})

test('keys of an assumed role are told the role and its session', async () => {
  const server = await serve({ services: [createSts()] })
  const credentials = { accessKeyId: 'ASIAREHEARSAL0000000', secretAccessKey: 'x', sessionToken: 'y' }
  const client = new STSClient({ ...clientConfig(server), credentials, region: 'us-gov-west-1' })
  const identity = await client.send(new GetCallerIdentityCommand())
  expect(identity.Arn).toBe('arn:aws-us-gov:sts::123456789012:assumed-role/rehearsal/rehearsal')
  expect(identity.UserId).toMatch(/^AROA[A-Z2-7]{17}:rehearsal$/)
})

test('each partition has its own name', () => {
  expect(['us-west-2', 'cn-north-1', 'us-gov-east-1'].map(partitionOf)).toEqual(['aws', 'aws-cn', 'aws-us-gov'])
})
