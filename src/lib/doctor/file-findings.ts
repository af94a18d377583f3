import { absolute, isInside, overlaps, withVariables, type Situated } from './build-file.js'
import { commandsOf } from './downloads.js'
import { cacheOfApp, filledCaches } from './model-cache.js'
import { findingAt, type Graded } from './outcome.js'
import type { WalkedService } from './service-files.js'
import { whyHidden, type ShellCommand } from '../shell/read.js'
import { withoutSecrets } from '../shell/without-secrets.js'

const at = (place: { readonly file: string; readonly line?: number }): string => `${place.file}:${place.line}`

const shown = ({ name, words }: ShellCommand): string => withoutSecrets([name, ...words].join(' ')).slice(0, 50)

// What reads a download through a pipe and fails itself when nothing comes.
const strict = /^\| (?:tar|gunzip|gzip|unzip|xz|zstd|bsdtar|gpg|sha\d+sum|jq|apt-key)\b/

/** Downloads whose failure the build does not see. */
export function hiddenFailures({ all }: WalkedService): readonly Graded[] {
  return all.flatMap(({ downloads }) =>
    downloads.flatMap(({ kind, command, step }): readonly Graded[] => {
      const { hiddenBy } = command
      if (hiddenBy === undefined || strict.test(hiddenBy)) return []
      const place = step.placeOf(command.at)
      return [
        {
          // A package that lacks shows at the first import; a model that lacks is downloaded again by every container.
          result: kind === 'model' && !hiddenBy.startsWith('| ') ? 'fail' : 'warn',
          ...findingAt(
            place,
            `when \`${shown(command)}\` fails the build goes on: ${withoutSecrets(whyHidden(hiddenBy))}`,
            remedy(hiddenBy, at(place)),
          ),
        },
      ]
    }),
  )
}

function remedy(hiddenBy: string, place: string): string {
  if (hiddenBy.startsWith('||')) return `edit ${place}: remove \`${withoutSecrets(hiddenBy)}\``
  if (hiddenBy.startsWith('|'))
    return `edit ${place}: begin the RUN with \`set -o pipefail &&\` in a shell that has it (SHELL ["/bin/bash", "-c"])`
  if (hiddenBy === ';') return `edit ${place}: write \`&&\` in place of \`;\``
  return `edit ${place}: begin the RUN with \`set -e;\`, and let the command fail`
}

interface Recursive {
  readonly command: ShellCommand
  readonly paths: readonly string[]
}

const changers: ReadonlySet<string> = new Set(['chown', 'chmod', 'chgrp'])

function recursives(step: Situated<'run'>): readonly Recursive[] {
  const { workdir, variables } = step.before
  return commandsOf(step).flatMap((command): readonly Recursive[] => {
    const { name, words } = command
    const operands = words.filter((word) => !word.startsWith('-'))
    const isFind = name === 'find' && words.some((word) => changers.has(word))
    const isRecursive = changers.has(name) && words.some((word) => /^-\w*R/.test(word) || word === '--recursive')
    if (!isFind && !isRecursive) return []
    const reference = words.some((word) => word.startsWith('--reference'))
    const paths = isFind ? operands.slice(0, 1) : operands.slice(reference ? 0 : 1)
    return [
      { command, paths: paths.map((path) => absolute(workdir, withVariables(path, variables).replace(/\/\*$/, ''))) },
    ]
  })
}

/** `chown -R` and `chmod -R` over what earlier layers hold: each touched file is stored a second time. */
export function recursiveChanges(service: WalkedService): readonly Graded[] {
  const caches = filledCaches(service)
  const filledBy = new Map(caches.map(({ by, directories }) => [by.step as Situated, directories]))
  // What the base's own file fills, or what rampart puts there without it.
  const inBase = caches
    .filter(({ by }) => service.base?.downloads.includes(by))
    .flatMap(({ directories }) => directories)
  const below = inBase.length > 0 || service.facts.models.length === 0 ? inBase : [cacheOfApp(service)]
  return service.all.flatMap((walked) => {
    const isApp = walked === service.app
    return walked.steps.flatMap((step, index) => {
      if (step.kind !== 'run') return []
      const earlier = walked.steps.slice(0, index)
      return recursives(step).flatMap(({ command, paths }): readonly Graded[] => {
        const place = step.placeOf(command.at)
        const own = filledBy.get(step) ?? []
        const foreign = paths.filter((path) => !own.some((directory) => isInside(path, directory)))
        const cache = [...(isApp ? below : []), ...earlier.flatMap((one) => filledBy.get(one) ?? [])].find(
          (directory) => foreign.some((path) => overlaps(path, directory)),
        )
        if (cache !== undefined) {
          return [
            {
              result: isApp ? 'fail' : 'warn',
              ...findingAt(
                place,
                `\`${shown(command)}\` stores the models in ${cache} a second time, in ${isApp ? 'the thin layer' : 'a layer of its own'}`,
                `edit ${at(place)}: remove it; give owners with COPY --chown, and let \`chmod -R a+rX\` stand in the RUN that downloads`,
              ),
            },
          ]
        }
        const copied = earlier.find(
          (one) =>
            one.kind === 'copy' && paths.some((path) => isInside(absolute(one.before.workdir, one.destination), path)),
        )
        if (copied === undefined) return []
        return [
          {
            result: 'warn',
            ...findingAt(
              place,
              `\`${shown(command)}\` stores what ${at(copied.place)} copied a second time`,
              `edit ${at(copied.place)}: give owner and mode there, with --chown and --chmod, and remove this`,
            ),
          },
        ]
      })
    })
  })
}

const dependencyFile =
  /^(?:requirements[\w.-]*\.(?:txt|in)|constraints[\w.-]*|pyproject\.toml|setup\.(?:py|cfg)|Pipfile[\w.]*|[\w.-]+\.lock|package[\w*-]*\.json|yarn\.lock|pnpm-[\w-]+\.yaml|\.npmrc|\.yarnrc[\w.]*|environment\.ya?ml|[\w-]*models?[\w-]*\.(?:json|ya?ml|toml|txt))$/

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

const clean = (source: string): string => source.replace(/^(?:\.?\/)+/, '').replace(/\/$/, '') || '.'

/** Files of the context that a step copies and that no dependency is read from. */
function sourcesOf(step: Situated, inputs: ReadonlySet<string>, used: ReadonlySet<string>): readonly string[] {
  if (step.kind !== 'copy' || !step.local) return []
  return step.sources.map(clean).filter((source) => {
    const name = nameOf(source)
    return !(dependencyFile.test(name) || isInput(source, inputs) || used.has(name))
  })
}

function isInput(source: string, inputs: ReadonlySet<string>): boolean {
  if (source === '.') return false
  const wildcard = source.search(/[*?[]/)
  const start = wildcard < 0 ? undefined : source.slice(0, wildcard)
  return (
    inputs.has(source) || (start !== undefined && start !== '' && [...inputs].some((input) => input.startsWith(start)))
  )
}

/** Whether one of the steps copies that file of the context. */
export function copies(steps: readonly Situated[], file: string): boolean {
  const holds = (source: string): boolean =>
    source === '.' ||
    source === file ||
    file.startsWith(`${source}/`) ||
    (/[*?[]/.test(source) && isInput(source, new Set([file])))
  return steps.some((step) => step.kind === 'copy' && step.local && step.sources.map(clean).some(holds))
}

/** Code that is copied before dependencies or models are downloaded: each change of it downloads them again. */
export function lateDownloads({ all, facts }: WalkedService): readonly Graded[] {
  const inputs = new Set(facts.base?.inputs.keys())
  return all.flatMap(({ steps, downloads }) => {
    const seen = new Set<Situated>()
    return downloads
      .filter(({ kind }) => kind !== 'file')
      .toSorted((a, b) => Number(b.kind === 'model') - Number(a.kind === 'model'))
      .flatMap(({ kind, command, step }): readonly Graded[] =>
        steps.slice(0, steps.indexOf(step)).flatMap((one) => {
          const sources = sourcesOf(one, inputs, new Set(command.words.map(nameOf)))
          if (sources.length === 0 || seen.has(one)) return []
          seen.add(one)
          const line = step.placeOf(command.at)
          return [
            {
              result: 'warn',
              ...findingAt(
                one.place,
                `${sources.join(' ')} is copied before ${at(line)} downloads ${kind === 'model' ? 'models' : 'packages'}: every change of it downloads them again`,
                `move ${at(one.place)} below ${at(line)}, and copy before it only what the download reads`,
              ),
            },
          ]
        }),
      )
  })
}

/** What the base is made of and its fingerprint does not know of. */
export function undeclaredInputs({ base, facts }: WalkedService): readonly Graded[] {
  const inputs = new Set(facts.base?.inputs.keys())
  return (base?.steps ?? []).flatMap((step): readonly Graded[] => {
    if (step.kind !== 'copy' || !step.local) return []
    const missing = step.sources.map(clean).filter((source) => !isInput(source, inputs))
    if (missing.length === 0) return []
    return [
      {
        result: 'warn',
        ...findingAt(
          step.place,
          `the base of ${facts.name} copies ${missing.join(' ')}, which is not among its inputs: a change of it leaves the base as it is`,
          `add ${missing.join(', ')} to services.${facts.name}.base.inputs in rampart.yml`,
        ),
      },
    ]
  })
}
