import { chooseServices } from './check-account.js'
import { pushImages, type ServiceImage } from './push-images.js'
import { unlessStopped } from '../rollout/unless-stopped.js'
import { inPhase, type Ended, type RunContext } from './run.js'

/** Builds and pushes the images of the named services, or of all. Nothing is rolled out. */
export async function build(
  images: readonly ServiceImage[],
  names: readonly string[],
  run: RunContext,
): Promise<Ended> {
  const chosen = chooseServices(images, names)
  const built = await inPhase(run, 'build', async () => {
    const value = await unlessStopped(run.signal, Promise.all(chosen.map((image) => image.build())))
    return { value }
  })
  await pushImages(chosen, run)
  return { ending: 'done', message: built.map((image) => `${image.repository}@${image.digest}`).join('\n'), next: [] }
}
