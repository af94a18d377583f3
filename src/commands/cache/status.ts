import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.js'

export default class CacheStatus extends BaseCommand {
  static override readonly summary = 'Show what is in the model cache, how fast it is, and for how long.'
  static override readonly description = `Models against rampart.yml, the throughput mode, mount targets, and the burst credits of a bursting file system: a small \
one reads at 3 MiB a second when they are gone, and every start waits for its models. Changes nothing.`
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --check',
  ]
  static override readonly flags = {
    check: Flags.boolean({
      description: 'end with 3 when a model is missing or the file system is not as rampart.yml says',
      env: 'RAMPART_CHECK',
    }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(CacheStatus)
    const { runCacheStatus } = await import('../../lib/compose/cache.js')
    return this.finish(await runCacheStatus({ ...flags, json: this.jsonEnabled() }))
  }
}
