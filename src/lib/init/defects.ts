import type { Place } from '../errors/rampart-error.js'
import type { Instruction } from '../image/recipe/dockerfile.js'
import { splitQuoted } from '../image/recipe/words.js'
import { whyHidden } from '../shell/read.js'
import { withoutSecrets } from '../shell/without-secrets.js'
import { restOf, type DockerfileFacts } from './dockerfile-facts.js'
import type { Defect, ServiceFinding } from './findings.js'
import { partsOfStage, type RunPart } from './run-parts.js'
import { joinPath, type Tree } from './tree.js'

const cacheVariables = [
  'HF_HOME',
  'HF_HUB_CACHE',
  'HUGGINGFACE_HUB_CACHE',
  'TRANSFORMERS_CACHE',
  'SENTENCE_TRANSFORMERS_HOME',
]

/** The field's mistakes in the Dockerfiles of a service, in the order of the files. */
export function findDefects(tree: Tree, service: ServiceFinding): readonly Defect[] {
  const { whole, base, app } = service.dockerfiles
  const files = [base, whole, app].filter((facts) => facts !== undefined)
  if (files.length === 0) return []
  return [
    ...files.flatMap((facts) => [
      ...codeBeforeDownloads(facts),
      ...ignoredFailures(facts),
      ...outOfReach(facts, app ?? whole),
      ...recursiveChown(facts, files),
    ]),
    ...wrongModels(service, files),
    ...twoRecipes(service),
    ...noDockerignore(tree, service, files[0]),
  ]
}

const placeText = ({ file, line }: Place): string => (line === undefined ? file : `${file}:${line}`)

const placeOf = (instruction: Instruction): string => placeText(instruction.placeOf(0))

/** The ENV of a stage: names and values as written. */
function environmentOf(instructions: readonly Instruction[]): ReadonlyMap<string, string> {
  const pairs = instructions
    .filter((one) => one.keyword === 'ENV')
    .flatMap((one): readonly (readonly [string, string])[] => {
      const rest = restOf(one)
      const words = splitQuoted(rest, '\\').map((word) => word.raw)
      if (words[0]?.includes('=') === false) return [[words[0], words.slice(1).join(' ')]]
      return words.map((word) => [
        word.slice(0, word.indexOf('=')),
        word.slice(word.indexOf('=') + 1).replaceAll(/^["']|["']$/g, ''),
      ])
    })
  return new Map(pairs)
}

const lastStage = (facts: DockerfileFacts): readonly Instruction[] => facts.stages.at(-1)?.instructions ?? []

const partsOf = (facts: DockerfileFacts): readonly RunPart[] => partsOfStage(lastStage(facts))

const takesAll = (source: string): boolean => joinPath('', source) === '' || source === '*'

function codeBeforeDownloads(facts: DockerfileFacts): readonly Defect[] {
  const stage = lastStage(facts)
  const copy = facts.copies.find(({ sources }) => sources.some(takesAll))
  if (copy === undefined) return []
  const after = partsOfStage(stage.slice(stage.indexOf(copy.instruction)))
  const slow = after.filter((part) => part.purpose === 'download' || part.purpose === 'install')
  if (slow.length === 0) return []
  const downloads = slow.some((part) => part.purpose === 'download')
  return [
    {
      name: 'code before downloads',
      place: placeOf(copy.instruction),
      what: `the code is copied before ${downloads ? 'models are downloaded' : 'dependencies are installed'}, so every change of code does that again`,
      mend: 'dependencies and models go into Dockerfile.base, code into Dockerfile.app',
      saves: downloads ? 'the download of every model at each code change' : 'the installation at each code change',
    },
  ]
}

function ignoredFailures(facts: DockerfileFacts): readonly Defect[] {
  return partsOf(facts).flatMap(({ purpose, hiddenBy, place }): readonly Defect[] => {
    // What reads a download through a pipe fails itself when nothing comes.
    if (purpose !== 'download' || hiddenBy === undefined || hiddenBy.startsWith('| ')) return []
    return [
      {
        name: 'failure ignored',
        place: placeText(place),
        what: `a failed download does not fail the build (${withoutSecrets(whyHidden(hiddenBy))}), so an image without its model counts as good`,
        mend: 'the download may fail the build, and Dockerfile.base ends with a check as the runtime user, offline',
        saves: 'a release that downloads, or fails, in production',
      },
    ]
  })
}

/** Root fills its own cache, and the user that runs the app looks into another. */
function outOfReach(facts: DockerfileFacts, runs: DockerfileFacts | undefined): readonly Defect[] {
  const download = partsOf(facts).find((part) => part.purpose === 'download')
  const user = (runs ?? facts).user ?? facts.user
  if (download === undefined || user === undefined || /^(?:root|0)(?::|$)/.test(user)) return []
  const environment = environmentOf(lastStage(facts))
  const home = cacheVariables.map((name) => environment.get(name)).find((value) => value !== undefined)
  if (home !== undefined && !home.startsWith('/root') && !home.startsWith('~')) return []
  const before = lastStage(facts).slice(0, lastStage(facts).indexOf(download.instruction))
  if (before.some((one) => one.keyword === 'USER' && restOf(one) === user) && home === undefined) return []
  const place = home ?? '/root/.cache/huggingface'
  return [
    {
      name: 'models out of reach',
      place: placeText(download.place),
      what: `models are put into ${place} by root, and the app runs as ${user}, who looks elsewhere`,
      mend: 'HF_HOME names one place, readable by everybody, before anything is downloaded',
      saves: 'the download of every model at each start of a container',
    },
  ]
}

function recursiveChown(facts: DockerfileFacts, files: readonly DockerfileFacts[]): readonly Defect[] {
  const fills =
    files.some((file) => partsOf(file).some((part) => part.purpose === 'download')) || facts.copies.length > 0
  if (!fills) return []
  return partsOf(facts)
    .filter((part) => part.purpose === 'chown')
    .map((part) => ({
      name: 'chown -R',
      place: placeText(part.place),
      what: `\`${part.text.length > 60 ? `${part.text.slice(0, 57)}...` : part.text}\` copies every file that it touches into a layer of its own`,
      mend: 'COPY --chown gives owners as files are written, and the models stay where they are',
      saves: 'a second copy of code and models in every image that is pushed',
    }))
}

function wrongModels(service: ServiceFinding, files: readonly DockerfileFacts[]): readonly Defect[] {
  const parts = files.flatMap(partsOf).filter((part) => part.purpose === 'download')
  const wanted = service.models.models
  const [file] = files
  if (wanted.length === 0 || file === undefined) return []
  const [first] = parts
  if (first === undefined) {
    return [
      {
        name: 'models not baked',
        place: `${file.path}:1`,
        what: `no image holds ${wanted.map((model) => model.id).join(', ')}, so every container downloads on its own`,
        mend: 'Dockerfile.base downloads them once',
        saves: 'the download of every model at each start of a container',
      },
    ]
  }
  const baked = parts.flatMap((part) => part.models.map((model) => ({ id: model.id, part })))
  // A script that downloads may well bring what its name does not tell.
  if (baked.length === 0 || parts.some((part) => part.models.length === 0)) return []
  const useless = baked.filter(({ id }) => !wanted.some((model) => model.id === id))
  const missing = wanted.filter((model) => !baked.some(({ id }) => id === model.id))
  if (useless.length === 0 && missing.length === 0) return []
  const words = [
    ...useless.map(({ id }) => `${id} is baked and never loaded`),
    ...missing.map(({ id }) => `${id} is loaded and not baked`),
  ]
  return [
    {
      name: 'wrong models baked',
      place: placeText((useless[0]?.part ?? first).place),
      what: words.join('; '),
      mend: 'Dockerfile.base holds exactly the models that the code loads',
      saves: missing.length === 0 ? 'dead weight in the image' : 'a download at each start of a container',
    },
  ]
}

function twoRecipes({ dockerfiles: { whole, app } }: ServiceFinding): readonly Defect[] {
  if (
    whole === undefined ||
    app === undefined ||
    whole.command === '' ||
    app.command === '' ||
    whole.command === app.command
  )
    return []
  const cmd = lastStage(app).findLast((one) => one.keyword === 'CMD' || one.keyword === 'ENTRYPOINT')
  return [
    {
      name: 'two recipes',
      place: cmd === undefined ? app.path : placeOf(cmd),
      what: `${app.path} starts \`${app.command}\` and ${whole.path} starts \`${whole.command}\``,
      mend: 'one pair of Dockerfiles is the only recipe; delete the other one',
      saves: 'a fast deploy that ships another app than the slow one',
    },
  ]
}

function noDockerignore(tree: Tree, service: ServiceFinding, facts: DockerfileFacts | undefined): readonly Defect[] {
  const own = joinPath(service.context, '.dockerignore') ?? '.dockerignore'
  if (facts === undefined || tree.paths.includes(own) || tree.paths.includes(`${facts.path}.dockerignore`)) return []
  return [
    {
      name: 'no .dockerignore',
      place: own,
      what: 'everything in the folder can get into the image: .git, .env, virtual environments, caches',
      mend: 'a .dockerignore leaves them out',
      saves: 'bytes in every layer, and secrets in none',
    },
  ]
}
