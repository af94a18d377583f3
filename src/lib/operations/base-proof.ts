import { formatBytes } from '../domain/format-bytes.js'
import type { ModelProof } from '../image/base/judge.js'

const heads = ['model', 'expected', 'found', 'bytes', 'where'] as const

/** The models of a proof as lines of a table: what was expected, what was found, how large it is, and where. */
export function proofTable(models: readonly ModelProof[]): readonly string[] {
  if (models.length === 0) return []
  const rows = models.map(({ id, revision, found, bytes, place, problem }) => [
    id,
    revision.slice(0, 12),
    found.length === 0 ? 'nothing' : found.map((one) => one.slice(0, 12)).join(' '),
    bytes === 0 ? '-' : formatBytes(bytes),
    `${place ?? '-'}${problem === undefined ? '' : `  ${problem}`}`,
  ])
  const table = [heads, ...rows]
  const widths = heads.map((_, column) => Math.max(...table.map((row) => (row[column] ?? '').length)))
  return table.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd())
}
