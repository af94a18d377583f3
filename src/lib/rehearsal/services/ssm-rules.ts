import type * as sdk from '@aws-sdk/client-ssm'
import { ServiceError } from '../wire/service.js'
import { type Violation, validationError } from '../wire/validation.js'

/** One version of a parameter. */
export interface Version {
  readonly number: number
  readonly type: sdk.ParameterType
  readonly value: string
  readonly tier: 'Standard' | 'Advanced'
  readonly dataType: string
  readonly modified: Date
  /** The ARN of the identity that wrote it. */
  readonly by: string
}

/** The most bytes of a value by tier. */
const valueLimits = { Standard: 4096, Advanced: 8192 } as const
const types: readonly string[] = ['SecureString', 'StringList', 'String']
const tiers: readonly string[] = ['Advanced', 'Intelligent-Tiering', 'Standard']
const identity = { protocol: 'awsJson1_1', signingName: 'ssm' } as const

const refused = (message: string): ServiceError => new ServiceError('ValidationException', message)

/** A name that a parameter may be given, as the service keeps it, or its refusal. */
export function newName(given: string): string {
  const name = validName(given)
  // AWS's own parameters lie there; they can be asked for, not written.
  if (/^\/?aws/i.test(name))
    throw new ServiceError('AccessDeniedException', `No access to reserved parameter name: ${name}.`)
  return name
}

/** A name as the service keeps it, or its refusal. Slashes begin a path; a path begins with one. */
export function validName(given: string): string {
  const name = given.trim()
  const segments = name.split('/')
  if (!name.startsWith('/') && segments.length > 1) throw refused('Parameter name must be a fully qualified name.')
  const words = name.startsWith('/') ? segments.slice(1) : segments
  const first = words[0]?.toLowerCase() ?? ''
  if (first.startsWith('ssm') || !words.every((word) => /^[\w.-]+$/.test(word)))
    throw refused(
      'Parameter name: can\'t be prefixed with "ssm" (case-insensitive). If formed as a path, it can consist of ' +
        'sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the ' +
        'following 3 symbols .-_',
    )
  if (words.length > 15)
    throw new ServiceError('HierarchyLevelLimitExceededException', 'A hierarchy can have a maximum of 15 levels.')
  return name
}

/** What the names beneath a path begin with. */
export function parentPath(given: string): string {
  if (!given.startsWith('/')) {
    throw refused(
      'The parameter doesn\'t meet the parameter name requirements. The parameter name must begin with a forward slash "/".',
    )
  }
  return given === '/' ? given : `${validName(given.replace(/\/$/, ''))}/`
}

/** Refuses what the model of PutParameter or the parameter's own pattern does not allow. */
export function checkMembers(input: sdk.PutParameterRequest, value: string): void {
  const violations: Violation[] = []
  const among = (path: string, given: string | undefined, allowed: readonly string[]): void => {
    if (given === undefined || allowed.includes(given)) return
    violations.push({ path, value: given, constraint: `Member must satisfy enum value set: [${allowed.join(', ')}]` })
  }
  among('type', input.Type, types)
  among('tier', input.Tier, tiers)
  if (value === '')
    violations.push({ path: 'value', value, constraint: 'Member must have length greater than or equal to 1' })
  if (violations.length > 0) throw validationError(identity, violations)
  if (input.Overwrite === true && (input.Tags?.length ?? 0) > 0)
    throw refused(
      "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove " +
        'overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.',
    )
  checkPattern(input.AllowedPattern, value)
}

function checkPattern(allowed: string | undefined, value: string): void {
  if (allowed === undefined) return
  let pattern: RegExp
  try {
    pattern = new RegExp(allowed)
  } catch {
    throw new ServiceError('InvalidAllowedPatternException', `The pattern ${allowed} is not a regular expression.`)
  }
  // The value may be a secret and stays out of the message.
  if (!pattern.test(value))
    throw new ServiceError(
      'ParameterPatternMismatchException',
      `Parameter value, cannot be validated against allowedPattern: ${allowed}`,
    )
}

/** The tier that a new version gets, or the refusal of a value too large for it, or of a way back from Advanced. */
export function tierOf(input: sdk.PutParameterRequest, value: string, current: Version | undefined): Version['tier'] {
  const bytes = Buffer.byteLength(value)
  const asked = input.Tier ?? current?.tier ?? 'Standard'
  const larger = bytes > valueLimits.Standard || current?.tier === 'Advanced' ? 'Advanced' : 'Standard'
  const tier = asked === 'Intelligent-Tiering' ? larger : asked
  if (tier === 'Standard' && current?.tier === 'Advanced')
    throw refused(
      "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter " +
        'tier to the standard-parameter tier. If necessary, you can delete the advanced parameter and recreate it as a ' +
        'standard parameter.',
    )
  if (bytes > valueLimits[tier])
    throw refused(
      `${tier} tier parameters support a maximum parameter value of ${valueLimits[tier]} characters.` +
        (tier === 'Standard'
          ? ' To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier.'
          : ''),
    )
  return tier
}
