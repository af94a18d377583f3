import { createHash } from 'node:crypto'
import { shortDigest } from '../../domain/digest.js'
import { parseImageRef } from '../../domain/image-ref.js'
import type { Release, Revision } from '../../domain/release.js'
import { RampartError } from '../../errors/rampart-error.js'
import type { CreateLaunchTemplateVersion, LaunchTemplates, LaunchTemplateVersion } from '../../ports/auto-scaling.js'
import { releaseTags } from '../release-tags.js'
import { decodeUserData, encodeUserData, pinReferences, userDataLimit, type Pinned } from './user-data.js'

/** The release that a version says it launches; undefined for one that rampart did not make. */
export function releaseOf(version: LaunchTemplateVersion): string | undefined {
  return version.instanceTags[releaseTags.release]
}

/** The version's user data with the release's digests in it; `found` tells which repositories it refers to. */
function pinVersion(version: LaunchTemplateVersion, release: Release): Pinned & { readonly gzip: boolean } {
  const data = decodeUserData(version.userData ?? '')
  const host = parseImageRef(release.images[0]?.repository ?? '')?.registry ?? ''
  const pins = release.images.map((image) => ({
    repository: parseImageRef(image.repository)?.repository ?? image.repository,
    digest: image.digest,
  }))
  return { ...pinReferences(data.text, host, pins), gzip: data.gzip }
}

/** True when instances of this version run exactly the release's digests. */
export function launches(version: LaunchTemplateVersion, release: Release): boolean {
  if (version.userData === undefined) return false
  const pinned = pinVersion(version, release)
  return pinned.text === decodeUserData(version.userData).text && [...pinned.found.values()].every((count) => count > 0)
}

function revision(version: LaunchTemplateVersion): Revision {
  return { name: version.templateId, number: String(version.number) }
}

/** What is asked of AWS to make the version that launches the release. @throws RampartError when its user data is too large. */
export function versionRequest(source: LaunchTemplateVersion, release: Release): CreateLaunchTemplateVersion {
  const pinned = pinVersion(source, release)
  const { base64, bytes } = encodeUserData(pinned)
  if (bytes > userDataLimit) {
    throw new RampartError(
      'preflight',
      `The user data would be ${bytes} bytes with digests; EC2 takes ${userDataLimit}.`,
      {
        next: ['shorten the user data, or compress it with gzip (cloud-init reads both)'],
      },
    )
  }
  const images = release.images.map((image) => `${image.service}@${shortDigest(image.digest)}`).join(', ')
  const token = createHash('sha256').update(
    [source.templateId, source.number, release.app, release.environment, release.id, base64].join('\n'),
  )
  return {
    templateId: source.templateId,
    sourceVersion: source.number,
    description: `rampart ${release.id}: ${images}`.slice(0, 255),
    userData: base64,
    instanceTags: {
      ...source.instanceTags,
      [releaseTags.release]: release.id,
      [releaseTags.app]: release.app,
      [releaseTags.environment]: release.environment,
      [releaseTags.source]: String(source.number),
    },
    otherTagSpecifications: source.otherTagSpecifications,
    clientToken: `rampart-${token.digest('hex').slice(0, 48)}`,
  }
}

/**
 * The numbered version that launches the release and starts from the group's current one: that version itself when it
 * launches the release already, or one that an earlier run made from it.
 */
export async function findRevision(
  templates: LaunchTemplates,
  current: LaunchTemplateVersion,
  release: Release,
): Promise<Revision | undefined> {
  if (launches(current, release)) return revision(current)
  // One that was made from the current version has a higher number.
  const versions = await templates.listVersions(current.templateId, current.number)
  const earlier = versions.find(
    (version) =>
      releaseOf(version) === release.id &&
      version.instanceTags[releaseTags.source] === String(current.number) &&
      version.instanceTags[releaseTags.environment] === release.environment &&
      launches(version, release),
  )
  return earlier === undefined ? undefined : revision(earlier)
}

/**
 * Makes the version that launches the release. Safe to repeat: the client token makes AWS answer a repeated request
 * with the same version.
 */
export async function createRevision(
  templates: LaunchTemplates,
  current: LaunchTemplateVersion,
  release: Release,
): Promise<Revision> {
  return revision(await templates.createVersion(versionRequest(current, release)))
}
