// Makes the layer of a model in a process of its own and prints what it is, with the peak of resident memory in bytes.
import { runSources } from '../../report/source-hooks.js'

runSources()
const { createModelHub } = await import('../../../src/lib/hub/client.ts')
const { modelLayers } = await import('../../../src/lib/image/models/model-layers.ts')
const { createFileCache } = await import('../../../src/lib/system/file-cache.ts')
const { systemClock } = await import('../../../src/lib/system/clock.ts')

const [endpoint = '', directory = '', revision = '', zstd = 'false'] = process.argv.slice(2)
const hub = createModelHub({ endpoint, token: async () => undefined, clock: systemClock })
const [layer] = await modelLayers(
  {
    models: [{ id: 'org/large', revision }],
    place: { root: '/opt/models/hub', owner: { uid: 1000, gid: 1000 } },
    zstd: zstd === 'true',
  },
  { hub, store: `${directory}/store`, memory: createFileCache({ directory: `${directory}/memory`, mostBytes: 1e9 }) },
)
let sent = 0
for await (const piece of (await layer.blob()).open()) sent += piece.length
const { descriptor, diffId, bytes, files, known } = layer
console.log(
  JSON.stringify({ descriptor, diffId, bytes, files, known, sent, peak: process.resourceUsage().maxRSS * 1024 }),
)
