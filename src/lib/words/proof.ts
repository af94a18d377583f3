import { formatBytes } from '../domain/format-bytes.js'
import { formatCount } from '../terminal/format.js'

interface ProvedModel {
  readonly id: string
  readonly place: string
  readonly files: number
  readonly bytes: number
}

/** How a base was proved, as its label `rampart.proof` has it: one line, and one for each model. Undefined for what is no such label. */
export function proofWords(proof: unknown): readonly string[] | undefined {
  if (typeof proof !== 'object' || proof === null) return undefined
  const { user, uid, models, commands } = proof as Partial<Record<string, unknown>>
  if (typeof user !== 'string' || !Array.isArray(models)) return undefined
  const whom = typeof uid === 'number' && String(uid) !== user ? `${user} (uid ${uid})` : user
  const own = typeof commands === 'number' && commands > 0 ? ` and ${formatCount(commands, 'command')}` : ''
  return [
    `as ${whom}, without a network: ${formatCount(models.length, 'model')}${own}`,
    ...models
      .filter(isProvedModel)
      .map(({ id, place, files, bytes }) => `${id}: ${formatCount(files, 'file')}, ${formatBytes(bytes)} in ${place}`),
  ]
}

function isProvedModel(model: unknown): model is ProvedModel {
  const { id, place, files, bytes } = (model ?? {}) as Partial<Record<keyof ProvedModel, unknown>>
  return typeof id === 'string' && typeof place === 'string' && typeof files === 'number' && typeof bytes === 'number'
}
