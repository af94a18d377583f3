import { parseImageRef } from '../domain/image-ref.js'
import { formatPlace } from '../errors/rampart-error.js'
import type { BuildStep } from './build-file.js'
import { commandsOf } from './downloads.js'
import { copies } from './file-findings.js'
import { findingAt, type Graded } from './outcome.js'
import type { WalkedService } from './service-files.js'
import { holdsSecret } from '../shell/without-secrets.js'

const at = (place: { readonly file: string; readonly line?: number }): string => `${place.file}:${place.line}`

/** Whether the app stands on the base that is checked and rebuilt for it. */
export function baseMismatches({ app, facts }: WalkedService): readonly Graded[] {
  const { base } = facts
  const from = app.file.steps.findLast((step) => step.kind === 'from')
  if (base === undefined || from?.kind !== 'from') return []
  const ref = parseImageRef(from.reference)
  const wanted = base.tag === 'latest' ? base.repository : `${base.repository}:${base.tag}`
  const change = `edit ${at(from.place)}: FROM ${wanted}`
  if (ref?.repository !== base.repository) {
    const detail = `stands on ${from.reference}, not on ${base.repository}: what the base carries and proves is not in this image`
    return [{ result: 'fail', ...findingAt(from.place, detail, change) }]
  }
  const tag = ref.tag ?? 'latest'
  if (ref.digest !== undefined || tag === base.tag) return []
  const detail = `stands on the tag ${tag} of ${base.repository}; rampart builds and checks ${base.tag}`
  return [{ result: 'fail', ...findingAt(from.place, detail, change) }]
}

/** Images from elsewhere that are another one whenever they are pulled. */
export function movingBases({ all, facts }: WalkedService): readonly Graded[] {
  return all.flatMap(({ file }) => {
    const stages = new Set(file.steps.map((step) => (step.kind === 'from' ? step.name : undefined)))
    return file.steps.flatMap((step): readonly Graded[] => {
      if (step.kind !== 'from' || stages.has(step.reference) || step.reference === 'scratch') return []
      const ref = parseImageRef(step.reference)
      if (ref === undefined || ref.repository === facts.base?.repository || ref.digest !== undefined) return []
      if (ref.tag !== undefined && ref.tag !== 'latest') return []
      const detail = `${step.reference} is whatever ${ref.tag === undefined ? 'its publisher calls latest' : 'was pushed last'}: two builds of the same files differ`
      const remedy = `edit ${at(step.place)}: name a version of ${ref.repository}, e.g. FROM ${ref.repository}:<version>`
      return [{ result: 'warn', ...findingAt(step.place, detail, remedy) }]
    })
  })
}

/** Whether the models that are declared are those that the build downloads. */
export function modelMismatches({ all, base, facts }: WalkedService): readonly Graded[] {
  const config = 'services.' + facts.name + '.base.models in rampart.yml'
  const ours = facts.models.filter((model) => !model.providedByRampart)
  const downloads = all.flatMap((walked) => walked.downloads.filter(({ kind }) => kind === 'model'))
  const read = [...(facts.base?.inputs ?? [])].filter(([input]) => copies(base?.steps ?? [], input))
  const text = [facts.base?.text ?? '', ...read.map(([, content]) => content)].join('\n')
  const absent = ours.filter(({ id }) => !text.includes(id))
  const declared = new Set(facts.models.map(({ id }) => id))
  const file = base?.file.path ?? all[0]?.file.path ?? ''
  return [
    ...absent.map(({ id }): Graded => ({
      result: 'fail',
      detail: `${id} is declared, but neither ${file} nor an input that it copies names it: every container will download it`,
      place: formatPlace({ file }),
      remedy: `download ${id} in ${file}, or remove it from ${config}`,
    })),
    ...downloads.flatMap(({ models, command, step }) =>
      models
        .filter((id) => !declared.has(id) && !facts.configText.includes(id))
        .map((id): Graded => ({
          result: 'warn',
          ...findingAt(
            step.placeOf(command.at),
            `${id} is downloaded and not declared: nobody proves that it is in the image, or sees that it changed`,
            `add { id: ${id}, revision: <commit> } to ${config}`,
          ),
        })),
    ),
  ]
}

/** Whether the app runs as root. */
export function rootUsers({ app, facts }: WalkedService): readonly Graded[] {
  if (!['root', '0', ''].includes(app.after.user)) return []
  const place = app.file.steps.findLast(({ kind }) => kind === 'from')?.place ?? { file: app.file.path, line: 1 }
  return [
    {
      result: 'warn',
      ...findingAt(
        place,
        `${facts.name} runs as root: no USER says otherwise`,
        `add USER 10001:10001 to ${app.file.path}, and --chown=10001:10001 to its COPY`,
      ),
    },
  ]
}

const secretName = /(?:^|_)(?:TOKEN|PASSWORD|PASSWD|SECRET|API_?KEY|ACCESS_KEY|PRIVATE_KEY|SECRET_KEY|CREDENTIALS)$/i

// What programs keep their secrets in; an example of one is none.
const secretFile =
  /(?:^|\/)(?:\.env(?:\.(?!example$|sample$|template$)[\w-]+)?|\.netrc|\.aws|\.ssh|\.pypirc|id_(?:rsa|dsa|ecdsa|ed25519)|[\w.-]+\.(?:pem|key|p12|pfx))$/

/** Secrets that the Dockerfile writes into the image, where everybody who pulls it can read them. Values are not shown. */
export function writtenSecrets({ all }: WalkedService): readonly Graded[] {
  return all.flatMap(({ file }) => file.steps.flatMap(secretsOf))
}

const mountSecret = 'take it from RUN --mount=type=secret'

function secretsOf(step: BuildStep): readonly Graded[] {
  const found = (result: Graded['result'], detail: string, remedy: string, place = step.place): Graded => ({
    result,
    ...findingAt(place, detail, `edit ${at(place)}: ${remedy}`),
  })
  switch (step.kind) {
    case 'env':
    case 'arg': {
      const names = Object.entries(step.values).filter(([name, value]) => secretName.test(name) && value !== '')
      return names.map(([name]) =>
        step.kind === 'env'
          ? found('fail', `ENV ${name} puts a secret into the image's configuration`, 'remove it; the target gives it')
          : found('warn', `ARG ${name} puts a secret into the image's history`, mountSecret),
      )
    }
    case 'copy': {
      const files = step.local ? step.sources.filter((source) => secretFile.test(source)) : []
      return files.map((source) =>
        found('fail', `${source} holds secrets, and is copied into the image`, 'leave it out; the target gives it'),
      )
    }
    case 'run':
      return commandsOf(step)
        .filter(({ name, words, assignments }) =>
          holdsSecret([name, ...words, ...Object.values(assignments)].join(' ')),
        )
        .slice(0, 1)
        .map(({ name, at: index }) =>
          found(
            'fail',
            `a token stands in this ${name}, and so in the image's history`,
            mountSecret,
            step.placeOf(index),
          ),
        )
    default:
      return []
  }
}

/** Whether a .dockerignore keeps out what no image should hold. */
export function ignoreGaps({ facts }: WalkedService): readonly Graded[] {
  const { path, expected, lets } = facts.ignoreFile
  if (path === undefined) {
    return [
      {
        result: 'warn',
        detail: `${facts.name} has no .dockerignore: everything in the context goes into COPY . and into its cache key`,
        place: expected,
        remedy: `printf '%s\\n' .git .env .venv '**/__pycache__' > ${expected}`,
      },
    ]
  }
  if (lets.length === 0) return []
  return [
    {
      result: 'warn',
      detail: `${path} lets ${lets.join(', ')} into the context`,
      place: path,
      remedy: `printf '%s\\n' ${lets.join(' ')} >> ${path}`,
    },
  ]
}

/** Whether Dockerfile.app becomes one layer without an engine. */
export function engineNeeds({ facts, app }: WalkedService): readonly Graded[] {
  const { notOneLayer } = facts
  if (notOneLayer === undefined) return []
  return [
    {
      result: 'warn',
      detail: `${app.file.path} cannot become one thin layer: ${notOneLayer.detail}`,
      ...(notOneLayer.place !== undefined && { place: notOneLayer.place }),
      remedy: `move what it runs into the base's Dockerfile, or rampart app build --builder docker`,
    },
  ]
}
