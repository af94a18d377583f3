import type { CacheModel } from '../domain/model-cache.js'
import { RampartError } from '../errors/rampart-error.js'

/** The container of the stack's task that downloads. */
export const fillContainer = 'fill'

/** Models that one task brings, and what it is started with. */
export interface Batch {
  readonly models: readonly CacheModel[]
  readonly environment: Readonly<Record<string, string>>
}

interface Run {
  /** The program that downloads, as the task takes it. */
  readonly program: string
  readonly endpoint: string | undefined
}

/** Of all overrides together, JSON and all: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskOverride.html */
const mostCharacters = 8192

/** As few tasks as can be. A model whose patterns are too long for one is a `usage` error. */
export function batchesOf(models: readonly CacheModel[], run: Run): readonly Batch[] {
  const batches: Batch[] = []
  for (const model of models) {
    const last = batches.at(-1)
    const together = last === undefined ? undefined : batchOf([...last.models, model], run)
    if (together !== undefined && lengthOf(together) <= mostCharacters) {
      batches[batches.length - 1] = together
      continue
    }
    const alone = batchOf([model], run)
    if (lengthOf(alone) > mostCharacters) {
      throw new RampartError('usage', `The patterns of ${model.id} are too long for a task of ECS.`, {
        next: ['say the same with fewer patterns in `files`, e.g. "*.safetensors"'],
      })
    }
    batches.push(alone)
  }
  return batches
}

const batchOf = (models: readonly CacheModel[], { program, endpoint }: Run): Batch => ({
  models,
  environment: {
    RAMPART_SCRIPT: program,
    RAMPART_MODELS: JSON.stringify(models),
    ...(endpoint !== undefined && { HF_ENDPOINT: endpoint }),
  },
})

/** The models of a task that was started so; none when that can not be read. */
export function modelsIn({ RAMPART_MODELS: text }: Batch['environment']): readonly CacheModel[] {
  try {
    const models: unknown = JSON.parse(text ?? '[]')
    return Array.isArray(models) ? (models as readonly CacheModel[]) : []
  } catch {
    return []
  }
}

const lengthOf = ({ environment }: Batch): number =>
  JSON.stringify({
    containerOverrides: [
      { name: fillContainer, environment: Object.entries(environment).map(([name, value]) => ({ name, value })) },
    ],
  }).length
