import type { Instruction } from '../image/recipe/dockerfile.js'
import { readJsonWords } from '../image/recipe/words.js'
import { restOf } from './dockerfile-facts.js'
import { findModels, type FoundModel } from './python/models.js'
import { readModule } from './python/module.js'
import { createProject } from './python/project.js'
import { shellWords, splitShell } from './shell.js'

/** What one command of a RUN is for. */
type Purpose = 'download' | 'install' | 'user' | 'chown' | 'other'

/** One command of a RUN. */
export interface RunPart {
  readonly instruction: Instruction
  readonly text: string
  readonly words: readonly string[]
  readonly purpose: Purpose
  /** `||` and what follows it makes a failure look like success. */
  readonly ignoresFailure: boolean
  /** What stands between it and the next command: `&&`, `||`, `;` or nothing. */
  readonly operator: string
  /** The models that Python code in it loads. */
  readonly models: readonly FoundModel[]
}

/** The commands of a RUN, in order. What `||` leads to is not one of them when it only hides a failure. */
export function runParts(instruction: Instruction): readonly RunPart[] {
  const rest = restOf(instruction)
  const json = readJsonWords(rest)
  const segments =
    json === undefined || json === 'not-strings' ? splitShell(rest) : [{ text: json.join(' '), at: 0, operator: '' }]
  const parts: RunPart[] = []
  for (const [index, segment] of segments.entries()) {
    const before = segments[index - 1]
    if (before?.operator === '||' && /^(?:true|:|echo\b|exit 0|printf\b)/.test(segment.text)) continue
    const words = json === undefined || json === 'not-strings' ? shellWords(segment.text) : json
    const next = segments[index + 1]
    const models = modelsOfCommand(words)
    parts.push({
      instruction,
      text: segment.text,
      words,
      purpose: purposeOf(words, models),
      ignoresFailure:
        segment.operator === '||' && next !== undefined && /^(?:true|:|echo\b|exit 0|printf\b)/.test(next.text),
      operator: segment.operator,
      models,
    })
  }
  return parts
}

function pythonCode(words: readonly string[]): string | undefined {
  const at = words.findIndex((word) => /^python[\d.]*$/.test(word.split('/').at(-1) ?? ''))
  return at >= 0 && words[at + 1] === '-c' ? words[at + 2] : undefined
}

function modelsOfCommand(words: readonly string[]): readonly FoundModel[] {
  const code = pythonCode(words)
  if (code !== undefined) return findModels(createProject([readModule('run.py', code)])).models
  // `hf download org/name`, `huggingface-cli download org/name`
  const at = words.indexOf('download')
  const program = words[at - 1] ?? ''
  const id = words[at + 1]
  return /(?:^|\/)(?:hf|huggingface-cli)$/.test(program) && id !== undefined && !id.startsWith('-')
    ? [{ id, places: [] }]
    : []
}

const withoutPrefix = (words: readonly string[]): readonly string[] => {
  const start = words.findIndex((word) => !/^[A-Za-z_]\w*=|^(?:sudo|set|exec)$|^-/.test(word))
  return start < 0 ? words : words.slice(start)
}

function purposeOf(all: readonly string[], models: readonly FoundModel[]): Purpose {
  const words = withoutPrefix(all)
  const line = words.join(' ')
  const code = pythonCode(words)
  if (models.length > 0) return 'download'
  if (
    code !== undefined &&
    /from_pretrained|snapshot_download|SentenceTransformer|transformers|gliner|nltk|spacy/.test(code)
  )
    return 'download'
  if (/^(?:hf|huggingface-cli) download\b/.test(line)) return 'download'
  // A script of the project's own that fetches: told by its name, as nobody runs it here.
  if (/^(?:python[\d.]*|bash|sh)\s+\S*(?:download|fetch|prefetch|cache|warm)\w*\.(?:py|sh)\b/.test(line))
    return 'download'
  if (
    /^(?:\S*\/)?(?:(?:python[\d.]*\s+-m\s+)?pip[\d.]*|uv pip|uv|poetry|pipenv|npm|yarn|pnpm)\s+(?:.*\s)?(?:install|sync|ci|export)\b/.test(
      line,
    )
  )
    return 'install'
  if (/^(?:useradd|adduser|groupadd|addgroup)\b/.test(line)) return 'user'
  return /^chown\b/.test(line) && words.some((word) => /^-\w*R|^--recursive$/.test(word)) ? 'chown' : 'other'
}
