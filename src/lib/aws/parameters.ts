import {
  DeleteParameterCommand,
  GetParameterCommand,
  ParameterAlreadyExists,
  ParameterNotFound,
  PutParameterCommand,
  SSMClient,
  paginateGetParameterHistory,
  paginateGetParametersByPath,
  type Parameter as SsmParameter,
  type ParameterHistory,
} from '@aws-sdk/client-ssm'
import type { Parameter, Parameters } from '../ports/parameters.js'
import { call } from './failure.js'
import { clientSettings, counted, type ClientOptions } from './options.js'

function parameterOf(from: SsmParameter | ParameterHistory): Parameter {
  const by = 'LastModifiedUser' in from ? from.LastModifiedUser : undefined
  return {
    name: from.Name ?? '',
    value: from.Value ?? '',
    version: from.Version ?? 0,
    modifiedAt: from.LastModifiedDate?.getTime() ?? 0,
    ...(by !== undefined && { modifiedBy: by }),
  }
}

/** The Parameters port on SSM's Parameter Store, in its standard tier: at most 4096 bytes a value, and no charge. */
export function createParameters(options: ClientOptions): Parameters {
  const client = counted(new SSMClient(clientSettings(options)), options)
  const read = async (name: string): Promise<Parameter | undefined> => {
    try {
      const answer = await client.send(new GetParameterCommand({ Name: name }))
      return answer.Parameter && parameterOf(answer.Parameter)
    } catch (error) {
      if (error instanceof ParameterNotFound) return undefined
      throw error
    }
  }
  const put = (name: string, value: string, overwrite: boolean): Promise<unknown> =>
    client.send(new PutParameterCommand({ Name: name, Value: value, Type: 'String', Overwrite: overwrite }))
  return {
    get: (name) => call('ssm:GetParameter', () => read(name)),
    list: (path) =>
      call('ssm:GetParametersByPath', async () => {
        const found: Parameter[] = []
        // Pages may be empty and still not be the last.
        for await (const page of paginateGetParametersByPath({ client }, { Path: path, MaxResults: 10 })) {
          found.push(...(page.Parameters ?? []).map(parameterOf))
        }
        return found.toSorted((a, b) => (a.name < b.name ? -1 : 1))
      }),
    create: (name, value) =>
      call('ssm:PutParameter', async () => {
        try {
          await put(name, value, false)
          return true
        } catch (error) {
          if (!(error instanceof ParameterAlreadyExists)) throw error
          // The SDK may have asked twice, and the first time may have been heard: then what is there is ours.
          return (await read(name))?.value === value
        }
      }),
    put: (name, value) =>
      call('ssm:PutParameter', async () => {
        await put(name, value, true)
      }),
    remove: (name) =>
      call('ssm:DeleteParameter', async () => {
        try {
          await client.send(new DeleteParameterCommand({ Name: name }))
        } catch (error) {
          if (!(error instanceof ParameterNotFound)) throw error
        }
      }),
    history: (name) =>
      call('ssm:GetParameterHistory', async () => {
        const found: Parameter[] = []
        try {
          for await (const page of paginateGetParameterHistory({ client }, { Name: name, MaxResults: 50 })) {
            found.push(...(page.Parameters ?? []).map(parameterOf))
          }
        } catch (error) {
          if (!(error instanceof ParameterNotFound)) throw error
        }
        return found
      }),
  }
}
