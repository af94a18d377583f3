import { CreateSecretCommand, DeleteSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { DescribeTasksCommand, RegisterTaskDefinitionCommand, RunTaskCommand } from '@aws-sdk/client-ecs'
import { expect, onTestFinished, test } from 'vitest'
import { cluster, openEcs } from '../ecs/support.js'

/** A cloud with a secret that holds `{"key":"one"}`, and what becomes of a task that takes that of it. */
async function withSecret() {
  const cloud = await openEcs()
  const client = new SecretsManagerClient(cloud.settings)
  onTestFinished(() => client.destroy())
  const { ARN = '' } = await client.send(new CreateSecretCommand({ Name: 'shop/api', SecretString: '{"key":"one"}' }))
  const start = async (valueFrom: string) => {
    const { taskDefinition } = await cloud.ecs.send(
      new RegisterTaskDefinitionCommand({
        family: 'one-off',
        cpu: '256',
        memory: '512',
        networkMode: 'awsvpc',
        requiresCompatibilities: ['FARGATE'],
        executionRoleArn: 'arn:aws:iam::123456789012:role/execution',
        containerDefinitions: [
          { name: 'app', image: 'docker.io/library/app:1', secrets: [{ name: 'KEY', valueFrom }] },
        ],
      }),
    )
    const { tasks } = await cloud.ecs.send(
      new RunTaskCommand({
        cluster,
        taskDefinition: taskDefinition?.taskDefinitionArn,
        launchType: 'FARGATE',
        networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-0a'], assignPublicIp: 'ENABLED' } },
      }),
    )
    cloud.wait(60)
    const found = await cloud.ecs.send(new DescribeTasksCommand({ cluster, tasks: [tasks?.[0]?.taskArn ?? ''] }))
    return found.tasks?.[0]
  }
  return { ARN, client, start }
}

const unable = 'ResourceInitializationError: unable to pull secrets or registry auth: '

test('a task whose secrets are there runs: by ARN, without its last characters, by key, stage and version', async () => {
  const { ARN, start } = await withSecret()
  for (const suffix of ['', ':key::', ':key:AWSCURRENT:', '::AWSCURRENT:']) {
    // oxlint-disable-next-line no-await-in-loop
    expect({ suffix, status: (await start(`${ARN}${suffix}`))?.lastStatus }).toEqual({ suffix, status: 'RUNNING' })
  }
  expect((await start(ARN.slice(0, -7)))?.lastStatus).toBe('RUNNING')
})

test('a secret, key or version that is not there stops the task with the words of the agent', async () => {
  const { ARN, client, start } = await withSecret()
  const cases = [
    [
      ARN.replace('shop/api', 'shop/none'),
      "ResourceNotFoundException: Secrets Manager can't find the specified secret.",
    ],
    [`${ARN}:other::`, 'retrieved secret from Secrets Manager did not contain json key other'],
    [`${ARN}::AWSPREVIOUS:`, 'secret value for staging label: AWSPREVIOUS'],
  ] as const
  for (const [valueFrom, words] of cases) {
    // oxlint-disable-next-line no-await-in-loop
    const task = await start(valueFrom)
    expect(task).toMatchObject({ lastStatus: 'STOPPED', stopCode: 'TaskFailedToStart' })
    expect(task?.stoppedReason).toContain(unable)
    expect(task?.stoppedReason).toContain(words)
    expect(task?.stoppedReason).not.toContain('one"')
  }
  await client.send(new DeleteSecretCommand({ SecretId: ARN }))
  expect((await start(ARN))?.stoppedReason).toContain('it was marked for deletion')
})
