import * as Flags from '@oclif/core/flags'

/** The flag of every command that deploys and verifies. */
export const keepFlag = Flags.boolean({
  description: 'let a release stay whose proof or checks fail, instead of going back',
  env: 'RAMPART_KEEP',
})
