// Packs and reads the layer of one context in a process of its own and prints its peak resident memory in bytes.
import { registerHooks } from 'node:module'

// Node takes the types away by itself; only the names of our imports are those of the compiled files.
registerHooks({
  resolve: (specifier, context, next) =>
    next(specifier.startsWith('.') ? specifier.replace(/\.js$/, '.ts') : specifier, context),
})

const { walkContext } = await import('../../../src/lib/image/context/context.js')
const { packLayer } = await import('../../../src/lib/image/layer/layer.js')

const [root = '', compression = 'gzip'] = process.argv.slice(2)
const context = await walkContext(root, { dockerfile: `${root}/Dockerfile` })
const entries = context.entries.map((entry) => ({ ...entry, uid: 0, gid: 0 }))
const layer = await packLayer(entries, { compression })
let length = 0
for await (const chunk of layer.chunks()) length += chunk.length
if (length !== layer.size) throw new Error('the second reading differs')
console.log(process.resourceUsage().maxRSS * 1024)
