// Makes and reads the layer of a model in a process of its own and prints what it is, and how many bytes of memory it
// took at its peak, without what Node and the sources take before.
import { open } from 'node:fs/promises'
import { runSources } from '../../report/source-hooks.js'

runSources()
const { createModelHub } = await import('../../../src/lib/hub/client.ts')
const { modelLayers } = await import('../../../src/lib/image/models/model-layers.ts')
const { createFileCache } = await import('../../../src/lib/system/file-cache.ts')
const { systemClock } = await import('../../../src/lib/system/clock.ts')

const loaded = process.resourceUsage().maxRSS
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
const sink = await open('/dev/null', 'w')
for await (const piece of (await layer.blob()).open()) sent += (await sink.write(piece)).bytesWritten
await sink.close()
const { descriptor, diffId, bytes, files, known } = layer
console.log(
  JSON.stringify({
    descriptor,
    diffId,
    bytes,
    files,
    known,
    sent,
    taken: (process.resourceUsage().maxRSS - loaded) * 1024,
  }),
)
