import type { AutoScaling, LaunchTemplates, LaunchTemplateVersion } from '../../ports/auto-scaling.js'
import { fieldsOf, type Archive, type RevisionField } from '../archive.js'
import { releaseTags } from '../release-tags.js'
import { launches, releaseOf, versionRequest } from './revision.js'
import { decodeUserData, findReferences } from './user-data.js'

interface Options {
  readonly group: string
  readonly app: string
  readonly environment: string
  readonly registryHost: string
  readonly repositories: readonly string[]
}

/** The archive of an Auto Scaling group: the versions of its launch template. */
export function createAsgArchive(
  { group, app, environment, registryHost, repositories }: Options,
  { autoScaling, launchTemplates }: { readonly autoScaling: AutoScaling; readonly launchTemplates: LaunchTemplates },
): Archive {
  const isOurs = ({ instanceTags }: LaunchTemplateVersion): boolean =>
    instanceTags[releaseTags.app] === app && instanceTags[releaseTags.environment] === environment
  return {
    async list(limit) {
      const template = (await autoScaling.describeGroup(group))?.launchTemplate
      if (template === undefined) return []
      const versions = await launchTemplates.listVersions(template.id, 0)
      return versions
        .filter(isOurs)
        .slice(0, limit)
        .map((version) => {
          const release = releaseOf(version)
          const { text } = decodeUserData(version.userData ?? '')
          return {
            revision: { name: version.templateId, number: String(version.number) },
            ...(release !== undefined && { release }),
            images: repositories.flatMap((one) => [...new Set(findReferences(text, registryHost, one))]),
            createdAt: version.createdAt,
          }
        })
    },

    async fields({ name, number }) {
      const version = await launchTemplates.describeVersion(name, number)
      if (version === undefined) return undefined
      return fieldsOfWhole(version.whole)
    },

    async foresee({ name, number }, release) {
      const version = await launchTemplates.describeVersion(name, number)
      if (version === undefined) return undefined
      const isOn = launches(version, release)
      return fieldsOfWhole(isOn ? version.whole : launchTemplates.foresee(version, versionRequest(version, release)))
    },
  }
}

interface Whole {
  readonly UserData?: string
  readonly TagSpecifications?: readonly { readonly ResourceType?: string; readonly Tags?: readonly unknown[] }[]
}

function fieldsOfWhole(whole: LaunchTemplateVersion['whole']): readonly RevisionField[] {
  const { UserData: userData, TagSpecifications: specifications = [], ...rest } = whole as Whole
  // Their order means nothing, and differs from version to version.
  const tags = Object.fromEntries(specifications.map(({ ResourceType, Tags }) => [ResourceType ?? '', Tags]))
  return [...fieldsOf(rest), ...fieldsOf(tags, 'Tags'), ...userDataLines(userData)]
}

/** User data line by line: their numbers shift, so that they all stand in one place. */
function userDataLines(userData: string | undefined): readonly RevisionField[] {
  if (userData === undefined) return []
  const text = Buffer.from(decodeUserData(userData).text, 'latin1').toString('utf8')
  return text.split('\n').map((value) => ({ path: 'UserData', value }))
}
