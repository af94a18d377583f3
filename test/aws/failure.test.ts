import { describe, expect, test } from 'vitest'
import type { StartInstanceRefresh } from '../../src/lib/ports/auto-scaling.js'
import { startFleet, groupName } from '../rollout/support/fleet.js'
import { answering, awsAt, ec2Error, failureOf, listen, queryError } from './support.js'

const json = 'application/x-amz-json-1.1'

const start: StartInstanceRefresh = {
  group: groupName,
  launchTemplate: { id: 'lt-0123456789abcdef0', version: '8' },
  minHealthyPercentage: 100,
  maxHealthyPercentage: 200,
  skipMatching: true,
  autoRollback: true,
  checkpointPercentages: [],
  bakeTime: 0,
  alarms: [],
}

describe('credentials that AWS does not accept', () => {
  test.each([
    ['ExpiredToken', 403],
    ['InvalidClientTokenId', 403],
    ['SignatureDoesNotMatch', 403],
    ['IncompleteSignature', 400],
    ['MissingAuthenticationToken', 403],
  ])('%s of the query protocols', async (code, status) => {
    const aws = awsAt(await answering({ status, body: queryError(code, 'it is so') }))
    const error = await failureOf(aws.autoScaling.describeGroup('web'))
    expect(error).toMatchObject({ kind: 'unreachable', exitCode: 7, passing: false })
    expect(error.message).toBe('autoscaling:DescribeAutoScalingGroups: AWS does not accept the credentials: it is so')
    expect(error.next.join(' ')).toContain('aws sso login')
  })

  test.each(['AuthFailure', 'RequestExpired'])('%s of EC2', async (code) => {
    const aws = awsAt(await answering({ status: 401, body: ec2Error(code, 'it is so') }))
    const error = await failureOf(aws.launchTemplates.describeVersion('lt-1', '1'))
    expect(error.message).toMatch(/^ec2:DescribeLaunchTemplateVersions: AWS does not accept the credentials/)
  })

  test.each([
    'ExpiredTokenException',
    'UnrecognizedClientException',
    'InvalidSignatureException',
    'MissingAuthenticationTokenException',
  ])('%s of the JSON protocols', async (code) => {
    const body = JSON.stringify({ __type: `com.amazon.coral.service#${code}`, message: 'it is so' })
    const aws = awsAt(await answering({ status: 400, type: json, body }))
    const work = [aws.account.registryAuthorization(), aws.logs.read('/x', { since: 0 })]
    for (const error of await Promise.all(work.map(failureOf))) {
      expect(error.message).toMatch(/^(ecr|logs):\w+: AWS does not accept the credentials: it is so$/)
      expect(error.passing).toBe(false)
    }
  })

  test('none at all', async () => {
    const aws = awsAt('http://127.0.0.1:1')
    delete process.env['AWS_ACCESS_KEY_ID']
    const error = await failureOf(aws.account.whoAmI())
    expect(error.message).toBe('sts:GetCallerIdentity: there are no AWS credentials here')
    expect(error.next.join(' ')).toContain('AWS_PROFILE')
    expect(error.passing).toBe(false)
  })

  test('the canonical request that some services send back, with the session token in it, is not repeated', async () => {
    const message =
      'The signature does not match.\n\nThe Canonical String was\nx-amz-security-token:FwoGZXIvYXdzEXAMPLE'
    const body = JSON.stringify({ __type: 'InvalidSignatureException', message })
    const aws = awsAt(await answering({ status: 403, type: json, body }))
    const error = await failureOf(aws.account.registryAuthorization())
    expect(error.message).toMatch(/The signature does not match\.$/)
    expect(JSON.stringify([error.message, error.next, String(error.stack), String(error.cause)])).not.toContain('FwoG')
  })
})

describe('what the policy does not allow', () => {
  test.each([
    ['autoscaling', 403, queryError('AccessDenied', 'User: arn is not authorized')],
    ['ec2', 403, ec2Error('UnauthorizedOperation', 'You are not authorized')],
  ])('%s', async (service, status, body) => {
    const aws = awsAt(await answering({ status, body }))
    const error = await failureOf(
      service === 'ec2' ? aws.launchTemplates.listVersions('lt-1', 0) : aws.autoScaling.startInstanceRefresh(start),
    )
    expect(error).toMatchObject({ kind: 'unreachable', passing: false })
    expect(error.message).toMatch(/^(ec2|autoscaling):\w+ is not permitted: .*not authorized/)
    expect(error.next[0]).toMatch(
      /^allow (ec2:DescribeLaunchTemplateVersions|autoscaling:StartInstanceRefresh) in the policy/,
    )
  })

  test('of the JSON protocols', async () => {
    const body = JSON.stringify({ __type: 'AccessDeniedException', message: 'not authorized' })
    const aws = awsAt(await answering({ status: 400, type: json, body }))
    expect((await failureOf(aws.logs.read('/x', { since: 0 }))).message).toBe(
      'logs:FilterLogEvents is not permitted: not authorized',
    )
    expect((await failureOf(aws.account.describeRepository('x'))).message).toMatch(/ecr:DescribeRepositories is not/)
  })
})

describe('what may pass', () => {
  test('throttled to the end: how often it was asked, and no refusal that anybody would act on', async () => {
    const fleet = await startFleet({ maxAttempts: 2, faults: [{ rate: 1, effect: { kind: 'throttle' } }] })
    const errors = await Promise.all(
      [
        fleet.aws.autoScaling.startInstanceRefresh(start),
        fleet.aws.autoScaling.rollbackInstanceRefresh(groupName),
        fleet.aws.launchTemplates.describeVersion('lt-0123456789abcdef0', '1'),
        fleet.aws.logs.read('/x', { since: 0 }),
      ].map(failureOf),
    )
    for (const error of errors) {
      expect(error).toMatchObject({ kind: 'unreachable', passing: true })
      expect(error.message).toMatch(/(Throttling|RequestLimitExceeded|ThrottlingException): .*2 attempts, request /)
    }
  })

  test.each([500, 503] as const)('HTTP %i', async (status) => {
    const fleet = await startFleet({ faults: [{ rate: 1, effect: { kind: 'status', status } }] })
    const error = await failureOf(fleet.aws.loadBalancing.describeTargetHealth(['arn:x']))
    expect(error).toMatchObject({ kind: 'unreachable', passing: true })
    expect(error.message).toMatch(new RegExp(String.raw`DescribeTargetHealth failed: .*HTTP ${status}`))
  })

  test('nobody listens', async () => {
    const error = await failureOf(awsAt('http://127.0.0.1:1').account.whoAmI())
    expect(error).toMatchObject({ kind: 'unreachable', passing: true })
    expect(error.message).toMatch(/^sts:GetCallerIdentity: AWS could not be reached: .*ECONNREFUSED/)
    expect(error.next).toEqual(['check the network, the region and AWS_ENDPOINT_URL'])
  })

  test('a host that does not exist', async () => {
    const error = await failureOf(awsAt('http://sts.us-wset-2.invalid').account.whoAmI())
    expect(error).toMatchObject({ kind: 'unreachable', passing: true })
    expect(error.message).toMatch(/could not be reached: .*(ENOTFOUND|EAI_AGAIN)/)
  })

  test('a connection that drops', async () => {
    const url = await listen((request) => request.socket.destroy())
    const error = await failureOf(awsAt(url).account.whoAmI())
    expect(error).toMatchObject({ passing: true, message: expect.stringContaining('could not be reached') })
  })

  test('an answer that never comes is waited for no longer than that', async () => {
    const url = await listen((request) => request.resume())
    const error = await failureOf(awsAt(url, { answerTimeout: 100 }).account.whoAmI())
    expect(error).toMatchObject({ passing: true, message: expect.stringContaining('could not be reached') })
  })
})

describe('what AWS refuses', () => {
  test('is for the caller to act on, with its code', async () => {
    const aws = awsAt(await answering({ status: 400, body: queryError('InstanceRefreshInProgress', 'one is running') }))
    expect(await aws.autoScaling.startInstanceRefresh(start)).toEqual({
      refused: { code: 'InstanceRefreshInProgress', message: 'one is running' },
    })
    expect(await aws.autoScaling.cancelInstanceRefresh('web')).toMatchObject({ code: 'InstanceRefreshInProgress' })
  })

  test('is a failure where nobody acts on it', async () => {
    const aws = awsAt(await answering({ status: 400, body: queryError('ValidationError', 'no such thing') }))
    const error = await failureOf(aws.autoScaling.describeInstanceRefreshes('web'))
    expect(error).toMatchObject({ kind: 'unreachable', passing: false })
    expect(error.message).toBe(
      'autoscaling:DescribeInstanceRefreshes failed: ValidationError: no such thing (HTTP 400, request request-1)',
    )
  })
})

test.each<[string, string]>([
  ['text/html', '<html><body>It works!</body></html>'],
  ['application/json', '{"not": "aws"'],
])('an address where something else listens (%s)', async (type, body) => {
  const aws = awsAt(await answering({ status: 200, type, body }))
  const error = await failureOf(aws.account.registryAuthorization())
  expect(error).toMatchObject({ kind: 'unreachable', passing: false })
  expect(error.message).toBe(
    'ecr:GetAuthorizationToken answered with what is no answer of AWS (HTTP 200, request request-1)',
  )
  expect(error.next).toEqual(['check AWS_ENDPOINT_URL: something else listens there'])
})
