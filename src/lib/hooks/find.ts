import { constants } from 'node:fs'
import { access, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { hookNames, type HookName } from '../domain/hook.js'

/** The hooks of a project. */
export interface FoundHooks {
  /** The path of each that can be run. */
  readonly paths: ReadonlyMap<HookName, string>
  /** What is there and will not run, each with what mends it. */
  readonly flaws: readonly { readonly message: string; readonly next: readonly string[] }[]
}

const isHookName = (name: string): name is HookName => (hookNames as readonly string[]).includes(name)

/** Looks through a folder of hooks; a folder that is not there holds none. `shown` names the folder in messages. */
export async function findHooks(directory: string, shown: string): Promise<FoundHooks> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return []
    return error
  })
  if (names instanceof Error) {
    return { paths: new Map(), flaws: [{ message: `${shown} can not be read: ${names.code ?? ''}`, next: [] }] }
  }
  const looked = await Promise.all(
    names.toSorted((one, other) => one.localeCompare(other)).map((name) => look(directory, name, shown)),
  )
  return {
    paths: new Map(looked.flatMap(({ name, path }) => (path === undefined ? [] : [[name, path] as const]))),
    flaws: looked.flatMap(({ flaw }) => (flaw === undefined ? [] : [flaw])),
  }
}

type Looked =
  | { readonly name: HookName; readonly path: string; readonly flaw?: undefined }
  | { readonly path?: undefined; readonly flaw?: FoundHooks['flaws'][number]; readonly name?: undefined }

async function look(directory: string, name: string, shown: string): Promise<Looked> {
  const path = join(directory, name)
  const file = await stat(path).then(
    (found) => found.isFile(),
    () => undefined,
  )
  const canRun =
    file === true &&
    (await access(path, constants.X_OK).then(
      () => true,
      () => false,
    ))
  if (!isHookName(name)) {
    // A library or a text beside the hooks is no program; a program under another name was meant to be one.
    if (!canRun) return {}
    const message = `${shown}/${name} is run at no moment: no hook has that name`
    return { flaw: { message, next: [`name it ${hookNames.join(', ')}, or take its executable bit away`] } }
  }
  if (canRun) return { name, path }
  if (file !== true) {
    const why = file === undefined ? 'it can not be found or read' : 'it is not a file'
    return { flaw: { message: `The hook ${shown}/${name} is left out: ${why}`, next: [] } }
  }
  return {
    flaw: {
      message: `The hook ${shown}/${name} is left out: it is not executable`,
      next: [`chmod +x ${shown}/${name}`],
    },
  }
}
