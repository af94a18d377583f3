import { partition, type PolicyDocument } from './policy/document.js'

/** A secret that a role may read: its ARN, or its name where nobody could be asked for one. */
export interface ReadableSecret {
  readonly name: string
  readonly arn: string | undefined
  /** The ARN of the KMS key that encrypts it, when it is not AWS's own. */
  readonly key: string | undefined
}

/**
 * What a role must be allowed to read exactly these secrets. AWS puts six characters behind a name, for which `??????`
 * stands where the whole ARN is not known:
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_iam-policies.html
 */
export function readSecretsPolicy(
  secrets: readonly ReadableSecret[],
  { region, account }: { readonly region: string; readonly account: string | undefined },
): PolicyDocument {
  const prefix = `arn:${partition(region)}:secretsmanager:${region}:${account ?? '*'}:secret:`
  const keys = [...new Set(secrets.flatMap(({ key }) => key ?? []))].toSorted()
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'ReadSecrets',
        Effect: 'Allow',
        Action: ['secretsmanager:GetSecretValue'],
        Resource: secrets.map(({ name, arn }) => arn ?? `${prefix}${name}-??????`).toSorted(),
      },
      ...(keys.length === 0
        ? []
        : [
            {
              Sid: 'DecryptSecrets',
              Effect: 'Allow' as const,
              Action: ['kms:Decrypt'],
              Resource: keys,
              Condition: {
                StringEquals: {
                  'kms:ViaService': `secretsmanager.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`,
                },
              },
            },
          ]),
    ],
  }
}
