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
    const ids = new Set(await images())
    if (ids.size > 0) await run(dockerProgram, ['image', 'rm', '--force', ...ids], { env })
  })
}

interface Inspected {
  readonly Id: string
  readonly RootFS: { readonly Layers?: readonly string[] }
}

/** Takes what was built on an image from the Docker engine, steps of builds that failed too; and the image, unless it is to stay. */
export async function forgetDescendants(image: string, keep: 'keep' | 'and itself'): Promise<void> {
  const options = { maxBuffer: 1 << 28 }
  const inspect = async (...names: readonly string[]): Promise<readonly Inspected[]> =>
    // Another test may take one of them meanwhile; what is printed is what is there.
    JSON.parse(
      await run(dockerProgram, ['image', 'inspect', ...names], options).then(
        ({ stdout }) => stdout,
        ({ stdout }: { readonly stdout: string }) => stdout,
      ),
    ) as readonly Inspected[]
  const [own] = await inspect(image)
  const lowest = own?.RootFS.Layers?.[0]
  if (own === undefined || lowest === undefined) return
  const { stdout } = await run(dockerProgram, ['images', '-aq', '--no-trunc'], options)
  const all = await inspect(...new Set(stdout.split('\n').filter((line) => line !== '')))
  const built = all.filter(
    ({ Id, RootFS }) => RootFS.Layers?.[0] === lowest && (keep === 'and itself' || Id !== own.Id),
  )
  // Those with children go with the last of them.
  for (const { Id } of built) {
    await run(dockerProgram, ['image', 'rm', '--force', Id], options).catch(() => undefined)
  }
}
