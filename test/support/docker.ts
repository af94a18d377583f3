import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'
import { dockerProgram } from './requires.js'

const run = promisify(execFile)

/** Takes every image of that registry, or under that path, from the Docker engine when the test ends, whatever names it by then. */
export function forgetImages(host: string, env: Readonly<Record<string, string>>): void {
  const images = async (): Promise<readonly string[]> => {
    const args = ['images', '--no-trunc', '--format', '{{.Repository}} {{.ID}}']
    const { stdout } = await run(dockerProgram, args, { env })
    return stdout.split('\n').flatMap((line) => (line.startsWith(`${host}/`) ? [line.split(' ')[1] ?? ''] : []))
  }
  onTestFinished(async () => {
    const ids = new Set(await images())
    if (ids.size > 0) await run(dockerProgram, ['image', 'rm', '--force', ...ids], { env })
  })
}
