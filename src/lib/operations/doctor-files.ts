import { hiddenFailures, lateDownloads, recursiveChanges, undeclaredInputs } from '../doctor/file-findings.js'
import {
  baseMismatches,
  engineNeeds,
  ignoreGaps,
  modelMismatches,
  movingBases,
  rootUsers,
  writtenSecrets,
} from '../doctor/image-findings.js'
import { healthMismatches } from '../doctor/health-findings.js'
import { modelCacheFindings } from '../doctor/model-cache.js'
import { openVersions } from '../doctor/package-findings.js'
import { failure, judge, ok, skip, type Graded } from '../doctor/outcome.js'
import type { CheckTask } from '../doctor/run-checks.js'
import { walkService, type WalkedService } from '../doctor/service-files.js'
import { readServiceFacts, type ServiceFiles } from './service-facts.js'

interface FileCheck {
  readonly name: string
  readonly well: string
  readonly find: (service: WalkedService) => readonly Graded[]
  /** Why it has nothing to look at. */
  readonly empty?: { readonly when: (service: ServiceFiles) => boolean; readonly why: string }
}

const noBase = { when: (service: ServiceFiles) => service.base === undefined, why: 'no service has a base of its own' }

/** What is checked in the files that build the images, in the order in which it is shown. */
const fileChecks: readonly FileCheck[] = [
  { name: 'from-base', well: 'each app stands on its base', find: baseMismatches, empty: noBase },
  { name: 'pinned-images', well: 'images from elsewhere are named by version', find: movingBases },
  { name: 'pinned-packages', well: 'packages are named by version', find: openVersions },
  { name: 'model-cache', well: 'the app looks for models where the build puts them', find: modelCacheFindings },
  {
    name: 'models',
    well: 'the models that are declared are those that are downloaded',
    find: modelMismatches,
    empty: noBase,
  },
  { name: 'failed-downloads', well: 'a download that fails fails the build', find: hiddenFailures },
  { name: 'recursive-chown', well: 'no layer is a copy of another', find: recursiveChanges },
  { name: 'download-order', well: 'downloads come before what changes often', find: lateDownloads },
  {
    name: 'base-inputs',
    well: 'every file of the bases is in their fingerprints',
    find: undeclaredInputs,
    empty: noBase,
  },
  { name: 'thin-layer', well: 'each app becomes one layer, without a Docker engine', find: engineNeeds },
  { name: 'ignore-file', well: 'each context has a .dockerignore', find: ignoreGaps },
  { name: 'runtime-user', well: 'no app runs as root', find: rootUsers },
  { name: 'image-health', well: 'images are asked what rampart.yml says that they answer', find: healthMismatches },
  { name: 'secrets', well: 'no Dockerfile writes a secret', find: writtenSecrets },
]

/** The names of the checks of files, for who has no files to check. */
export const fileCheckNames: readonly string[] = ['build-files', ...fileChecks.map(({ name }) => name)]

/** The checks of what builds the images. Each file is read once; where one cannot be, one check says so for all. */
export function fileTasks(services: readonly ServiceFiles[]): readonly CheckTask[] {
  let reading: Promise<readonly WalkedService[]> | undefined
  const walked = (): Promise<readonly WalkedService[]> =>
    (reading ??= Promise.all(services.map(async (service) => walkService(await readServiceFacts(service)))))
  const readable: CheckTask = {
    name: 'build-files',
    remote: false,
    ask: async () => ok((await walked()).flatMap(({ all }) => all.map(({ file }) => file.path)).join(', ')),
  }
  const tasks = fileChecks.map(({ name, well, find, empty }): CheckTask => ({
    name,
    remote: false,
    ask: async () => {
      if (empty !== undefined && services.every(empty.when)) return skip(empty.why)
      const read = await walked().catch((error: unknown) => failure(error))
      return 'result' in read ? skip(`not asked: ${read.detail}`, read.remedy) : judge(read.flatMap(find), well)
    },
  }))
  return [readable, ...tasks]
}
