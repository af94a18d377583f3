import * as sdk from '@aws-sdk/client-iam'
import { type Service, ServiceError } from '../wire/service.js'
import { evaluate } from '../world/iam.js'
import type { World } from '../world/world.js'

const missing = (what: string): ServiceError => new ServiceError('NoSuchEntity', what, { status: 404 })

/**
 * What IAM tells of roles: their profiles, and what their own policies come to. Roles are made by stacks.
 * https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
 */
export function createIamService({ state }: World): Service {
  const { iam, setup } = state
  return {
    signingName: 'iam',
    protocol: 'awsQuery',
    target: '2010-05-08',
    sdk,
    handlers: {
      GetInstanceProfile: ({ InstanceProfileName: name = '' }: sdk.GetInstanceProfileRequest) => {
        const profile = iam.profiles.get(name)
        if (profile === undefined) throw missing(`Instance Profile ${name} cannot be found.`)
        const CreateDate = new Date(0)
        const ids = { Path: '/', CreateDate }
        return {
          InstanceProfile: {
            ...ids,
            InstanceProfileName: name,
            InstanceProfileId: 'AIPAREHEARSAL00000000',
            Arn: profile.arn,
            Roles: profile.roles.flatMap((role) => {
              const found = iam.roles.get(role)
              const about = { ...ids, RoleName: role, RoleId: 'AROAREHEARSAL00000000' }
              return found === undefined ? [] : [{ ...about, Arn: found.arn }]
            }),
          },
        } satisfies sdk.GetInstanceProfileResponse
      },
      SimulatePrincipalPolicy: (input: sdk.SimulatePrincipalPolicyRequest) => {
        const { PolicySourceArn: source = '', ActionNames: actions = [], ResourceArns: resources = ['*'] } = input
        const own = `arn:aws:iam::${setup.accountId}:role/`
        if (!source.startsWith(own)) throw new ServiceError('InvalidInput', `Invalid Entity Arn: ${source}`)
        const name = source.slice(source.lastIndexOf('/') + 1)
        const role = iam.roles.get(name)
        if (role === undefined) throw missing(`The role with name ${name} cannot be found.`)
        const context = new Map(
          (input.ContextEntries ?? []).map(({ ContextKeyName = '', ContextKeyValues = [] }) => [
            ContextKeyName,
            ContextKeyValues[0] ?? '',
          ]),
        )
        return {
          IsTruncated: false,
          EvaluationResults: actions.flatMap((action) =>
            resources.map((resource) => {
              const { decision, missing: keys } = evaluate(role.statements, action, resource, context)
              return {
                EvalActionName: action,
                EvalResourceName: resource,
                EvalDecision: decision,
                MatchedStatements: [],
                MissingContextValues: [...keys],
              }
            }),
          ),
        } satisfies sdk.SimulatePolicyResponse
      },
    },
  }
}
