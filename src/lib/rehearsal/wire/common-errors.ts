import { type Service, ServiceError } from './service.js'

/** Refusals that are not of one operation but of AWS's front door. */
export type CommonRefusal =
  | 'missing-token'
  | 'wrong-scope'
  | 'incomplete-signature'
  | 'expired'
  | 'denied'
  | 'throttled'
  | 'internal'
  | 'unavailable'
  | 'too-large'

/** Code, status and message; the JSON services say them under names of their own, and EC2 under its own again. */
interface Wording {
  readonly query: readonly [code: string, status: number, message: string]
  readonly ec2?: readonly [code: string, status: number, message: string]
  readonly json: readonly [code: string, status: number, message: string]
}

// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/CommonErrors.html,
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html,
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/CommonErrors.html
const wordings: Readonly<Record<CommonRefusal, Wording>> = {
  'missing-token': {
    query: ['MissingAuthenticationToken', 403, 'Request is missing Authentication Token'],
    json: ['MissingAuthenticationTokenException', 403, 'Missing Authentication Token'],
  },
  'incomplete-signature': {
    query: ['IncompleteSignature', 400, 'The request signature does not conform to AWS standards.'],
    json: ['IncompleteSignatureException', 400, 'The request signature does not conform to AWS standards.'],
  },
  'wrong-scope': {
    query: ['SignatureDoesNotMatch', 403, 'Credential should be scoped to correct service.'],
    json: ['InvalidSignatureException', 403, 'Credential should be scoped to correct service.'],
  },
  expired: {
    query: ['ExpiredToken', 403, 'The security token included in the request is expired'],
    ec2: ['RequestExpired', 400, 'Request has expired.'],
    json: ['ExpiredTokenException', 400, 'The security token included in the request is expired'],
  },
  denied: {
    query: ['AccessDenied', 403, 'User is not authorized to perform this action'],
    ec2: ['UnauthorizedOperation', 403, 'You are not authorized to perform this operation.'],
    json: ['AccessDeniedException', 400, 'User is not authorized to perform this action'],
  },
  throttled: {
    query: ['Throttling', 400, 'Rate exceeded'],
    ec2: ['RequestLimitExceeded', 503, 'Request limit exceeded.'],
    json: ['ThrottlingException', 400, 'Rate exceeded'],
  },
  internal: {
    query: ['InternalFailure', 500, 'An internal failure occurred.'],
    ec2: ['InternalError', 500, 'An internal error has occurred'],
    json: ['InternalServerError', 500, 'An internal server error occurred.'],
  },
  unavailable: {
    query: ['ServiceUnavailable', 503, 'Service is unavailable.'],
    ec2: ['Unavailable', 503, 'The service is unavailable. Please try again shortly.'],
    json: ['ServiceUnavailableException', 503, 'Service is unavailable.'],
  },
  'too-large': {
    query: ['RequestEntityTooLarge', 413, 'Request size exceeded the limit.'],
    json: ['RequestEntityTooLargeException', 413, 'Request size exceeded the limit.'],
  },
}

/** True for AWS JSON 1.0 and 1.1, and JSON by REST. */
export function isJson(protocol: Service['protocol']): boolean {
  return protocol === 'awsJson1_0' || protocol === 'awsJson1_1' || protocol === 'restJson1'
}

/** The refusal as services of that protocol word it; `message` replaces the usual one. */
export function commonError(protocol: Service['protocol'], refusal: CommonRefusal, message?: string): ServiceError {
  const wording = wordings[refusal]
  const usual = isJson(protocol)
    ? wording.json
    : protocol === 'ec2Query'
      ? (wording.ec2 ?? wording.query)
      : wording.query
  const [code, status, words] = usual
  return new ServiceError(code, message ?? words, { status })
}

/** The refusal of an operation that the service has not, or that the rehearsal does not serve. */
export function unknownOperation(
  service: Pick<Service, 'protocol' | 'target'>,
  operation: string,
  knownToAws: boolean,
): ServiceError {
  const unserved = `The rehearsal cloud does not serve the operation ${operation}.`
  if (isJson(service.protocol)) return new ServiceError('UnknownOperationException', knownToAws ? unserved : '')
  const words =
    service.protocol === 'ec2Query'
      ? `The action ${operation} is not valid for this web service.`
      : `Could not find operation ${operation} for version ${service.target}`
  return new ServiceError('InvalidAction', knownToAws ? unserved : words)
}
