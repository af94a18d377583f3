import type { Performed, SharedFlags } from '../../base-command.js'
import { configure, performance } from './configure.js'
import { connect } from './connect.js'
import { composeImages, imageOptions, type ImageFlags } from './images.js'
import { perform } from './perform.js'

/** `rampart app build`. */
export async function runBuild(
  flags: SharedFlags & ImageFlags & { readonly service?: readonly string[] | undefined },
): Promise<Performed> {
  const config = await configure(flags)
  const performing = performance('app build', config, ['build', 'push'])
  return perform(performing, flags, async (run) => {
    const { build } = await import('../operations/build.js')
    const account = config.environment.registry === undefined ? (await connect(config, performing)).account : undefined
    const images = composeImages(config, { account, run, ...imageOptions(flags) })
    try {
      return await build(images.services, flags.service ?? [], run)
    } finally {
      await images.close()
    }
  })
}
