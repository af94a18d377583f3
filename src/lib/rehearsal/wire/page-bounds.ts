import { type Service, ServiceError } from './service.js'
import { lowerFirst, validationError } from './validation.js'

interface Bounds {
  /** The member of the input that asks for a size. */
  readonly member: string
  readonly least: number
  readonly most: number
}

/** The sizes of a page that AWS allows. The SDK's schemas have no ranges; these are of the API references. */
const bounds: Readonly<Record<string, Bounds>> = {
  DescribeAutoScalingGroups: { member: 'MaxRecords', least: 1, most: 100 },
  DescribeScalingActivities: { member: 'MaxRecords', least: 1, most: 100 },
  DescribeInstanceRefreshes: { member: 'MaxRecords', least: 1, most: 100 },
  DescribeLaunchTemplates: { member: 'MaxResults', least: 1, most: 200 },
  DescribeLaunchTemplateVersions: { member: 'MaxResults', least: 1, most: 200 },
  DescribeInstances: { member: 'MaxResults', least: 5, most: 1000 },
  DescribeTargetGroups: { member: 'PageSize', least: 1, most: 400 },
  DescribeLoadBalancers: { member: 'PageSize', least: 1, most: 400 },
  DescribeLogStreams: { member: 'limit', least: 1, most: 50 },
  FilterLogEvents: { member: 'limit', least: 1, most: 10_000 },
  ListClusters: { member: 'maxResults', least: 1, most: 100 },
  ListServices: { member: 'maxResults', least: 1, most: 100 },
  ListTasks: { member: 'maxResults', least: 1, most: 100 },
  ListTaskDefinitions: { member: 'maxResults', least: 1, most: 100 },
  ListTaskDefinitionFamilies: { member: 'maxResults', least: 1, most: 100 },
  ListServiceDeployments: { member: 'maxResults', least: 1, most: 100 },
  GetParametersByPath: { member: 'MaxResults', least: 1, most: 10 },
  GetParameterHistory: { member: 'MaxResults', least: 1, most: 50 },
  ListCommandInvocations: { member: 'MaxResults', least: 1, most: 50 },
  DescribeInstanceInformation: { member: 'MaxResults', least: 5, most: 50 },
  DescribeScalableTargets: { member: 'MaxResults', least: 1, most: 50 },
  DescribeScalingPolicies: { member: 'MaxResults', least: 1, most: 50 },
  ListSecrets: { member: 'MaxResults', least: 1, most: 100 },
  ListSecretVersionIds: { member: 'MaxResults', least: 1, most: 100 },
  BatchGetSecretValue: { member: 'MaxResults', least: 1, most: 20 },
  GetProducts: { member: 'MaxResults', least: 1, most: 100 },
  DescribeServices: { member: 'MaxResults', least: 1, most: 100 },
  DescribeAlarms: { member: 'MaxRecords', least: 1, most: 100 },
}

/** Refuses a page size that AWS does not allow for that operation, in the service's own words. */
export function checkPageSize(
  service: Pick<Service, 'protocol' | 'signingName'>,
  operation: string,
  limit: number,
): void {
  const bound = Object.hasOwn(bounds, operation) ? bounds[operation] : undefined
  if (bound === undefined) return
  const { least, most } = bound
  const path = lowerFirst(bound.member)
  if (limit >= least && limit <= most) return
  const [comparison, edge] = limit < least ? ['greater', least] : ['less', most]
  if (service.protocol === 'ec2Query')
    throw new ServiceError(
      'InvalidParameterValue',
      `Value ( ${limit} ) for parameter ${path} is invalid. Expecting a value ${comparison} than ${edge}.`,
    )
  const constraint = `Member must have value ${comparison} than or equal to ${edge}`
  throw validationError(service, [{ path, value: String(limit), constraint }])
}
