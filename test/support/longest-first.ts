import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Those that take longest, the longest first. */
const longest = [
  'e2e/crash',
  'sequences/asg',
  'sequences/ecs',
  'sequences/known',
  'e2e/user-data',
  'e2e/verified-deploys',
  'e2e/from-scratch',
  'dashboard/screens',
  'e2e/lock',
  'e2e/base-models',
].map((name) => join(import.meta.dirname, '..', `${name}.test.ts`))

/**
 * Begins with the files that take longest, so that none of them is left for the end, when the others have nothing to
 * do. Where nothing is remembered of an earlier run, vitest goes by the sizes of files, and some of these are short.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const missing = longest.find((file) => !existsSync(file))
    if (missing !== undefined) throw new Error(`${missing} is not there: test/support/longest-first.ts names it`)
    const place = ({ moduleId }: TestSpecification): number => {
      const index = longest.indexOf(moduleId)
      return index < 0 ? longest.length : index
    }
    return (await super.sort(files)).toSorted((a, b) => place(a) - place(b))
  }
}
