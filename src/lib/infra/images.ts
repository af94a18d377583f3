import type { InfraPlan, InfraService } from '../domain/infra.js'
import { allow, logical, sub, type Parameter, type Resource, type Resources, type Value } from './template.js'

/** The parameter that says which image of a service a stack starts with: a tag or a digest, with its sign. */
export const imageParameter = (service: Pick<InfraService, 'name'>): string => `${logical(service.name)}Image`

/** The host of the account's own registry, for `Fn::Sub`. */
export const registryHost = '${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}'

/** The reference of a service's image, for `Fn::Sub`. */
export const imageReference = (service: InfraService): string =>
  `${registryHost}/${service.repository}\${${imageParameter(service)}}`

/** The parameters that tell which images there are. */
export function imageParameters(plan: InfraPlan): Readonly<Record<string, Parameter>> {
  const images = plan.services.map((service): [string, Parameter] => [
    imageParameter(service),
    {
      Type: 'String',
      Description: `Image of ${service.name} in ${service.repository}, e.g. @sha256 with its digest. rampart gives what serves.`,
      Default: ':latest',
      AllowedPattern: String.raw`(:[A-Za-z0-9_.-]+|@sha256:[0-9a-f]{64})`,
    },
  ])
  return {
    Serving: {
      Type: 'String',
      Description: 'no until the repositories hold the first images; nothing is started before',
      Default: 'no',
      AllowedValues: ['no', 'yes'],
    },
    ...Object.fromEntries(images),
  }
}

/**
 * The repositories. Images are counted, not aged, tagged or not: releases are pinned by digest, and what was released
 * last year may be what a rollback goes to.
 */
export function repositoriesOf(plan: InfraPlan, readers: readonly Value[], keepsData: boolean): Resources {
  const lifecycle = {
    rules: [
      {
        rulePriority: 1,
        description: `keep the newest ${plan.keepImages} images`,
        selection: { tagStatus: 'any', countType: 'imageCountMoreThan', countNumber: plan.keepImages },
        action: { type: 'expire' },
      },
    ],
  }
  const repository = ({ name, movingTags }: InfraPlan['repositories'][number]): Resource => ({
    note: `Tags stay where they are${movingTags.length === 0 ? '' : `, but ${movingTags.join(', ')}`}. Images stay when the stack goes.`,
    Type: 'AWS::ECR::Repository',
    DeletionPolicy: keepsData ? 'Retain' : 'Delete',
    UpdateReplacePolicy: keepsData ? 'Retain' : 'Delete',
    Properties: {
      RepositoryName: name,
      ...(!keepsData && { EmptyOnDelete: true }),
      ImageScanningConfiguration: { ScanOnPush: true },
      EncryptionConfiguration: { EncryptionType: 'AES256' },
      // https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
      ImageTagMutability: movingTags.length === 0 ? 'IMMUTABLE' : 'IMMUTABLE_WITH_EXCLUSION',
      ...(movingTags.length > 0 && {
        ImageTagMutabilityExclusionFilters: movingTags.map((tag) => ({
          ImageTagMutabilityExclusionFilterType: 'WILDCARD',
          ImageTagMutabilityExclusionFilterValue: tag,
        })),
      }),
      LifecyclePolicy: { LifecyclePolicyText: JSON.stringify(lifecycle) },
      RepositoryPolicyText: {
        Version: '2012-10-17',
        Statement: [
          {
            Sid: 'WhatServesPulls',
            Effect: 'Allow',
            Principal: { AWS: readers },
            Action: ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
          },
        ],
      },
    },
  })
  return Object.fromEntries(plan.repositories.map((one) => [`${logical(one.name)}Repository`, repository(one)]))
}

/** What a role needs to pull the images of those services. The token is for no repository in particular. */
export function pullStatements(services: readonly InfraService[]): readonly Value[] {
  return [
    allow(['ecr:GetAuthorizationToken'], '*'),
    allow(
      ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
      services.map(({ repository }) =>
        sub(`arn:\${AWS::Partition}:ecr:\${AWS::Region}:\${AWS::AccountId}:repository/${repository}`),
      ),
    ),
  ]
}
