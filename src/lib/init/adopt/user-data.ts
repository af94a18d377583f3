import { parseImageRef } from '../../domain/image-ref.js'
import type { StandingContainer } from '../../domain/standing.js'
import { readShell } from '../../shell/read.js'
import { publishedPort, runServices } from '../compose-file.js'
import { serviceName } from '../places.js'

/**
 * The containers that user data starts: by the compose files in it, by `docker run`, and by variables that name images,
 * each repository once for each name. Pure, and never throws, whatever it holds.
 */
export function containersOf(userData: string): readonly StandingContainer[] {
  const script = userData.replaceAll('\r\n', '\n')
  const fill = filler(script)
  const found: StandingContainer[] = [...composed(script, fill), ...started(script, fill)]
  // A script of its own functions names its images in variables, and starts them out of sight.
  for (const one of named(script, fill)) {
    if (!found.some(({ host, repository }) => host === one.host && repository === one.repository)) found.push(one)
  }
  return found
}

const assignment = /^[ \t]*(?:-[ \t]+)?(?:export[ \t]+)?(?<name>[A-Za-z_]\w*)=(?<value>"[^"\n]*"|'[^'\n]*'|[^\s;&|]*)/gm

interface Variable {
  readonly name: string
  readonly value: string
}

/** Variables that the script sets to a text; what a command gives is not known before it runs. */
function variablesOf(script: string): readonly Variable[] {
  return [...script.matchAll(assignment)].flatMap(({ groups }) => {
    const value = (groups?.['value'] ?? '').replaceAll(/^["']|["']$/g, '')
    return value === '' || /\$\(|`/.test(value) ? [] : [{ name: groups?.['name'] ?? '', value }]
  })
}

type Fill = (text: string) => string

const variable = /\\?\$(?:\{(?<braced>\w+)(?::?-(?<otherwise>[^}]*))?\}|(?<bare>[A-Za-z_]\w*))/g

/** Puts in what the script itself says of its variables; all others stay as they are. */
function filler(script: string): Fill {
  const values = new Map(variablesOf(script).map(({ name, value }) => [name, value]))
  const once = (text: string): string =>
    text.replaceAll(variable, (whole: string, ...rest: unknown[]) => {
      const { braced, otherwise, bare } = rest.at(-1) as Readonly<Record<string, string | undefined>>
      return values.get(braced ?? bare ?? '') ?? otherwise ?? whole
    })
  return (text) => {
    let filled = text
    for (let round = 0; round < 5 && filled.length < 2000; round += 1) filled = once(filled)
    return filled
  }
}

/** Host and repository of a reference that names a host, also one that a variable holds. */
export function readReference(text: string): Pick<StandingContainer, 'host' | 'repository'> | undefined {
  const [, host = '', rest = ''] = /^([^/\s]+)\/(\S+)$/.exec(text) ?? []
  if (/[.:]/.test(host) || host === 'localhost' || host.startsWith('$')) {
    // A tag that a variable holds is a tag.
    const reference = parseImageRef(`host.invalid/${rest.replaceAll(/\$(?:\{[^}]*\}|\w+)/g, 'x')}`)
    return reference === undefined ? undefined : { host, repository: reference.repository }
  }
  const reference = parseImageRef(text)
  return reference === undefined ? undefined : { host: '', repository: reference.repository }
}

const lastPart = (repository: string): string => repository.slice(repository.lastIndexOf('/') + 1)

/** The files that the script writes: by here-documents, and by cloud-config. */
function writtenFiles(script: string): readonly string[] {
  const documents = [...script.matchAll(/<<(-?)[ \t]*(["']?)(\w+)\2[^\n]*\n([\s\S]*?)\n[ \t]*\3[ \t]*(?=\n|$)/g)].map(
    ([, dash, , , body = '']) => (dash === '-' ? body.replaceAll(/^\t+/gm, '') : body),
  )
  // https://docs.cloud-init.io/en/latest/reference/yaml_examples/write_files.html: a block under `content: |`.
  const blocks = [
    ...script.matchAll(/^([ \t]*)(?:-[ \t]+)?content:[ \t]*[|>][+-]?[ \t]*\n((?:\1[ \t]+[^\n]*\n|[ \t]*\n)*)/gm),
  ].map(([, , body = '']) => {
    const depth = /^[ \t]*/.exec(body)?.[0].length ?? 0
    return body.replaceAll(new RegExp(`^[ \\t]{0,${depth}}`, 'gm'), '')
  })
  return [...documents, ...blocks]
}

function composed(script: string, fill: Fill): readonly StandingContainer[] {
  return writtenFiles(script)
    .flatMap((file) => runServices(file))
    .map(({ logGroup, ...service }) => {
      const image = fill(service.image)
      // What comes from elsewhere at boot is shown as it is written.
      const reference = readReference(image) ?? { host: '', repository: image }
      return { ...service, ...reference, image, ...(logGroup !== undefined && { logGroup: fill(logGroup) }) }
    })
}

/** What `docker run` starts: https://docs.docker.com/reference/cli/docker/container/run/ */
function started(script: string, fill: Fill): readonly StandingContainer[] {
  const lines = script.replaceAll(/\\\n[ \t]*/g, ' ').split('\n')
  return lines.flatMap((line): readonly StandingContainer[] => {
    const at = line.search(/\b(?:docker|podman|nerdctl)\s+run\s/)
    if (at < 0 || line.trimStart().startsWith('#')) return []
    const words = wordsOf(line.slice(at)).map(fill)
    const image = words.find((word) => /[.:$]|^localhost\//.test(word.split('/')[0] ?? '') && isReference(word))
    const reference = image === undefined ? undefined : readReference(image)
    if (image === undefined || reference === undefined) return []
    const options = words.slice(0, words.indexOf(image))
    const name = valuesOf(options, ['--name'])[0]
    const group = valuesOf(options, ['--log-opt']).flatMap((one) => /^awslogs-group=(.+)/.exec(one)?.[1] ?? [])[0]
    return [
      {
        name: serviceName(name === undefined || /[$%]/.test(name) ? lastPart(reference.repository) : name, 'app'),
        image,
        ...reference,
        ports: valuesOf(options, ['-p', '--publish']).flatMap((one) => publishedPort(one) ?? []),
        ...(group !== undefined && { logGroup: group }),
      },
    ]
  })
}

const isReference = (word: string): boolean => word.includes('/') && readReference(word) !== undefined

function wordsOf(line: string): readonly string[] {
  try {
    return readShell(line, { errexit: false, pipefail: false })[0]?.words.slice(1) ?? []
  } catch {
    return line.split(/\s+/).slice(2)
  }
}

function valuesOf(words: readonly string[], names: readonly string[]): readonly string[] {
  return words.flatMap((word, index) => {
    if (names.includes(word)) return words[index + 1] ?? []
    const name = names.find((one) => word.startsWith(`${one}=`))
    return name === undefined ? [] : word.slice(name.length + 1)
  })
}

/** Variables that hold a reference with a host: `BACKEND_IMAGE=…/rampart-backend:latest`. */
function named(script: string, fill: Fill): readonly StandingContainer[] {
  return variablesOf(script).flatMap(({ name, value }) => {
    const image = fill(value)
    const isImage =
      /:[\w.-]+$|@sha256:[0-9a-f]{64}$/.test(image) && /^[\w.-]+\.[\w.-]+(?::\d+)?\/|^[^/]+:\d+\//.test(image)
    const reference = isImage && !image.includes('//') ? readReference(image) : undefined
    if (reference === undefined) return []
    const stem = name.replace(/_?IMAGE(?:_(?:URI|REF|NAME))?$/i, '')
    return [
      { name: serviceName(stem === '' ? lastPart(reference.repository) : stem, 'app'), image, ...reference, ports: [] },
    ]
  })
}
