import type { ShellCommand } from './read.js'

/** What a command brings from elsewhere: model weights, packages of a language, packages of the system, any file. */
export type DownloadKind = 'model' | 'package' | 'system' | 'file'

// What Python libraries call the functions that fetch weights when they are not there yet. Names of the first kind mean
// nothing else, also where an import gives them another one.
const loaders =
  /\b(?:from_pretrained|snapshot_download|hf_hub_download|SentenceTransformer|CrossEncoder)\b|\b(?:pipeline|load_model|hub\.load|spacy\.cli\.download|nltk\.download)\s*\(/
const fetcher = /(?:download|fetch|prefetch|preload|warm[-_]?up|cache)[\w-]*\.(?:py|sh)$|(?:^|\/)models?[\w-]*\.py$/i
const hub = /\bhuggingface\.co\b|\bhf\.co\b/

const idOnly = /^[\w.-]+\/[\w.-]+$/
const modelId = /(['"])([\w.-]+\/[\w.-]+)\1/g

const python = /^(?:.*\/)?python[\d.]*$/
const shell = /^(?:.*\/)?(?:ba|da|a)?sh$/
const packages: Readonly<Record<string, RegExp>> = {
  pip: /^(?:install|download|wheel)$/,
  pip3: /^(?:install|download|wheel)$/,
  uv: /^(?:sync|pip)$/,
  poetry: /^install$/,
  pipenv: /^(?:install|sync)$/,
  npm: /^(?:ci|install|i)$/,
  yarn: /^(?:install|add)$/,
  pnpm: /^(?:install|i|add)$/,
}
const systemPackages: Readonly<Record<string, RegExp>> = {
  'apt-get': /^install$/,
  apt: /^install$/,
  apk: /^add$/,
  dnf: /^install$/,
  yum: /^install$/,
  conda: /^(?:install|env|create)$/,
  mamba: /^(?:install|env|create)$/,
}
const transfers: ReadonlySet<string> = new Set(['curl', 'wget', 'aria2c', 'gsutil', 'rclone'])

const baseName = (name: string): string => name.slice(name.lastIndexOf('/') + 1)

const isOn = (value: string | undefined): boolean => /^(?:1|true|yes|on)$/i.test(value ?? '')

/** What a command downloads with those variables set; undefined when nothing says that it downloads. */
export function downloadKind(
  { name, words }: Pick<ShellCommand, 'name' | 'words'>,
  environment: Readonly<Record<string, string>>,
): DownloadKind | undefined {
  const offline = isOn(environment['HF_HUB_OFFLINE']) || isOn(environment['TRANSFORMERS_OFFLINE'])
  const program = baseName(name)
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
  const script = shell.test(name) ? (words.find((word) => !word.startsWith('-')) ?? '') : name
  if (script.endsWith('.sh')) return fetcher.test(script) ? 'model' : undefined
  const holds = (verbs: RegExp | undefined): boolean => verbs !== undefined && words.some((word) => verbs.test(word))
  if (holds(packages[program])) return 'package'
  return holds(systemPackages[program]) ? 'system' : undefined
}

/** The model ids that a command which downloads names, as it names them. */
export function namedModels({ name, words }: Pick<ShellCommand, 'name' | 'words'>): readonly string[] {
  const program = baseName(name)
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
