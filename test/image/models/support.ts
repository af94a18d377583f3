import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { createModelHub } from '../../../src/lib/hub/client.js'
import type { ModelLayersRequest, ModelPorts, ModelProgress, WantedModel } from '../../../src/lib/image/models/types.js'
import { createFileCache } from '../../../src/lib/system/file-cache.js'
import { ManualClock } from '../../support/manual-clock.js'
import { hubToken, startModelHub, type HubModel, type StandInHub } from '../../support/model-hub.js'

/** A directory that goes with the test. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'rampart-models-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

/** A hub that goes with the test. */
export async function hubOf(models: readonly HubModel[]): Promise<StandInHub> {
  const hub = await startModelHub(models)
  onTestFinished(() => hub.stop())
  return hub
}

/** The ports over a stand-in, with all that they keep in one directory. */
export function portsOf(
  hub: Pick<StandInHub, 'url'>,
  directory: string,
  signal?: AbortSignal,
): ModelPorts & { readonly progress: ModelProgress[]; readonly clock: ManualClock } {
  const progress: ModelProgress[] = []
  const clock = new ManualClock()
  return {
    hub: createModelHub({
      endpoint: hub.url,
      token: () => Promise.resolve(hubToken),
      clock,
      random: () => 0.5,
      ...(signal !== undefined && { signal }),
    }),
    store: join(directory, 'store'),
    memory: createFileCache({ directory: join(directory, 'memory'), mostBytes: 1e9 }),
    onProgress: (one) => progress.push(one),
    ...(signal !== undefined && { signal }),
    progress,
    clock,
  }
}

export const commit = '0123456789abcdef0123456789abcdef01234567'

export const wanted = (id = 'org/model', extra: Partial<WantedModel> = {}): WantedModel => ({
  id,
  revision: commit,
  ...extra,
})

export const request = (extra: Partial<ModelLayersRequest> = {}): ModelLayersRequest => ({
  models: [wanted()],
  place: { root: '/opt/models/hub', owner: { uid: 1000, gid: 1000 } },
  zstd: false,
  ...extra,
})
