import type { Advice, LineChange, StandingService } from '../domain/standing.js'
import type { AutoScalingGroup, LaunchTemplateVersion } from '../ports/auto-scaling.js'
import { findReferences, pinReferences } from '../rollout/asg/user-data.js'
import type { AdoptStack } from './adopt-parts.js'

interface Facts {
  readonly region: string
  readonly group: AutoScalingGroup
  readonly version: LaunchTemplateVersion
  /** As text. */
  readonly userData: string
  readonly host: string
  readonly services: readonly StandingService[]
  readonly stack: AdoptStack
}

/** What a person has to change, or should know, before releases are pinned to digests; most urgent first. */
export function groupAdvice(facts: Facts): readonly Advice[] {
  return [...unnamed(facts), ...numbered(facts), ...parameterised(facts), ...refreshing(facts), ...moving(facts)]
}

const isNumber = (version: string): boolean => /^\d+$/.test(version)

/** The commands that give the group a version with other user data. */
function newVersion({ region, group, version }: Facts): readonly string[] {
  const template = `--region ${region} --launch-template-id ${version.templateId}`
  return [
    `aws ec2 describe-launch-template-versions ${template} --versions ${version.number} --query 'LaunchTemplateVersions[0].LaunchTemplateData.UserData' --output text | base64 -d > user-data.sh`,
    '# change the lines above in user-data.sh, then',
    `aws ec2 create-launch-template-version ${template} --source-version ${version.number} --launch-template-data "{\\"UserData\\":\\"$(base64 -w0 user-data.sh)\\"}" --query LaunchTemplateVersion.VersionNumber`,
    takeVersion({ region, group, version }, '<the number that it answers>'),
  ]
}

const takeVersion = ({ region, group, version }: Pick<Facts, 'region' | 'group' | 'version'>, number: string): string =>
  `aws autoscaling update-auto-scaling-group --region ${region} --auto-scaling-group-name ${group.name} --launch-template 'LaunchTemplateId=${version.templateId},Version=${number}'`

const placeOf = (version: LaunchTemplateVersion, index: number): string =>
  `user data of ${version.templateName} version ${version.number}, line ${index + 1}`

/** Images that stand there in a form that no release can pin. */
function unnamed(facts: Facts): readonly Advice[] {
  const { services, userData, host, version } = facts
  const hidden = services.filter(({ repository }) => findReferences(userData, host, repository).length === 0)
  if (hidden.length === 0) return []
  const lines = hidden.flatMap(({ repository, name, image }): readonly LineChange[] => {
    const named = `${host.startsWith('$') ? '<registry>' : host}/${repository}:latest`
    const found = userData.split('\n').flatMap((line, index) => {
      const at = line.lastIndexOf(repository)
      if (at < 0 || line.trimStart().startsWith('#')) return []
      const start = /[^\s"'=]*$/.exec(line.slice(0, at))?.index ?? at
      const end = at + repository.length + (/^[^\s"']*/.exec(line.slice(at + repository.length))?.[0].length ?? 0)
      return [
        {
          place: placeOf(version, index),
          is: line.trim(),
          becomes: `${line.slice(0, start)}${named}${line.slice(end)}`.trim(),
        },
      ]
    })
    return found.length > 0 ? found : [{ place: `user data, where ${name} is started`, is: image, becomes: named }]
  })
  return [
    {
      what: `Write ${hidden.map(({ repository }) => repository).join(', ')} as host, repository and tag in one word.`,
      why: 'A deploy replaces the tag by the digest that it releases; put together from parts, it is not found.',
      lines,
      commands: newVersion(facts),
    },
  ]
}

/** AWS goes back to a numbered version only. */
function numbered(facts: Facts): readonly Advice[] {
  const { group, version, stack } = facts
  const named = group.launchTemplate?.version ?? ''
  if (isNumber(named)) return []
  const escaped = named.replace('$', String.raw`\$`)
  const logical = stack.resources.find(({ type }) => type === 'AWS::EC2::LaunchTemplate')?.logicalId ?? 'LaunchTemplate'
  return [
    {
      what: `Give ${group.name} the number of its launch template's version in place of ${named}.`,
      why: `AWS starts no refresh that could go back while the group follows ${named}; that is version ${version.number} now, so nothing is replaced by this.`,
      lines: templateLines(stack, new RegExp(`Version["']?\\s*:.*${escaped}`)).map((line) => ({
        ...line,
        becomes: line.is.replace(/:.*/, `: !GetAtt ${logical}.LatestVersionNumber`),
      })),
      commands: [takeVersion(facts, String(version.number))],
    },
  ]
}

/** https://docs.aws.amazon.com/autoscaling/ec2/userguide/using-systems-manager-parameters.html: then a refresh takes no configuration. */
function parameterised(facts: Facts): readonly Advice[] {
  const { imageId } = facts.version
  if (imageId?.startsWith('resolve:') !== true) return []
  return [
    {
      what: 'Write the id of the AMI itself into the launch template.',
      why: `AWS refuses a refresh to a given version while the AMI is ${imageId}.`,
      lines: templateLines(facts.stack, /ImageId["']?\s*:.*resolve:/),
      commands: [],
    },
  ]
}

/** An update of the stack must not replace instances on its own while a rollout does. */
function refreshing({ stack, group }: Facts): readonly Advice[] {
  const lines = templateLines(
    stack,
    /["']?(?:AutoScalingRollingUpdate|AutoScalingReplacingUpdate|AutoScalingInstanceRefresh)["']?\s*:/,
  )
  if (lines.length === 0) return []
  return [
    {
      what: `Take the update policy of ${group.name} out of the template.`,
      why: 'An update of the stack would replace instances by itself, and back to what the template says.',
      lines: lines.map(({ place, is }) => ({ place, is })),
      commands: [],
    },
  ]
}

const anyDigest = `sha256:${'0'.repeat(64)}` as const

/** What a deploy changes by itself, so that nobody is surprised, and what an update of the stack would undo. */
function moving({ userData, host, services, version, stack }: Facts): readonly Advice[] {
  const pins = services.map(({ repository }) => ({ repository, digest: anyDigest }))
  const lines = userData.split('\n').flatMap((line, index): readonly LineChange[] => {
    if (line.includes('@sha256:')) return []
    const pinned = pinReferences(line, host, pins).text
    if (pinned === line) return []
    const becomes = pinned.replaceAll(anyDigest, 'sha256:<digest of the release>').trim()
    return [{ place: placeOf(version, index), is: line.trim(), becomes }]
  })
  if (lines.length === 0) return []
  const repositories = services.map(({ repository }) => repository.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
  const written = templateLines(stack, new RegExp(`/(?:${repositories.join('|')})(?::|["'\\s]|$)`))
  return [
    {
      what: 'Nothing to do for these lines: each deploy makes a version of the launch template that pins them.',
      why:
        written.length === 0
          ? 'Until the first deploy, an instance that starts takes whatever the tag names at that moment.'
          : "Until the first deploy, an instance that starts takes whatever the tag names; an update of the stack that changes the launch template brings the template's own lines back, until the next deploy.",
      lines: [...lines, ...written],
      commands: ['rampart deploy'],
    },
  ]
}

function templateLines(stack: AdoptStack, pattern: RegExp): readonly LineChange[] {
  return (stack.template ?? '').split('\n').flatMap((line, index) =>
    // A template on one line has no lines to show.
    pattern.test(line) && line.length < 500
      ? [{ place: `template of ${stack.name}, line ${index + 1}`, is: line.trim(), becomes: line.trim() }]
      : [],
  )
}
