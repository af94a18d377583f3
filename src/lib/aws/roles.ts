import { GetInstanceProfileCommand, IAMClient, SimulatePrincipalPolicyCommand } from '@aws-sdk/client-iam'
import type { Roles } from '../ports/roles.js'
import { call, errorCode } from './failure.js'
import { clientSettings, counted, type ClientOptions } from './options.js'

/** What IAM says, or undefined of what there is not. */
const found = async <T>(operation: string, ask: () => Promise<T>): Promise<T | undefined> =>
  call(operation, async () => {
    try {
      return await ask()
    } catch (error) {
      if (errorCode(error) === 'NoSuchEntity') return undefined
      throw error
    }
  })

/** The Roles port on IAM, which is one for all regions. */
export function createRoles(options: ClientOptions): Roles {
  const client = counted(new IAMClient(clientSettings(options)), options)

  return {
    ofProfile: async (profile) => {
      // An ARN ends in the path and the name: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
      const InstanceProfileName = profile.slice(profile.lastIndexOf('/') + 1)
      const answer = await found('iam:GetInstanceProfile', () =>
        client.send(new GetInstanceProfileCommand({ InstanceProfileName })),
      )
      return answer?.InstanceProfile?.Roles?.[0]?.Arn
    },
    simulate: async (role, action, resource, context = {}) => {
      const answer = await found('iam:SimulatePrincipalPolicy', () =>
        client.send(
          new SimulatePrincipalPolicyCommand({
            PolicySourceArn: role,
            ActionNames: [action],
            ResourceArns: [resource],
            ContextEntries: Object.entries(context).map(([name, value]) => ({
              ContextKeyName: name,
              ContextKeyValues: [value],
              ContextKeyType: 'string',
            })),
          }),
        ),
      )
      const [result] = answer?.EvaluationResults ?? []
      if (result === undefined) return undefined
      if (result.EvalDecision === 'explicitDeny') return 'forbidden'
      return result.EvalDecision === 'allowed' ? 'allowed' : 'denied'
    },
  }
}
