import type { Digest } from '../domain/digest.js'
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
  /** What the tags of their images name now, by repository. */
  readonly digests: ReadonlyMap<string, Digest>
}

/** What a person has to change, or should know, before releases are pinned to digests; most urgent first. */
export function groupAdvice(facts: Facts): readonly Advice[] {
  return [...unnamed(facts), ...numbered(facts), ...parameterised(facts), ...refreshing(facts), ...moving(facts)]
}

const isNumber = (version: string): boolean => /^\d+$/.test(version)

/** The commands that give the group a version with other user data; nothing is replaced by them. */
function newVersion({ region, group, version }: Facts, change: readonly string[]): readonly string[] {
  const template = `--region ${region} --launch-template-id ${version.templateId}`
  const fetched = `aws ec2 describe-launch-template-versions ${template} --versions ${version.number} --query 'LaunchTemplateVersions[0].LaunchTemplateData.UserData' --output text`
  const data = '"{\\"UserData\\":\\"$(base64 -w0 user-data.sh)\\"}"'
  return [
    `${fetched} | base64 -d > user-data.sh`,
    ...change,
    `number=$(aws ec2 create-launch-template-version ${template} --source-version ${version.number} --launch-template-data ${data} --query LaunchTemplateVersion.VersionNumber --output text)`,
    takeVersion({ region, group, version }, '$number'),
  ]
}

const takeVersion = ({ region, group, version }: Pick<Facts, 'region' | 'group' | 'version'>, number: string): string =>
  `aws autoscaling update-auto-scaling-group --region ${region} --auto-scaling-group-name ${group.name} --launch-template "LaunchTemplateId=${version.templateId},Version=${number}"`

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
      commands: newVersion(facts, ['"${EDITOR:-vi}" user-data.sh # the lines above']),
    },
  ]
}

/** AWS goes back to a numbered version only. */
function numbered(facts: Facts): readonly Advice[] {
  const { group, version } = facts
  const named = group.launchTemplate?.version ?? ''
  if (isNumber(named)) return []
  return [
    {
      what: `Give ${group.name} the number of its launch template's version in place of ${named}.`,
      why: `AWS starts no refresh that could go back while the group follows ${named}; that is version ${version.number} now, so nothing is replaced by this.`,
      lines: [],
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

/** What a tag names changes with the first deploy, also for the version that it would go back to. */
function moving(facts: Facts): readonly Advice[] {
  const { userData, host, services, version, stack, digests } = facts
  const pins = services.map(({ repository }) => ({ repository, digest: digests.get(repository) ?? anyDigest }))
  const changes: LineChange[] = []
  const edits: string[] = []
  for (const [index, line] of userData.split('\n').entries()) {
    const pinned = line.includes('@sha256:') ? line : pinReferences(line, host, pins).text
    if (pinned === line) continue
    const becomes = pinned.replaceAll(anyDigest, 'sha256:<digest>').trim()
    changes.push({ place: placeOf(version, index), is: line.trim(), becomes })
    for (const { repository, digest } of pins) {
      for (const reference of findReferences(line, host, repository)) {
        edits.push(
          `sed -i '${index + 1}s|${reference}|${pinReferences(reference, host, [{ repository, digest }]).text}|' user-data.sh`,
        )
      }
    }
  }
  if (changes.length === 0) return []
  const repositories = services.map(({ repository }) => repository.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
  const written = templateLines(stack, new RegExp(`/(?:${repositories.join('|')})(?::|["'\\s]|$)`))
  const known = pins.every(({ digest }) => digest !== anyDigest)
  return [
    {
      what: `Pin what version ${version.number} of ${version.templateName} starts, before the first deploy.`,
      why: 'Deploys pin their own versions. But the first one moves the tag, and going back to this version, or an instance that it starts meanwhile, would take the new image.',
      lines: changes,
      commands: newVersion(facts, known ? edits : ['"${EDITOR:-vi}" user-data.sh # the lines above']),
    },
    ...(written.length === 0
      ? []
      : [
          {
            what: `Know that an update of ${stack.name} that changes the launch template brings these lines back.`,
            why: 'Instances that start after it take what the tag names, until the next deploy pins them again. A parameter that holds the reference keeps both in step.',
            lines: written,
            commands: [],
          },
        ]),
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
