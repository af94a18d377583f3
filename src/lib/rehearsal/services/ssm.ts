import * as sdk from '@aws-sdk/client-ssm'
import { createHash } from 'node:crypto'
import { paginate } from '../wire/pagination.js'
import { type RequestContext, type Service, ServiceError } from '../wire/service.js'
import { runCommandHandlers } from './ssm-commands.js'
import { type Version, checkMembers, newName, parentPath, tierOf, validName } from './ssm-rules.js'
import { partitionOf } from './sts.js'
import type { World } from '../world/world.js'

/** Versions of a parameter that AWS keeps. */
const keptVersions = 100

/**
 * SSM's Parameter Store: what reads, writes, lists and deletes parameters, with a store of its own for each region;
 * and Run Command where there is a world with instances.
 * https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
 */
export function createSsm(world?: World): Service {
  const parameters = new Map<string, readonly Version[]>()

  function get(input: sdk.GetParameterRequest, context: RequestContext): sdk.GetParameterResult {
    const { name, selector } = parseReference(input.Name ?? '', context)
    const versions = parameters.get(keyOf(name, context)) ?? publicParameter(name)
    if (versions === undefined) throw notFound()
    const version = selector === undefined ? versions.at(-1) : versions.find((one) => String(one.number) === selector)
    if (version === undefined)
      throw new ServiceError(
        'ParameterVersionNotFound',
        `Systems Manager could not find version ${selector} of ${name}. Verify the version and try again.`,
      )
    return {
      Parameter: {
        ...describe(name, version, input.WithDecryption, context),
        ...(selector === undefined ? {} : { Selector: `:${selector}` }),
      },
    }
  }

  function list(input: sdk.GetParametersByPathRequest, context: RequestContext): sdk.GetParametersByPathResult {
    const path = parentPath(input.Path ?? '')
    const region = keyOf('', context)
    const items = [...parameters]
      .flatMap(([key, versions]) => {
        const name = key.startsWith(region) ? key.slice(region.length) : ''
        const last = versions.at(-1)
        const below = name.startsWith(path) && (input.Recursive === true || !name.slice(path.length).includes('/'))
        return below && last !== undefined ? [describe(name, last, input.WithDecryption, context)] : []
      })
      .toSorted((a, b) => ((a.Name ?? '') < (b.Name ?? '') ? -1 : 1))
    const page = paginate(wire, {
      operation: 'GetParametersByPath',
      items,
      limit: input.MaxResults ?? 10,
      token: input.NextToken,
      keyOf: ({ Name }) => Name ?? '',
      boundTo: [path, input.Recursive],
    })
    return { Parameters: [...page.items], NextToken: page.nextToken }
  }

  function history(input: sdk.GetParameterHistoryRequest, context: RequestContext): sdk.GetParameterHistoryResult {
    const { name } = parseReference(input.Name ?? '', context)
    const versions = parameters.get(keyOf(name, context))
    if (versions === undefined) throw notFound()
    const page = paginate(wire, {
      operation: 'GetParameterHistory',
      items: versions,
      limit: input.MaxResults ?? 50,
      token: input.NextToken,
      keyOf: ({ number }) => String(number),
      boundTo: name,
    })
    return {
      Parameters: page.items.map((version) => {
        const { ARN: _arn, ...rest } = describe(name, version, input.WithDecryption, context)
        return { ...rest, LastModifiedUser: version.by, Tier: version.tier, Labels: [], Policies: [] }
      }),
      NextToken: page.nextToken,
    }
  }

  function put(input: sdk.PutParameterRequest, context: RequestContext): sdk.PutParameterResult {
    const name = newName(input.Name ?? '')
    const value = input.Value ?? ''
    checkMembers(input, value)
    const key = keyOf(name, context)
    const versions = parameters.get(key) ?? []
    const current = versions.at(-1)
    if (current !== undefined && input.Overwrite !== true) throw alreadyExists()
    const type = input.Type ?? current?.type
    if (type === undefined)
      throw new ServiceError('ValidationException', 'A parameter type is required when you create a parameter.')
    if (current !== undefined && current.type !== type && name.startsWith('/'))
      throw new ServiceError(
        'HierarchyTypeMismatchException',
        `The parameter's type can not change from ${current.type} to ${type}. Create a parameter of another name.`,
      )
    const version: Version = {
      number: (current?.number ?? 0) + 1,
      type,
      value,
      tier: tierOf(input, value, current),
      dataType: input.DataType ?? current?.dataType ?? 'text',
      modified: new Date(context.now),
      by: `arn:${partitionOf(context.region)}:iam::${context.accountId}:user/rehearsal`,
    }
    parameters.set(key, [...versions, version].slice(-keptVersions))
    return { Version: version.number, Tier: version.tier }
  }

  function remove(input: sdk.DeleteParameterRequest, context: RequestContext): sdk.DeleteParameterResult {
    if (!parameters.delete(keyOf(parseReference(input.Name ?? '', context).name, context))) throw notFound()
    return {}
  }

  const handlers = {
    GetParameter: get,
    GetParametersByPath: list,
    GetParameterHistory: history,
    PutParameter: put,
    DeleteParameter: remove,
    ...(world !== undefined && runCommandHandlers(world)),
  }
  return { ...wire, target: 'AmazonSSM', sdk, handlers }
}

const wire = { signingName: 'ssm', protocol: 'awsJson1_1' } as const

function describe(
  name: string,
  version: Version,
  decrypted: boolean | undefined,
  context: RequestContext,
): sdk.Parameter {
  const sealed = version.type === 'SecureString' && decrypted !== true
  return {
    Name: name,
    Type: version.type,
    Value: sealed ? ciphertext(name, version) : version.value,
    Version: version.number,
    LastModifiedDate: version.modified,
    ARN: arnPrefix(context) + name.replace(/^\//, ''),
    DataType: version.dataType,
  }
}

/** Parameters of AWS itself, which every account can read: the newest Amazon Linux. */
// https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters-ami.html
function publicParameter(name: string): readonly Version[] | undefined {
  if (!/^\/aws\/service\/ami-amazon-linux-latest\/al2023-ami-[\w.-]+-(?:x86_64|arm64)$/.test(name)) return undefined
  const value = `ami-0${createHash('sha256').update(name).digest('hex').slice(0, 16)}`
  const modified = new Date(Date.UTC(2026, 9, 14))
  return [{ number: 1, type: 'String', value, tier: 'Standard', dataType: 'text', modified, by: 'amazon' }]
}

const keyOf = (name: string, context: RequestContext): string => `${context.region} ${name}`

/** AWS sends this one without words. */
const notFound = (): ServiceError => new ServiceError('ParameterNotFound', '')

const alreadyExists = (): ServiceError =>
  new ServiceError(
    'ParameterAlreadyExists',
    'The parameter already exists. To overwrite this value, set the overwrite option in the request to true.',
  )

/** A name, an ARN or either with `:version` behind it. */
function parseReference(given: string, context: RequestContext): { name: string; selector: string | undefined } {
  const prefix = arnPrefix(context)
  const local = given.startsWith(prefix) ? `/${given.slice(prefix.length)}` : given
  const [name = '', selector] = local.split(':')
  return { name: validName(name), selector }
}

function arnPrefix({ region, accountId }: RequestContext): string {
  return `arn:${partitionOf(region)}:ssm:${region}:${accountId}:parameter/`
}

/** What stands for the encrypted value: of a KMS ciphertext's look, and made from nothing of the value. */
function ciphertext(name: string, version: Version): string {
  const bytes = createHash('sha512').update(`${name}:${version.number}`).digest()
  return Buffer.concat([Buffer.from('010200', 'hex'), bytes, bytes.subarray(0, 32)]).toString('base64')
}
