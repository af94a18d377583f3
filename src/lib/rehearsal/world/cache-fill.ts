import type { EcsTask, TaskContainer } from './ecs/state.js'
import type { WorldState } from './state.js'

const second = 1000
/** A model of which the set-up knows nothing: the size of a usual one. */
const usualBytes = 300_000_000

interface Model {
  readonly id: string
  readonly revision: string
}

/** Where a container's lines go, and how it ends. */
interface Host {
  readonly stream: string | undefined
  readonly isAlive: () => boolean
  readonly end: (code: number) => void
}

/** The environment of a container: that of its definition, and what the task was started with over it. */
function environmentOf(task: EcsTask, name: string): Readonly<Record<string, string | undefined>> {
  const own = task.definition.definition.containerDefinitions?.find((one) => one.name === name)?.environment ?? []
  const over = task.overrides?.containerOverrides?.find((one) => one.name === name)?.environment ?? []
  return Object.fromEntries([...own, ...over].map((one) => [one.name ?? '', one.value]))
}

/** The models that a container was started to download into a file system; undefined for one that does other things. */
export function modelsToFill(task: EcsTask, { name }: TaskContainer): readonly Model[] | undefined {
  const { RAMPART_CACHE: cache, RAMPART_MODELS: models } = environmentOf(task, name)
  return cache === undefined || models === undefined ? undefined : (JSON.parse(models) as readonly Model[])
}

/** Downloads them one after the other into the file system that the task mounts, with the lines of the program that does. */
export function fillCache(
  world: WorldState,
  task: EcsTask,
  models: readonly Model[],
  { stream, isAlive, end }: Host,
): void {
  const { setup, switches, agenda, efs } = world
  const volume = task.definition.definition.volumes?.find((one) => one.efsVolumeConfiguration !== undefined)
  const system = efs.fileSystems.find(({ id }) => id === volume?.efsVolumeConfiguration?.fileSystemId)
  const hasToken = (task.definition.definition.containerDefinitions ?? []).some(({ secrets = [] }) =>
    secrets.some(({ name }) => name === 'HF_TOKEN'),
  )
  const known = setup.services.flatMap(({ base }) => base?.models ?? [])
  const say = (text: string): void => {
    if (stream !== undefined) world.logs.append(stream, world.now, text)
  }
  const tell = (fact: object): void => say(`rampart-cache ${JSON.stringify(fact)}`)
  const later = (at: number, what: () => void): void =>
    agenda.add(at, () => {
      if (isAlive()) what()
    })
  let at = world.now + second
  for (const [index, { id, revision }] of models.entries()) {
    const total = known.find((one) => one.id === id)?.bytes || usualBytes
    const model = `${id}@${revision}`
    if (switches.modelHub === 'refuses' || (switches.modelHub === 'gated' && !hasToken)) {
      const why = switches.modelHub === 'gated' ? `Access to model ${id} is restricted` : 'Repository not found'
      later(at, () => {
        say(`rampart-cache failed: https://huggingface.co/api/models/${id}/tree/${revision}: 401 ${why}`)
        end(1)
      })
      return
    }
    if (system?.holds.has(model) !== true) {
      const seconds = total / switches.modelDownloadBytesPerSecond
      for (let done = 2; done < seconds; done += 2) {
        later(at + done * second, () =>
          tell({ index, model, received: Math.round(done * switches.modelDownloadBytesPerSecond), total }),
        )
      }
      at += seconds * second
    }
    later(at, () => {
      if (system?.holds.has(model) === false) {
        system.holds.add(model)
        system.bytes += total
        // What is written is counted whole, what is read a third.
        system.credits = Math.max(0, system.credits - total)
      }
      tell({ index, model, received: total, total, proved: 5 })
    })
    at += second
  }
  later(at, () => end(0))
}
