import type { RunStep, Situated } from './build-file.js'
import { readShell, type ShellCommand } from './shell.js'

/** What a command brings into the image from elsewhere: model weights, packages of a language or system, any file. */
export type DownloadKind = 'model' | 'package' | 'file'

/** A command of a Dockerfile that downloads. */
export interface Download {
  readonly kind: DownloadKind
  readonly command: ShellCommand
  readonly step: Situated<'run'>
  /** Variables that are set while it runs: those of the image, then its own. */
  readonly environment: Readonly<Record<string, string>>
  /** The model ids that it names. */
  readonly models: readonly string[]
}

// What Python libraries call the functions that fetch weights when they are not there yet. Names of the first kind mean
// nothing else, also where an import gives them another one.
const loaders =
  /\b(?:from_pretrained|snapshot_download|hf_hub_download|SentenceTransformer|CrossEncoder)\b|\b(?:pipeline|load_model|hub\.load|spacy\.cli\.download|nltk\.download)\s*\(/
const fetcher = /(?:download|fetch|prefetch|preload|warm[-_]?up|cache)[\w-]*\.(?:py|sh)$|(?:^|\/)models?[\w-]*\.py$/i
const hub = /\bhuggingface\.co\b|\bhf\.co\b/

const idOnly = /^[\w.-]+\/[\w.-]+$/
const modelId = /(['"])([\w.-]+\/[\w.-]+)\1/g

const python = /^(?:.*\/)?python[\d.]*$/
const packages: Readonly<Record<string, RegExp>> = {
  pip: /^(?:install|download|wheel)$/,
  pip3: /^(?:install|download|wheel)$/,
  uv: /^(?:sync|pip)$/,
  poetry: /^install$/,
  pipenv: /^(?:install|sync)$/,
  npm: /^(?:ci|install|i)$/,
  yarn: /^(?:install|add)$/,
  pnpm: /^(?:install|i|add)$/,
  'apt-get': /^install$/,
  apt: /^install$/,
  apk: /^add$/,
  dnf: /^install$/,
  yum: /^install$/,
  conda: /^(?:install|env|create)$/,
  mamba: /^(?:install|env|create)$/,
}
const transfers: ReadonlySet<string> = new Set(['curl', 'wget', 'aria2c', 'gsutil', 'rclone'])

function kindOf({ name, words }: ShellCommand, offline: boolean): DownloadKind | undefined {
  const program = name.slice(name.lastIndexOf('/') + 1)
  const all = words.join(' ')
  if (program === 'huggingface-cli' || program === 'hf') return words[0] === 'download' ? 'model' : undefined
  if (program === 'git') {
    if (words[0] === 'lfs') return words[1] === 'pull' || words[1] === 'clone' ? 'model' : undefined
    return words[0] === 'clone' ? (hub.test(all) ? 'model' : 'file') : undefined
  }
  if (python.test(name)) {
    if (words[0] === '-m') {
      if (words[1] === 'pip') return words[2] === 'install' ? 'package' : undefined
      return /^(?:spacy|nltk\.downloader)$/.test(words[1] ?? '') && /download/.test(all) ? 'model' : undefined
    }
    if (offline) return undefined
    if (words[0] === '-c') return loaders.test(all) ? 'model' : undefined
    // A script that stands on stdin, or one of the project whose name says what it is for.
    return fetcher.test(words[0] ?? '') && !words.includes('--check') ? 'model' : undefined
  }
  if (program === 'aws') return words[0] === 's3' && /^(?:cp|sync)$/.test(words[1] ?? '') ? 'file' : undefined
  if (transfers.has(program)) return hub.test(all) ? 'model' : 'file'
  if (fetcher.test(name) && program.endsWith('.sh')) return 'model'
  const verb = packages[program]
  return verb !== undefined && words.some((word) => verb.test(word)) ? 'package' : undefined
}

const isOn = (value: string | undefined): boolean => /^(?:1|true|yes|on)$/i.test(value ?? '')

function modelsOf({ name, words }: ShellCommand): readonly string[] {
  const program = name.slice(name.lastIndexOf('/') + 1)
  if (program === 'hf' || program === 'huggingface-cli') {
    return words
      .slice(1)
      .filter((word) => idOnly.test(word))
      .slice(0, 1)
  }
  // A script of the project that is told which model to fetch.
  if (/\.(?:py|sh)$/.test(words[0] ?? name)) return words.slice(1).filter((word) => idOnly.test(word))
  if (words[0] === '-c') return Array.from((words[1] ?? '').matchAll(modelId), (match) => match[2] ?? '')
  return []
}

/** The shell commands of a RUN. */
export function commandsOf(step: RunStep): readonly ShellCommand[] {
  return readShell(step.script, step.shell)
}

/** The commands of these steps that download, in the order of the file. */
export function findDownloads(steps: readonly Situated[]): readonly Download[] {
  return steps.flatMap((step) => {
    if (step.kind !== 'run') return []
    // `export` holds for the commands after it.
    let exported: Readonly<Record<string, string>> = {}
    return commandsOf(step).flatMap((command): readonly Download[] => {
      if (command.name === 'export' || command.name === '') exported = { ...exported, ...command.assignments }
      const environment = { ...step.before.variables, ...exported, ...command.assignments }
      const offline = isOn(environment['HF_HUB_OFFLINE']) || isOn(environment['TRANSFORMERS_OFFLINE'])
      const kind = kindOf(command, offline)
      return kind === undefined ? [] : [{ kind, command, step, environment, models: modelsOf(command) }]
    })
  })
}
