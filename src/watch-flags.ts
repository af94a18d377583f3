import * as Flags from '@oclif/core/flags'

/** Where the report of a run goes. */
export const reportFlag = Flags.string({
  description:
    'write a report of the run, however it ends: FILE.html for a browser, FILE.md for a pull request; may be given more than once, in the variable with commas',
  env: 'RAMPART_REPORT',
  helpValue: 'FILE',
  multiple: true,
  multipleNonGreedy: true,
})

/** The flags of every command that watches a rollout. */
export const watchFlags = {
  progress: Flags.string({
    description: 'how to show what happens; chosen from the terminal when not given',
    env: 'RAMPART_PROGRESS',
    helpGroup: 'SHARED',
    options: ['dashboard', 'list', 'plain', 'ndjson', 'quiet'],
  }),
  record: Flags.string({
    description: 'append every event to a file that monitor --replay plays',
    env: 'RAMPART_RECORD',
    helpValue: 'FILE',
  }),
  report: reportFlag,
  debug: Flags.boolean({
    description: 'say at the end what was asked of AWS, and how often a minute',
    env: 'RAMPART_DEBUG',
  }),
}
