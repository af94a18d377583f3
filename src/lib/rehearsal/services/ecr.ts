import * as sdk from '@aws-sdk/client-ecr'
import { imageOperations } from '../registry/ecr/image-operations.js'
import { lifecycleOperations } from '../registry/ecr/lifecycle-operations.js'
import { invalidParameter } from '../registry/ecr/page.js'
import { policyOperations } from '../registry/ecr/policy-operations.js'
import { putImage } from '../registry/ecr/put-image.js'
import { repositoryOperations } from '../registry/ecr/repository-operations.js'
import type { Registry } from '../registry/registry.js'
import type { AccountSettings } from '../registry/store.js'
import type { RequestContext, Service } from '../wire/service.js'

/** The values of each account setting: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutAccountSetting.html */
const settingValues: Readonly<Record<keyof AccountSettings, readonly string[]>> = {
  BASIC_SCAN_TYPE_VERSION: ['AWS_NATIVE'],
  REGISTRY_POLICY_SCOPE: ['V2'],
  BLOB_MOUNTING: ['ENABLED', 'DISABLED'],
}

/** ECR's own interface to a registry. */
export function createEcrService({ store, authorization }: Pick<Registry, 'store' | 'authorization'>): Service {
  return {
    signingName: 'ecr',
    protocol: 'awsJson1_1',
    target: 'AmazonEC2ContainerRegistry_V20150921',
    sdk,
    handlers: {
      ...repositoryOperations(store),
      ...imageOperations(store),
      ...lifecycleOperations(store),
      ...policyOperations(store),
      PutImage: (
        input: sdk.PutImageRequest & { repositoryName: string; imageManifest: string },
        context: RequestContext,
      ) => putImage(store, input, context),

      GetAuthorizationToken: (
        _input: sdk.GetAuthorizationTokenRequest,
        context: RequestContext,
      ): sdk.GetAuthorizationTokenResponse => {
        const { password, expiresAt } = authorization.issue(context.now)
        const authorizationToken = Buffer.from(`AWS:${password}`).toString('base64')
        return {
          authorizationData: [{ authorizationToken, expiresAt: new Date(expiresAt), proxyEndpoint: context.endpoint }],
        }
      },

      GetAccountSetting: ({ name }: { name: string }): sdk.GetAccountSettingResponse => {
        if (!isSetting(name)) throw unknownSetting()
        return { name, value: store.settings[name] }
      },

      PutAccountSetting: ({ name, value }: { name: string; value: string }): sdk.PutAccountSettingResponse => {
        if (!isSetting(name)) throw unknownSetting()
        if (!settingValues[name].includes(value)) {
          throw invalidParameter('value', `must be one of: ${settingValues[name].join(', ')}`)
        }
        Object.assign(store.settings, { [name]: value })
        return { name, value }
      },
    },
  }
}

function isSetting(name: string): name is keyof AccountSettings {
  return Object.hasOwn(settingValues, name)
}

function unknownSetting() {
  return invalidParameter('name', `must be one of: ${Object.keys(settingValues).join(', ')}`)
}
