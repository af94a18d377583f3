import { statSync } from 'node:fs'

/** What stands at a path, links followed; undefined when nothing does, or when it can not be looked at. */
export function statOf(path: string): ReturnType<typeof statSync> | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch {
    // A directory on the way that may not be entered, or a loop of links: for us it is not there.
    return undefined
  }
}
