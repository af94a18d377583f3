import type { LoadFact, Progress } from './fact.js'

const factors: Readonly<Record<string, number>> = { '': 0, K: 1, M: 2, G: 3, T: 4, P: 5, E: 6 }

/** A number with tqdm's unit, e.g. `273M`, `1.02G`, `4Ki`. https://github.com/tqdm/tqdm: format_sizeof, divisor 1000 */
function amount(number: string, unit: string): number {
  const base = unit.endsWith('i') ? 1024 : 1000
  return Math.round(Number(number) * base ** (factors[unit.charAt(0).toUpperCase()] ?? 0))
}

interface Bar {
  readonly label: string
  readonly percent: number
  readonly done: number
  readonly total: number
  readonly isBytes: boolean
}

// Everything is bounded: a line that only looks like a bar must not cost more than one pass.
const counts = /^ {0,8}([\d.]{1,20})([kKMGTPE]?i?)B?\/([\d.]{1,20})([kKMGTPE]?i?)B? {0,4}\[([^\]]{0,200})/
const withoutTotal =
  /(?:^|\s)(\S{1,120}): {1,4}([\d.]{1,20})([kKMGTPE]?i?)B? \[\d{1,4}:\d\d(?::\d\d)?, [^\]]{0,40}B\/s\]$/

/** A bar of tqdm, or of vLLM's own format of it (`50% Completed | 1/2 [00:01<00:01, …]`). */
function readBar(text: string): Bar | undefined {
  const completed = text.lastIndexOf('% Completed |')
  const at = completed >= 0 ? completed : text.lastIndexOf('%|')
  if (at < 0) return undefined
  const percent = /\d{1,3}$/.exec(text.slice(Math.max(0, at - 3), at))?.[0]
  if (percent === undefined) return undefined
  const rest = text.slice(at + 2)
  const end = completed >= 0 ? text.slice(at).indexOf('|') - 2 : rest.indexOf('|')
  const [, done, doneUnit = '', total, totalUnit = '', times = ''] = counts.exec(rest.slice(end + 1)) ?? []
  if (end < 0 || done === undefined || total === undefined) return undefined
  const label = text.slice(Math.max(0, at - percent.length - 300), at - percent.length)
  const bar = { done: amount(done, doneUnit), total: amount(total, totalUnit) }
  if (!Number.isFinite(bar.done) || !Number.isFinite(bar.total) || bar.total <= 0) return undefined
  return {
    // tqdm sets a colon after what it was told to say; anything else before a bar is a logger's.
    label: label.trimEnd().endsWith(':') ? label.trimEnd().slice(0, -1).trim() : '',
    percent: Math.min(100, Number(percent)),
    done: Math.min(bar.done, bar.total),
    total: bar.total,
    isBytes: times.includes('B/s'),
  }
}

const noModel = /\b(?:data|datasets?|splits?|upload(?:ing)?|processing files)\b/i

function download(label: string, progress?: Progress): LoadFact | undefined {
  if (noModel.test(label)) return undefined
  const file = label.split(/\s/).at(-1) ?? ''
  const named = /[.…]/.test(file) && !file.endsWith('...')
  return {
    kind: 'downloading',
    ...(named && { file: file.replace(/^\(…\)/, '…') }),
    ...(progress !== undefined && { progress }),
  }
}

const shards = /(?:checkpoint shards|\bloading shards|pipeline components(?:\.\.\.)?)$/i
const weights = /(?:^|\s)Loading weights$/
const files = /(?:^|\s)(?:Fetching \d{1,6} files|Downloading shards)$/

/**
 * What a progress bar tells, that of huggingface_hub, transformers, diffusers, vLLM or torch.hub; nothing for bars of
 * anything else (`Batches: 40%|…`).
 */
export function readProgressBar(text: string): LoadFact | undefined {
  const bar = readBar(text)
  if (bar === undefined) {
    const [, label, done, unit = ''] = withoutTotal.exec(text.slice(-400)) ?? []
    return label === undefined || !Number.isFinite(amount(done ?? '', unit)) ? undefined : download(label)
  }
  const { label, percent, done, total, isBytes } = bar
  if (isBytes) return download(label, { done, total, unit: 'bytes' })
  if (shards.test(label)) return { kind: 'loading', progress: { done, total, unit: 'shards' } }
  // Tensors, of which a model has hundreds: as a count they say nothing to anybody.
  if (weights.test(label)) return { kind: 'loading', progress: { done: percent, total: 100, unit: 'percent' } }
  if (files.test(label)) return { kind: 'fetching', progress: { done: percent, total: 100, unit: 'percent' } }
  return undefined
}
