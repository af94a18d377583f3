import type { Service } from './service.js'
import { ServiceError } from './service.js'

/** A member that a request may not have so. `path` is as the service names members: `desiredConfiguration.version`. */
export interface Violation {
  readonly path: string
  /** The value as it stood in the request; absent when there was none. */
  readonly value?: string
  /** What AWS says of it, e.g. `Member must not be null`. */
  readonly constraint: string
}

/** The code under which a service refuses a request whose members do not satisfy its model. */
function validationCode(service: Pick<Service, 'protocol' | 'signingName'>): string {
  if (service.protocol === 'awsQuery' || service.signingName === 'monitoring') return 'ValidationError'
  if (service.protocol === 'ec2Query') return 'InvalidParameterValue'
  return ['ecr', 'ecs', 'logs'].includes(service.signingName) ? 'InvalidParameterException' : 'ValidationException'
}

/** The refusal of a request in the words of the service: all violations at once, as AWS counts them. */
export function validationError(
  service: Pick<Service, 'protocol' | 'signingName'>,
  violations: readonly Violation[],
): ServiceError {
  const count = `${violations.length} validation error${violations.length === 1 ? '' : 's'} detected: `
  const list = violations.map(({ path, value, constraint }) => {
    const shown = value === undefined ? 'null' : `'${value}'`
    return `Value ${shown} at '${path}' failed to satisfy constraint: ${constraint}`
  })
  return new ServiceError(validationCode(service), count + list.join('; '))
}

/** The refusal of a request that lacks required members. */
export function missingMembers(service: Service, paths: readonly string[]): ServiceError {
  // EC2 names the first one only: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
  if (service.protocol === 'ec2Query')
    return new ServiceError('MissingParameter', `The request must contain the parameter ${paths[0]}`)
  return validationError(
    service,
    paths.map((path) => ({ path, constraint: 'Member must not be null' })),
  )
}

/** The refusal of an EC2 parameter whose value can not be read as its type. */
export function invalidParameter(key: string, value: string, expected: string): ServiceError {
  return new ServiceError(
    'InvalidParameterValue',
    `Value (${value}) for parameter ${key} is invalid. Expected ${expected}.`,
  )
}

/** The refusal of a query request whose text can not be read as the member's type. */
export function malformedInput(message: string): ServiceError {
  return new ServiceError('MalformedInput', message)
}

/** The refusal of a JSON request whose text can not be read as the operation's input. */
export function serializationFailure(message: string): ServiceError {
  return new ServiceError('SerializationException', message)
}

/** A member's name as AWS's validation messages write it. */
export const lowerFirst = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1)
