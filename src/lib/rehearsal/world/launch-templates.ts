import type { RequestLaunchTemplateData } from '@aws-sdk/client-ec2'
import { ServiceError } from '../wire/service.js'
import type { LaunchTemplate, LaunchTemplateChoice, TemplateVersion, WorldState } from './state.js'

/** What names a launch template in a request: an id or a name, not both. */
export interface TemplateName {
  readonly id?: string | undefined
  readonly name?: string | undefined
}

/** The launch template of that id or name; the EC2 API's own error when there is none. */
export function findTemplate(world: WorldState, { id, name }: TemplateName): LaunchTemplate {
  if (id === undefined && name === undefined) {
    throw new ServiceError(
      'MissingParameter',
      'The request must contain exactly one of LaunchTemplateId or LaunchTemplateName.',
    )
  }
  if (id !== undefined && name !== undefined) {
    throw new ServiceError(
      'InvalidParameterCombination',
      'The parameters LaunchTemplateId and LaunchTemplateName cannot be used together',
    )
  }
  if (id !== undefined && !/^lt-[0-9a-f]{8,17}$/.test(id)) {
    throw new ServiceError('InvalidLaunchTemplateId.Malformed', `Invalid launch template ID: ${id}`)
  }
  const found = world.templates.find((template) => template.id === id || template.name === name)
  if (found !== undefined) return found
  if (id !== undefined) {
    throw new ServiceError(
      'InvalidLaunchTemplateId.NotFound',
      `The specified launch template, with template ID ${id}, does not exist.`,
    )
  }
  throw new ServiceError(
    'InvalidLaunchTemplateName.NotFoundException',
    `At least one of the launch templates specified in the request does not exist.`,
  )
}

/** The version that a number, `$Latest` or `$Default` (also what nothing means) names; undefined when there is none. */
export function findVersion(template: LaunchTemplate, version: string | undefined): TemplateVersion | undefined {
  if (version === '$Latest') return template.versions.at(-1)
  const number = version === undefined || version === '$Default' ? template.defaultVersion : Number(version)
  return template.versions.find((each) => each.number === number)
}

/** The version that a group's or a refresh's choice stands for at this moment. */
export function resolveChoice(
  world: WorldState,
  choice: LaunchTemplateChoice,
): { readonly template: LaunchTemplate; readonly version: TemplateVersion } {
  const template = findTemplate(world, { id: choice.id })
  const version = findVersion(template, choice.version)
  if (version === undefined) throw versionNotFound(template, choice.version)
  return { template, version }
}

/** The EC2 API's error for a version that a launch template does not have. */
export function versionNotFound(template: LaunchTemplate, version: string): ServiceError {
  return new ServiceError(
    'InvalidLaunchTemplateId.VersionNotFound',
    `Could not find launch template version ${version} for launch template ${template.id}.`,
  )
}

/**
 * Adds a version that has the source's data (when one is named) overlaid with what is given, member by member.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateLaunchTemplateVersion.html
 */
export function addVersion(
  world: WorldState,
  template: LaunchTemplate,
  request: {
    readonly source: string | undefined
    readonly description: string | undefined
    readonly data: RequestLaunchTemplateData
    readonly token: string | undefined
  },
): TemplateVersion {
  const asked = JSON.stringify([request.source, request.description, request.data])
  const earlier = request.token === undefined ? undefined : template.tokens.get(request.token)
  if (earlier !== undefined) {
    const version = findVersion(template, String(earlier.version))
    if (earlier.request === asked && version !== undefined) return version
    throw new ServiceError(
      'IdempotentParameterMismatch',
      `The client token '${request.token}' was used before with other parameters. Use another client token.`,
    )
  }
  const source = request.source === undefined ? undefined : findVersion(template, request.source)
  if (request.source !== undefined && source === undefined) throw versionNotFound(template, request.source)
  const version: TemplateVersion = {
    number: (template.versions.at(-1)?.number ?? 0) + 1,
    description: request.description,
    createdAt: world.now,
    data: { ...source?.data, ...request.data },
  }
  template.versions.push(version)
  if (request.token !== undefined) template.tokens.set(request.token, { request: asked, version: version.number })
  return version
}
