import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.js'

export default class Releases extends BaseCommand {
  static override readonly aliases = ['releases:list']
  static override readonly summary = 'Say what was released, by whom, when, with what outcome, and what serves now.'
  static override readonly description = `Reads AWS alone, so that every machine with access sees the same: the ledger in Parameter Store first, then what the \
platform keeps of older releases. How a run ended that was lost or left is asked of the platform.`
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --limit 3 --json',
  ]
  static override readonly flags = {
    limit: Flags.integer({
      default: 10,
      description: 'show at most so many, the newest first',
      env: 'RAMPART_LIMIT',
      helpValue: 'N',
      max: 100,
      min: 1,
    }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Releases)
    const { runReleases } = await import('../../lib/compose/releases.js')
    return this.finish(await runReleases({ ...flags, json: this.jsonEnabled() }))
  }
}
