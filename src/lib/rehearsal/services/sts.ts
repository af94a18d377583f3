import * as sdk from '@aws-sdk/client-sts'
import { createHash } from 'node:crypto'
import type { RequestContext, Service } from '../wire/service.js'

/** The AWS partition that a region belongs to, as ARNs name it. */
export function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn'
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws'
}

/**
 * STS: GetCallerIdentity. Access key ids that begin with ASIA are of an assumed role, all others of a user, as AWS
 * gives them out: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
 */
export function createSts(): Service {
  return {
    signingName: 'sts',
    protocol: 'awsQuery',
    target: '2011-06-15',
    sdk,
    handlers: { GetCallerIdentity: (_input, context) => callerIdentity(context) },
  }
}

function callerIdentity(context: RequestContext): Omit<sdk.GetCallerIdentityCommandOutput, '$metadata'> {
  const { accountId, accessKeyId = '', region } = context
  const partition = partitionOf(region)
  if (!accessKeyId.startsWith('ASIA'))
    return {
      UserId: uniqueId('AIDA', accessKeyId),
      Account: accountId,
      Arn: `arn:${partition}:iam::${accountId}:user/rehearsal`,
    }
  return {
    UserId: `${uniqueId('AROA', accessKeyId)}:rehearsal`,
    Account: accountId,
    Arn: `arn:${partition}:sts::${accountId}:assumed-role/rehearsal/rehearsal`,
  }
}

/** A unique id of AWS's form, the same for the same seed: a prefix and 17 characters of base 32. */
function uniqueId(prefix: string, seed: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const digest = createHash('sha256').update(seed).digest()
  return prefix + [...digest.subarray(0, 17)].map((byte) => alphabet.charAt(byte % 32)).join('')
}
