import type { Environment } from './progress.js'

const usual = 80
const narrowest = 20

/** The columns of a terminal, else those that COLUMNS names, else 80; at least 20. */
export function terminalWidth(stream: { readonly columns?: number | undefined }, env: Environment): number {
  const named = Number(env['COLUMNS'])
  const known = [stream.columns, named].find((value) => value !== undefined && Number.isFinite(value) && value > 0)
  return Math.max(narrowest, Math.floor(known ?? usual))
}
