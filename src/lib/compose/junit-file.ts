import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Verification } from '../domain/verification.js'
import { RampartError } from '../errors/rampart-error.js'
import { junitXml } from '../report/junit.js'

/** Writes the checks as JUnit XML, with the directories that lead there. */
export async function writeJunit(path: string, verification: Verification): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, junitXml(verification))
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new RampartError('usage', `${path} can not be written: ${why}`, { next: ['name another file with --junit'] })
  }
}
