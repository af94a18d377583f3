import { structuredPatch } from 'diff'

/** The change from one text to another: unified hunks, three lines around each, without file headers. */
export function difference(before: string, after: string): readonly string[] {
  const { hunks } = structuredPatch('before', 'after', before, after, undefined, undefined, { context: 3 })
  return hunks.flatMap((hunk) => [
    `@@ -${hunk.oldStart},${hunk.oldLines} +${hunk.newStart},${hunk.newLines} @@`,
    ...hunk.lines,
  ])
}
