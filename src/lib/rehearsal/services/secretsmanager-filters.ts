import type * as sdk from '@aws-sdk/client-secrets-manager'
import { ServiceError } from '../wire/service.js'
import type { StoredSecret } from '../world/secrets.js'

/**
 * True when the secret passes every filter: one of its values, as a prefix, or none of them that has a `!` before it.
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Filter.html
 */
export function matchesFilters(secret: StoredSecret, filters: readonly sdk.Filter[]): boolean {
  return filters.every(({ Key: key, Values: values = [] }) => {
    const fields = fieldsOf(secret, key)
    return values.some((value) =>
      value.startsWith('!') ? !begins(fields, value.slice(1), key) : begins(fields, value, key),
    )
  })
}

// Names and tags are compared as they are written, all else by lower case.
function begins(fields: readonly string[], prefix: string, key: sdk.Filter['Key']): boolean {
  if (key === 'name' || key === 'tag-key' || key === 'tag-value')
    return fields.some((field) => field.startsWith(prefix))
  const wanted = prefix.toLowerCase()
  return fields.some((field) =>
    field
      .toLowerCase()
      .split(/[\s/_+=.@!-]+/)
      .some((word) => word.startsWith(wanted)),
  )
}

function fieldsOf(secret: StoredSecret, key: sdk.Filter['Key']): readonly string[] {
  const { name, description = '', tags } = secret
  switch (key) {
    case 'name':
      return [name]
    case 'description':
      return [description]
    case 'tag-key':
      return [...tags.keys()]
    case 'tag-value':
      return [...tags.values()]
    case 'all':
      return [name, description, ...tags.keys(), ...tags.values()]
    case 'primary-region':
    case 'owning-service':
      return []
    case undefined:
      throw new ServiceError('ValidationException', "1 validation error detected: Value null at 'filters.1.member.key'")
  }
  throw new ServiceError('ValidationException', 'Filter key is not one of those of Secrets Manager.')
}
