import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { createSsm } from '../../../src/lib/rehearsal/services/ssm.js'
import { createSts } from '../../../src/lib/rehearsal/services/sts.js'
import type { RunningServer } from '../../../src/lib/rehearsal/wire/server.js'
import { requires } from '../../support/requires.js'
import { serve } from './cloud.js'

interface Run {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs Debian's AWS CLI, an implementation of the protocols that shares nothing with the SDK. */
async function aws(server: RunningServer, ...args: readonly string[]): Promise<Run> {
  const child = spawn('/usr/bin/aws', ['--endpoint-url', server.url, '--output', 'json', ...args], {
    env: {
      PATH: process.env['PATH'],
      HOME: '/nonexistent',
      AWS_ACCESS_KEY_ID: 'AKIAREHEARSAL0000000',
      AWS_SECRET_ACCESS_KEY: 'not-a-secret',
      AWS_REGION: 'us-west-2',
      AWS_PAGER: '',
      AWS_EC2_METADATA_DISABLED: 'true',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code: Number(code), stdout, stderr }
}

requires('aws').describe("Debian's AWS CLI", () => {
  test('is told who it is', async () => {
    const server = await serve({ services: [createSts()] })
    const { code, stdout } = await aws(server, 'sts', 'get-caller-identity')
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toEqual({
      UserId: expect.stringMatching(/^AIDA/),
      Account: '123456789012',
      Arn: 'arn:aws:iam::123456789012:user/rehearsal',
    })
  })

  test('writes, reads and deletes a parameter', async () => {
    const server = await serve({ services: [createSsm()] })
    const name = ['--name', '/app/live']
    const put = await aws(server, 'ssm', 'put-parameter', ...name, '--type', 'SecureString', '--value', 'p "w" $x\\')
    expect(JSON.parse(put.stdout)).toEqual({ Version: 1, Tier: 'Standard' })
    const get = await aws(server, 'ssm', 'get-parameter', ...name, '--with-decryption')
    expect(JSON.parse(get.stdout)).toMatchObject({
      Parameter: { Value: 'p "w" $x\\', Type: 'SecureString', LastModifiedDate: expect.stringMatching(/^2031-05-06T/) },
    })
    const again = await aws(server, 'ssm', 'put-parameter', ...name, '--type', 'SecureString', '--value', 'x')
    expect(again.code).toBe(254)
    expect(again.stderr).toContain(
      '(ParameterAlreadyExists) when calling the PutParameter operation: The parameter already',
    )
    expect((await aws(server, 'ssm', 'delete-parameter', ...name)).code).toBe(0)
    const gone = await aws(server, 'ssm', 'get-parameter', ...name)
    expect(gone.stderr).toContain('(ParameterNotFound)')
  })

  test('is told of an operation that is not served, on either protocol', async () => {
    const server = await serve({ services: [createSts(), createSsm()] })
    const query = await aws(server, 'sts', 'get-session-token')
    expect(query.stderr).toContain(
      '(InvalidAction) when calling the GetSessionToken operation: The rehearsal cloud does',
    )
    const json = await aws(server, 'ssm', 'describe-parameters')
    expect(json.stderr).toContain(
      '(UnknownOperationException) when calling the DescribeParameters operation: The rehearsal',
    )
  })
})
