import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretVersionIdsCommand,
  paginateListSecrets,
  PutSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
  type DescribeSecretResponse,
  type SecretListEntry,
} from '@aws-sdk/client-secrets-manager'
import type { SecretFacts } from '../domain/secret.js'
import type { Secrets, SecretValue } from '../ports/secrets.js'
import { call, errorCode } from './failure.js'
import { clientSettings, counted, type ClientOptions } from './options.js'

const inputOf = (value: SecretValue): { SecretString: string } | { SecretBinary: Uint8Array } =>
  'text' in value ? { SecretString: value.text } : { SecretBinary: value.bytes }

/** The Secrets port on Secrets Manager. */
export function createSecrets(options: ClientOptions): Secrets {
  const client = counted(new SecretsManagerClient(clientSettings(options)), options)

  async function factsOf(from: DescribeSecretResponse | SecretListEntry): Promise<SecretFacts> {
    const { ARN: arn = '', Name: name = '', KmsKeyId: key, DeletedDate, RotationEnabled, RotationRules } = from
    const { Versions = [] } = await client.send(new ListSecretVersionIdsCommand({ SecretId: arn, MaxResults: 100 }))
    const next = from.NextRotationDate?.getTime()
    const days = RotationRules?.AutomaticallyAfterDays
    return {
      name,
      arn,
      ...(key !== undefined && { key }),
      ...(DeletedDate !== undefined && { deletionAt: DeletedDate.getTime() }),
      ...(RotationEnabled === true && {
        rotation: { ...(days !== undefined && { days }), ...(next !== undefined && { nextAt: next }) },
      }),
      versions: Versions.map(({ VersionId = '', VersionStages = [], CreatedDate }) => ({
        id: VersionId,
        stages: VersionStages.toSorted(),
        createdAt: CreatedDate?.getTime() ?? 0,
      })).toSorted((a, b) => b.createdAt - a.createdAt),
    }
  }

  return {
    describe: (id) =>
      call('secretsmanager:DescribeSecret', async () => {
        try {
          return await factsOf(await client.send(new DescribeSecretCommand({ SecretId: id })))
        } catch (error) {
          if (error instanceof ResourceNotFoundException) return undefined
          throw error
        }
      }),
    read: (id) =>
      call('secretsmanager:GetSecretValue', async () => {
        try {
          const answer = await client.send(new GetSecretValueCommand({ SecretId: id }))
          const version = answer.VersionId ?? ''
          if (answer.SecretString !== undefined) return { value: { text: answer.SecretString }, version }
          return { value: { bytes: answer.SecretBinary ?? new Uint8Array() }, version }
        } catch (error) {
          // The other one says that it is marked for deletion.
          if (error instanceof ResourceNotFoundException || errorCode(error) === 'InvalidRequest') return undefined
          throw error
        }
      }),
    list: (prefix) =>
      call('secretsmanager:ListSecrets', async () => {
        const found: SecretListEntry[] = []
        const input = { Filters: [{ Key: 'name' as const, Values: [prefix] }], IncludePlannedDeletion: true }
        for await (const page of paginateListSecrets({ client }, input)) found.push(...(page.SecretList ?? []))
        const facts: SecretFacts[] = []
        // One after the other: Secrets Manager throttles fifty questions at once.
        // oxlint-disable-next-line no-await-in-loop
        for (const entry of found) facts.push(await factsOf(entry))
        return facts.toSorted((a, b) => (a.name < b.name ? -1 : 1))
      }),
    create: ({ name, value, description, key, tags }) =>
      call('secretsmanager:CreateSecret', async () => {
        // The SDK sends a request token with it, so that an answer that is lost makes no second version.
        const { ARN = '', VersionId = '' } = await client.send(
          new CreateSecretCommand({
            Name: name,
            Description: description,
            ...inputOf(value),
            ...(key !== undefined && { KmsKeyId: key }),
            Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
          }),
        )
        return { arn: ARN, version: VersionId }
      }),
    put: (id, value) =>
      call('secretsmanager:PutSecretValue', async () => {
        const { VersionId = '' } = await client.send(new PutSecretValueCommand({ SecretId: id, ...inputOf(value) }))
        return VersionId
      }),
  }
}
