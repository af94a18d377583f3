import {
  AutoScalingClient,
  CreateOrUpdateTagsCommand,
  DescribeAutoScalingGroupsCommand,
  ResourceContentionFault,
  StartInstanceRefreshCommand,
} from '@aws-sdk/client-auto-scaling'
import * as autoScaling from '@aws-sdk/client-auto-scaling'
import { CloudWatchClient, DescribeAlarmsCommand, ResourceNotFound } from '@aws-sdk/client-cloudwatch'
import * as cloudWatch from '@aws-sdk/client-cloudwatch'
import * as logs from '@aws-sdk/client-cloudwatch-logs'
import { CreateLaunchTemplateVersionCommand, EC2Client } from '@aws-sdk/client-ec2'
import * as ec2 from '@aws-sdk/client-ec2'
import * as ecr from '@aws-sdk/client-ecr'
import { ECRClient, ImageTagAlreadyExistsException, PutImageCommand } from '@aws-sdk/client-ecr'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { createSsm } from '../../../src/lib/rehearsal/services/ssm.js'
import { createSts } from '../../../src/lib/rehearsal/services/sts.js'
import { maximumBody } from '../../../src/lib/rehearsal/wire/body.js'
import { type Handler, type Service, ServiceError } from '../../../src/lib/rehearsal/wire/service.js'
import { authorization, clientConfig, postJson, postQuery, serve } from './cloud.js'

const autoScalingService = (handlers: Service['handlers'] = {}): Service => ({
  signingName: 'autoscaling',
  protocol: 'awsQuery',
  target: '2011-01-01',
  sdk: autoScaling,
  handlers,
})
const ec2Service = (handlers: Service['handlers'] = {}): Service => ({
  signingName: 'ec2',
  protocol: 'ec2Query',
  target: '2016-11-15',
  sdk: ec2,
  handlers,
})
const ecrService = (handlers: Service['handlers'] = {}): Service => ({
  signingName: 'ecr',
  protocol: 'awsJson1_1',
  target: 'AmazonEC2ContainerRegistry_V20150921',
  sdk: ecr,
  handlers,
})
const logsService = (handlers: Service['handlers'] = {}): Service => ({
  signingName: 'logs',
  protocol: 'awsJson1_1',
  target: 'Logs_20140328',
  sdk: logs,
  handlers,
})
const cloudWatchService = (handlers: Service['handlers'] = {}): Service => ({
  signingName: 'monitoring',
  protocol: 'awsJson1_0',
  target: 'GraniteServiceVersion20100801',
  also: [{ protocol: 'awsQuery', target: '2010-08-01' }],
  sdk: cloudWatch,
  handlers,
})

const refuse =
  (code: string, message: string, options: ConstructorParameters<typeof ServiceError>[2] = {}): Handler =>
  () => {
    throw new ServiceError(code, message, options)
  }

const anything: Handler = () => ({})

describe('an error of a service', () => {
  test('on AWS Query becomes the exception that the SDK has for it, with its documented status', async () => {
    const service = autoScalingService({ StartInstanceRefresh: refuse('ResourceContention', 'Busy <now>') })
    const client = new AutoScalingClient(clientConfig(await serve({ services: [service] })))
    const error = await client
      .send(new StartInstanceRefreshCommand({ AutoScalingGroupName: 'g' }))
      .catch((e: unknown) => e)
    expect(error).toBeInstanceOf(ResourceContentionFault)
    expect(error).toMatchObject({
      name: 'ResourceContentionFault',
      message: 'Busy <now>',
      $fault: 'server',
      Type: 'Receiver',
      $metadata: { httpStatusCode: 500, requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) },
    })
  })

  test('on AWS Query is written as the protocol has it', async () => {
    const service = autoScalingService({ StartInstanceRefresh: refuse('InstanceRefreshInProgressFault', 'One runs.') })
    const server = await serve({ services: [service] })
    const { status, body, headers } = await postQuery(server, 'autoscaling', {
      Action: 'StartInstanceRefresh',
      Version: '2011-01-01',
      AutoScalingGroupName: 'g',
    })
    expect(status).toBe(400)
    expect(headers.get('content-type')).toBe('text/xml')
    expect(body).toBe(
      '<ErrorResponse xmlns="http://autoscaling.amazonaws.com/doc/2011-01-01/">' +
        '<Error><Type>Sender</Type><Code>InstanceRefreshInProgress</Code><Message>One runs.</Message></Error>' +
        `<RequestId>${headers.get('x-amzn-requestid')}</RequestId></ErrorResponse>`,
    )
  })

  test('on EC2 is written as EC2 has it', async () => {
    const service = ec2Service({ DescribeInstances: refuse('InvalidInstanceID.NotFound', 'No such instance.') })
    const server = await serve({ services: [service] })
    const { status, body, headers } = await postQuery(server, 'ec2', {
      Action: 'DescribeInstances',
      Version: '2016-11-15',
    })
    expect(status).toBe(400)
    expect(body).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>InvalidInstanceID.NotFound</Code>' +
        '<Message>No such instance.</Message></Error></Errors>' +
        `<RequestID>${headers.get('x-amzn-requestid')}</RequestID></Response>`,
    )
  })

  test('on JSON becomes the exception that the SDK has for it', async () => {
    const service = ecrService({ PutImage: refuse('ImageTagAlreadyExistsException', 'The tag is taken.') })
    const client = new ECRClient(clientConfig(await serve({ services: [service] })))
    const error = await client
      .send(new PutImageCommand({ repositoryName: 'r', imageManifest: '{}' }))
      .catch((e: unknown) => e)
    expect(error).toBeInstanceOf(ImageTagAlreadyExistsException)
    expect(error).toMatchObject({ message: 'The tag is taken.', $metadata: { httpStatusCode: 400 } })
  })

  test('carries the members that its schema has beside the message', async () => {
    const members = { repositoryName: 'r', uploadId: 'u', partSize: 5 }
    const service = ecrService({
      UploadLayerPart: refuse('InvalidLayerPartException', 'No.', {
        members: { ...members, registryId: '1', lastValidByteReceived: 7 },
      }),
    })
    const client = new ECRClient(clientConfig(await serve({ services: [service] })))
    const command = new ecr.UploadLayerPartCommand({
      repositoryName: 'r',
      uploadId: 'u',
      partFirstByte: 0,
      partLastByte: 1,
      layerPartBlob: new Uint8Array([1, 2]),
    })
    await expect(client.send(command)).rejects.toMatchObject({
      name: 'InvalidLayerPartException',
      registryId: '1',
      repositoryName: 'r',
      lastValidByteReceived: 7,
    })
  })

  test('on CloudWatch has the code of its query days, for clients that ask for it', async () => {
    const service = cloudWatchService({ DescribeAlarms: refuse('ResourceNotFound', 'No alarm.') })
    const server = await serve({ services: [service] })
    const client = new CloudWatchClient(clientConfig(server))
    const error = await client.send(new DescribeAlarmsCommand()).catch((e: unknown) => e)
    expect(error).toBeInstanceOf(ResourceNotFound)
    expect(error).toMatchObject({
      name: 'ResourceNotFound',
      Code: 'ResourceNotFound',
      Type: 'Sender',
      $metadata: { httpStatusCode: 404 },
    })
    const plain = await postJson(server, 'monitoring', 'GraniteServiceVersion20100801.DescribeAlarms', '{}')
    expect(plain.headers.has('x-amzn-query-error')).toBe(false)
    expect(JSON.parse(plain.body)).toEqual({
      __type: 'com.amazonaws.cloudwatch#ResourceNotFound',
      message: 'No alarm.',
    })
  })

  test('that the rehearsal itself makes is an internal failure, and is reported', async () => {
    const reported: unknown[] = []
    const broken = autoScalingService({ DescribeAutoScalingGroups: () => ({ AutoScalingGroups: 'none' }) })
    const server = await serve({ services: [broken], onError: (error) => reported.push(error) })
    const client = new AutoScalingClient(clientConfig(server))
    await expect(client.send(new DescribeAutoScalingGroupsCommand())).rejects.toMatchObject({
      name: 'InternalFailure',
      message: expect.stringMatching(/^The rehearsal cloud itself failed: the answer's member AutoScalingGroups /),
      $metadata: { httpStatusCode: 500 },
    })
    expect(reported).toHaveLength(1)
  })
})

describe('a request that the model refuses', () => {
  test('AWS Query counts all missing members, nested ones by their path', async () => {
    const server = await serve({
      services: [autoScalingService({ CreateOrUpdateTags: anything, StartInstanceRefresh: anything })],
    })
    const client = new AutoScalingClient(clientConfig(server))
    await expect(client.send(new StartInstanceRefreshCommand({} as never))).rejects.toMatchObject({
      name: 'ValidationError',
      message:
        "1 validation error detected: Value null at 'autoScalingGroupName' failed to satisfy constraint: Member must not be null",
    })
    await expect(
      client.send(new CreateOrUpdateTagsCommand({ Tags: [{ Value: 'a' }, { Value: 'b' }] as never })),
    ).rejects.toMatchObject({
      message: expect.stringMatching(
        /^2 validation errors detected: Value null at 'tags\.1\.member\.key' .*; Value null at 'tags\.2\.member\.key' /,
      ),
    })
  })

  test('EC2 names the parameter', async () => {
    const server = await serve({ services: [ec2Service({ CreateLaunchTemplateVersion: anything })] })
    const client = new EC2Client(clientConfig(server))
    await expect(client.send(new CreateLaunchTemplateVersionCommand({} as never))).rejects.toMatchObject({
      name: 'MissingParameter',
      message: 'The request must contain the parameter LaunchTemplateData',
    })
  })

  test.each([
    ['an unknown parameter', { Colour: 'red' }, 'UnknownParameter', 'The parameter Colour is not recognized'],
    [
      'a number that is none',
      { MaxResults: 'many' },
      'InvalidParameterValue',
      'Value (many) for parameter MaxResults is invalid.',
    ],
    [
      'a truth that is none',
      { DryRun: 'perhaps' },
      'InvalidParameterValue',
      'Value (perhaps) for parameter DryRun is invalid.',
    ],
    ['a list that is a value', { InstanceId: 'i-1' }, 'InvalidParameterValue', 'for parameter InstanceId is invalid.'],
    [
      'a value that is a structure',
      { 'MaxResults.A': '1' },
      'InvalidParameterValue',
      'for parameter MaxResults is invalid.',
    ],
  ])('EC2 refuses %s', async (_name, parameters, code, message) => {
    const server = await serve({ services: [ec2Service({ DescribeInstances: anything })] })
    const action = { Action: 'DescribeInstances', Version: '2016-11-15' }
    const { status, body } = await postQuery(server, 'ec2', { ...action, ...(parameters as object) })
    expect(status).toBe(400)
    expect(body).toContain(`<Code>${code}</Code>`)
    expect(body).toContain(message)
  })

  test('AWS Query refuses what it can not read and passes over what it does not know', async () => {
    const server = await serve({ services: [autoScalingService({ DescribeInstanceRefreshes: anything })] })
    const action = { Action: 'DescribeInstanceRefreshes', Version: '2011-01-01', AutoScalingGroupName: 'g' }
    const ill = await postQuery(server, 'autoscaling', { ...action, MaxRecords: 'many' })
    expect(ill.body).toContain('<Code>MalformedInput</Code>')
    expect((await postQuery(server, 'autoscaling', { ...action, Colour: 'red' })).status).toBe(200)
  })

  test.each([
    ['ECR', ecrService({ DescribeImages: anything }), 'DescribeImages', 'InvalidParameterException', 'repositoryName'],
    [
      'CloudWatch Logs',
      logsService({ CreateLogGroup: anything }),
      'CreateLogGroup',
      'InvalidParameterException',
      'logGroupName',
    ],
    ['SSM', createSsm(), 'GetParameter', 'ValidationException', 'name'],
    [
      'CloudWatch',
      cloudWatchService({ SetAlarmState: anything }),
      'SetAlarmState',
      'com.amazonaws.cloudwatch#ValidationException',
      'alarmName',
    ],
  ] as const)('%s names the missing member under its own code', async (_name, service, operation, code, member) => {
    const server = await serve({ services: [service] })
    const { status, body } = await postJson(server, service.signingName, `${service.target}.${operation}`, '{}')
    expect(status).toBe(400)
    const words = `Value null at '${member}' failed to satisfy constraint: Member must not be null`
    expect(Object.values(JSON.parse(body) as object)).toEqual([code, expect.stringContaining(words)])
  })

  test.each([
    ['a number for text', '{"Name": 5}', 'NUMBER_VALUE can not be converted to a String'],
    ['text for a truth', '{"Name": "n", "WithDecryption": "yes"}', 'STRING_VALUE can not be converted to a Boolean'],
    ['a structure for text', '{"Name": {}}', 'Start of structure or map found where not expected.'],
    ['a list for the input', '[]', 'Start of list found where not expected.'],
    ['no JSON', '{"Name"', 'The request body is not valid JSON.'],
  ])('JSON refuses %s', async (_name, sent, message) => {
    const server = await serve({ services: [createSsm()] })
    const { status, body } = await postJson(server, 'ssm', 'AmazonSSM.GetParameter', sent)
    expect(status).toBe(400)
    expect(JSON.parse(body)).toEqual({ __type: 'SerializationException', Message: message })
  })

  test('a member named as one of every object is no member', async () => {
    const server = await serve({ services: [createSsm()] })
    const { body } = await postJson(server, 'ssm', 'AmazonSSM.GetParameter', '{"__proto__": {"Name": "n"}}')
    expect(body).toContain("Value null at 'name'")
  })
})

describe('an operation that is not there', () => {
  test.each([
    ['sts', createSts(), '2011-06-15', 'Could not find operation Frobnicate for version 2011-06-15'],
    ['ec2', ec2Service(), '2016-11-15', 'The action Frobnicate is not valid for this web service.'],
  ] as const)('%s answers InvalidAction', async (signingName, service, version, words) => {
    const server = await serve({ services: [service] })
    const { status, body } = await postQuery(server, signingName, { Action: 'Frobnicate', Version: version })
    expect(status).toBe(400)
    expect(body).toContain(`<Code>InvalidAction</Code><Message>${words}</Message>`)
  })

  test('JSON services answer UnknownOperationException', async () => {
    const server = await serve({ services: [createSsm()] })
    for (const target of ['AmazonSSM.Frobnicate', 'AmazonSSM.constructor', 'Nobody.GetParameter', 'GetParameter']) {
      const { status, body } = await postJson(server, 'ssm', target, '{}')
      expect(status).toBe(400)
      expect(JSON.parse(body)).toEqual({ __type: 'UnknownOperationException' })
    }
  })

  test('says so where AWS has it and the rehearsal has not', async () => {
    const server = await serve({ services: [createSsm(), createSts()] })
    const json = await postJson(server, 'ssm', 'AmazonSSM.DescribeParameters', '{}')
    expect(JSON.parse(json.body)).toEqual({
      __type: 'UnknownOperationException',
      message: 'The rehearsal cloud does not serve the operation DescribeParameters.',
    })
    const query = await postQuery(server, 'sts', { Action: 'AssumeRole', Version: '2011-06-15' })
    expect(query.body).toContain('<Code>InvalidAction</Code><Message>The rehearsal cloud does not serve')
  })

  test('a version or a service that nobody serves answers as a query', async () => {
    const server = await serve({ services: [createSts()] })
    const version = await postQuery(server, 'sts', { Action: 'GetCallerIdentity', Version: '2001-01-01' })
    expect(version.body).toContain('Could not find operation GetCallerIdentity for version 2001-01-01')
    const none = await postQuery(server, 'cloudformation', { Action: 'DescribeStacks', Version: '2010-05-15' })
    expect(none.body).toContain('Could not find operation DescribeStacks for version 2010-05-15')
    const nothing = await postQuery(server, 'sts', {})
    expect(nothing.body).toContain('<Code>MissingAction</Code>')
  })
})

describe('a signature', () => {
  const action = { Action: 'GetCallerIdentity', Version: '2011-06-15' }
  const complete = authorization('sts')

  test('that is missing is asked for, in the words of each protocol', async () => {
    const server = await serve({ services: [createSts(), createSsm(), ec2Service()] })
    const post = (headers: Record<string, string>, body: string): Promise<Response> =>
      fetch(server.url, { method: 'POST', headers, body })
    const query = await post({}, new URLSearchParams(action).toString())
    expect(query.status).toBe(403)
    expect(await query.text()).toContain('<Code>MissingAuthenticationToken</Code>')
    const onEc2 = await post({}, 'Action=DescribeInstances&Version=2016-11-15')
    expect(onEc2.status).toBe(403)
    expect(await onEc2.text()).toContain('<Response><Errors><Error><Code>MissingAuthenticationToken</Code>')
    const json = await post(
      { 'x-amz-target': 'AmazonSSM.GetParameter', 'content-type': 'application/x-amz-json-1.1' },
      '{}',
    )
    expect(json.status).toBe(403)
    expect(await json.json()).toMatchObject({ __type: 'MissingAuthenticationTokenException' })
  })

  test.each([
    ['without a credential', complete.replace('Credential=', 'Cred='), "requires 'Credential' parameter."],
    ['without a signature', complete.replace(/, Signature=.*/, ''), "requires 'Signature' parameter."],
    ['without its headers', complete.replace('SignedHeaders', 'Headers'), "requires 'SignedHeaders' parameter."],
    ['with a short scope', complete.replace('/us-west-2', ''), 'exactly 5 slash-delimited elements'],
    ['with another end of its scope', complete.replace('aws4_request', 'aws5_request'), 'valid terminator'],
    ['with an odd date in its scope', complete.replace('20310506', '2031'), 'of the form YYYYMMDD'],
    ['that is no signature', complete.replace('a'.repeat(64), 'zzz'), '64 hexadecimal digits'],
    ['of another scheme', 'Bearer secret-token', 'Unsupported scheme'],
  ])('%s is incomplete', async (_name, header, words) => {
    const server = await serve({ services: [createSts()] })
    const { status, body } = await postQuery(server, 'sts', action, { authorization: header })
    expect(status).toBe(400)
    expect(body).toContain('<Code>IncompleteSignature</Code>')
    expect(body.replaceAll('&quot;', '"')).toContain(words)
    expect(body).not.toContain('secret-token')
  })

  test('without a date is incomplete', async () => {
    const server = await serve({ services: [createSts()] })
    const response = await fetch(server.url, {
      method: 'POST',
      headers: { authorization: complete },
      body: new URLSearchParams(action).toString(),
    })
    expect(await response.text()).toContain("existence of either a 'X-Amz-Date' or a 'Date' header")
  })

  test('for another service does not match', async () => {
    const server = await serve({ services: [createSts(), createSsm()] })
    const query = await postQuery(server, 'iam', action)
    expect(query.status).toBe(403)
    expect(query.body).toContain('<Code>SignatureDoesNotMatch</Code>')
    const json = await postJson(server, 'sts', 'AmazonSSM.GetParameter', '{"Name":"n"}')
    expect(json.status).toBe(403)
    expect(JSON.parse(json.body)).toMatchObject({ __type: 'InvalidSignatureException' })
  })

  test('may stand in the query string, as in presigned requests', async () => {
    const server = await serve({ services: [createSts()] })
    const presigned = new URLSearchParams({
      ...action,
      'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
      'X-Amz-Credential': 'AKIAREHEARSAL0000000/20310506/us-west-2/sts/aws4_request',
      'X-Amz-Date': '20310506T070809Z',
      'X-Amz-SignedHeaders': 'host',
      'X-Amz-Signature': 'b'.repeat(64),
    })
    const response = await fetch(`${server.url}/?${presigned.toString()}`)
    expect(response.status).toBe(200)
    expect(await response.text()).toContain('<Arn>arn:aws:iam::123456789012:user/rehearsal</Arn>')
    presigned.delete('X-Amz-Signature')
    expect(await (await fetch(`${server.url}/?${presigned.toString()}`)).text()).toContain('IncompleteSignature')
  })
})

describe('a body', () => {
  test('over the bound is refused, plain or compressed', async () => {
    const server = await serve({ services: [createSsm(), createSts()] })
    const large = `{"Name":"${'x'.repeat(maximumBody)}"}`
    const plain = await postJson(server, 'ssm', 'AmazonSSM.GetParameter', large)
    expect(plain.status).toBe(413)
    expect(JSON.parse(plain.body)).toMatchObject({ __type: 'RequestEntityTooLargeException' })
    const small = new Uint8Array(gzipSync(large))
    const gzip = { 'content-encoding': 'gzip' }
    expect((await postJson(server, 'ssm', 'AmazonSSM.GetParameter', small, gzip)).status).toBe(413)
  })

  test('may be compressed, and is refused when it says so and is not', async () => {
    const server = await serve({ services: [createSsm()] })
    const gzip = { 'content-encoding': 'gzip' }
    const body = new Uint8Array(gzipSync('{"Name":"n"}'))
    const good = await postJson(server, 'ssm', 'AmazonSSM.GetParameter', body, gzip)
    expect(JSON.parse(good.body)).toEqual({ __type: 'ParameterNotFound' })
    const bad = await postJson(server, 'ssm', 'AmazonSSM.GetParameter', '{"Name":"n"}', gzip)
    expect(JSON.parse(bad.body)).toMatchObject({ __type: 'SerializationException' })
  })
})

test('a service is reached over its older protocol too', async () => {
  const alarms = [{ AlarmName: 'errors', StateValue: 'OK' as const, AlarmActions: [] }]
  const seen: unknown[] = []
  const service = cloudWatchService({
    DescribeAlarms: (input: unknown) => {
      seen.push(input)
      return { MetricAlarms: alarms }
    },
  })
  const server = await serve({ services: [service] })
  const { status, body } = await postQuery(server, 'monitoring', {
    Action: 'DescribeAlarms',
    Version: '2010-08-01',
    'AlarmNames.member.1': 'errors',
  })
  expect(status).toBe(200)
  expect(body).toContain(
    '<DescribeAlarmsResponse xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/"><DescribeAlarmsResult><MetricAlarms>' +
      '<member><AlarmName>errors</AlarmName><AlarmActions></AlarmActions><StateValue>OK</StateValue></member>',
  )
  const client = new CloudWatchClient(clientConfig(server))
  expect((await client.send(new DescribeAlarmsCommand({ AlarmNames: ['errors'] }))).MetricAlarms).toEqual(alarms)
  expect(seen).toEqual([{ AlarmNames: ['errors'] }, { AlarmNames: ['errors'] }])
})

test('an empty list is carried where AWS Query has one', async () => {
  const seen: unknown[] = []
  const service = autoScalingService({
    DescribeAutoScalingGroups: (input: unknown) => {
      seen.push(input)
      return { AutoScalingGroups: [] }
    },
  })
  const client = new AutoScalingClient(clientConfig(await serve({ services: [service] })))
  const { AutoScalingGroups } = await client.send(new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [] }))
  expect(seen).toEqual([{ AutoScalingGroupNames: [] }])
  expect(AutoScalingGroups).toEqual([])
})
