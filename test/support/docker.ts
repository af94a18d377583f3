import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'
import { dockerProgram } from './requires.js'

const run = promisify(execFile)

/** Takes every image of that registry, path or repository from the Docker engine when the test ends, whatever names it by then. */
export function forgetImages(host: string, env: Readonly<Record<string, string>>): void {
  const images = async (): Promise<readonly string[]> => {
    const args = ['images', '--no-trunc', '--format', '{{.Repository}} {{.ID}}']
    const { stdout } = await run(dockerProgram, args, { env })
    return stdout
      .split('\n')
      .flatMap((line) => (line.startsWith(`${host}/`) || line.startsWith(`${host} `) ? [line.split(' ')[1] ?? ''] : []))
  }
  onTestFinished(async () => {
    for (const id of new Set(await images())) {
      // One that another test has built on goes with the last of its children.
      await run(dockerProgram, ['image', 'rm', '--force', id], { env }).catch(() => undefined)
    }
  })
}

/** A label of this process's own, which all that is built on an image with it has, too. */
export const testLabel = `rampart-test=${process.pid}`

/** Takes every image with that label from the Docker engine, steps of builds that failed too. */
export async function forgetLabelled(): Promise<void> {
  const { stdout } = await run(dockerProgram, ['images', '-aq', '--no-trunc', '--filter', `label=${testLabel}`])
  for (const id of new Set(stdout.split('\n').filter((line) => line !== ''))) {
    // Those with children go with the last of them.
    await run(dockerProgram, ['image', 'rm', '--force', id]).catch(() => undefined)
  }
}
