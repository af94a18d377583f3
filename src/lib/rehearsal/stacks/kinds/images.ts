import { ServiceError } from '../../wire/service.js'
import { isObject, type Properties } from '../template.js'
import { arnOf, camel, generatedName, list, map, tagsOf, text, type Kind, type Place } from '../kind.js'

interface Described {
  readonly repositoryArn: string
  readonly repositoryUri: string
}

const made = (repositoryName: string, { repositoryArn, repositoryUri }: Described) => ({
  physicalId: repositoryName,
  attributes: { Arn: repositoryArn, RepositoryUri: repositoryUri },
})

function settle(place: Place, repositoryName: string, properties: Properties): void {
  const mode = text(properties, 'ImageTagMutability')
  if (mode !== '') {
    const filters = list(properties, 'ImageTagMutabilityExclusionFilters').flatMap((one) =>
      isObject(one)
        ? [
            {
              filterType: text(one, 'ImageTagMutabilityExclusionFilterType'),
              filter: text(one, 'ImageTagMutabilityExclusionFilterValue'),
            },
          ]
        : [],
    )
    place.call('ecr', 'PutImageTagMutability', {
      repositoryName,
      imageTagMutability: mode,
      ...(filters.length > 0 && { imageTagMutabilityExclusionFilters: filters }),
    })
  }
  const lifecycle = text(map(properties, 'LifecyclePolicy'), 'LifecyclePolicyText')
  if (lifecycle !== '') place.call('ecr', 'PutLifecyclePolicy', { repositoryName, lifecyclePolicyText: lifecycle })
  const policy = properties['RepositoryPolicyText']
  if (policy !== undefined) {
    place.call('ecr', 'SetRepositoryPolicy', { repositoryName, policyText: JSON.stringify(policy) })
  }
}

/** A repository of ECR. https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecr-repository.html */
const repository: Kind = {
  seconds: 4,
  replacedBy: ['RepositoryName', 'EncryptionConfiguration'],
  nameProperty: 'RepositoryName',
  find(place, name) {
    try {
      const answer = place.call('ecr', 'DescribeRepositories', { repositoryNames: [name] })
      const [found] = (answer as { readonly repositories: readonly Described[] }).repositories
      return found && made(name, found)
    } catch (error) {
      if (error instanceof ServiceError) return undefined
      throw error
    }
  },
  create(place, properties) {
    const repositoryName = text(properties, 'RepositoryName') || generatedName(place).toLowerCase()
    const scanning = properties['ImageScanningConfiguration']
    const encryption = properties['EncryptionConfiguration']
    const answer = place.call('ecr', 'CreateRepository', {
      repositoryName,
      ...(scanning !== undefined && { imageScanningConfiguration: camel(scanning) }),
      ...(encryption !== undefined && { encryptionConfiguration: camel(encryption) }),
      tags: tagsOf(place, properties).map(({ key, value }) => ({ Key: key, Value: value })),
    }) as { readonly repository: Described }
    settle(place, repositoryName, properties)
    return made(repositoryName, answer.repository)
  },
  update(place, { physicalId }, properties) {
    settle(place, physicalId, properties)
    return undefined
  },
  remove(place, { physicalId, properties }) {
    place.call('ecr', 'DeleteRepository', {
      repositoryName: physicalId,
      force: properties['EmptyOnDelete'] === true,
    })
  },
}

/** The log group, of which this world has one that may be named otherwise nowhere. */
const logGroup: Kind = {
  seconds: 5,
  replacedBy: ['LogGroupName'],
  nameProperty: 'LogGroupName',
  find(place, name) {
    const { world } = place
    const isThere = world.present.logGroup && name === world.setup.logGroup
    return isThere ? { physicalId: name, attributes: { Arn: arnOf(place, 'logs', `log-group:${name}:*`) } } : undefined
  },
  create(place, properties) {
    const name = text(properties, 'LogGroupName') || generatedName(place)
    if (name === place.world.setup.logGroup) place.world.present.logGroup = true
    return { physicalId: name, attributes: { Arn: arnOf(place, 'logs', `log-group:${name}:*`) } }
  },
  remove({ world }, { physicalId }) {
    if (physicalId === world.setup.logGroup) world.present.logGroup = false
  },
}

export const imageKinds: Readonly<Record<string, Kind>> = {
  'AWS::ECR::Repository': repository,
  'AWS::Logs::LogGroup': logGroup,
}
