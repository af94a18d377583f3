import type { Cause } from '../../domain/outcome.js'

interface Kind {
  readonly code: string
  readonly words: RegExp
  readonly summary: (times: string) => string
  readonly next: readonly string[]
}

// EC2's and Auto Scaling's words:
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ts-as-instancelaunchfailure.html
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ts-as-capacity.html
const kinds: readonly Kind[] = [
  {
    code: 'no-capacity',
    words: /sufficient \S{1,40} capacity|InsufficientInstanceCapacity|no Spot capacity/i,
    summary: (times) => `EC2 has no capacity for the instance type${times}.`,
    next: ['add an Availability Zone or another instance type to the group, or try again later'],
  },
  {
    code: 'quota',
    words: /VcpuLimitExceeded|InstanceLimitExceeded|more vCPU capacity than your current|limit exceeded/i,
    summary: (times) => `The account's EC2 quota leaves no room for another instance${times}.`,
    next: ['aws service-quotas list-service-quotas --service-code ec2'],
  },
  {
    code: 'permissions',
    words:
      /UnauthorizedOperation|not authorized|AccessDenied|Client\.InternalError|\bKMS\b|Invalid IamInstanceProfile/i,
    summary: (times) => `EC2 Auto Scaling lacks a permission to launch instances${times}.`,
    next: [
      'let AWSServiceRoleForAutoScaling use the KMS key of the volumes and pass the instance profile: https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html',
    ],
  },
]

const otherwise: Omit<Kind, 'words'> = {
  code: 'launch-failed',
  summary: (times) => `EC2 could not launch ${times === '' ? 'an instance' : `instances${times}`}.`,
  next: [],
}

/** Why launches failed, by what AWS said of each, oldest first; undefined when none did. */
export function launchCauseOf(group: string, messages: readonly string[]): Cause | undefined {
  const newest = messages.at(-1)
  if (newest === undefined) return undefined
  const kind = kinds.find(({ words }) => words.test(newest)) ?? otherwise
  return {
    code: kind.code,
    summary: kind.summary(messages.length === 1 ? '' : `, ${messages.length} attempts`),
    evidence: [...new Set(messages)].slice(-3),
    next: [`aws autoscaling describe-scaling-activities --auto-scaling-group-name ${group}`, ...kind.next],
  }
}
