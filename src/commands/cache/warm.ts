import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.js'

export default class CacheWarm extends BaseCommand {
  static override readonly summary = 'Fill the model cache with the models of rampart.yml, and prove every byte.'
  static override readonly description = `Runs a task on Fargate that downloads what is missing from the model hub into the file system that the stack has made \
(infra.modelCache), checks each file against the hash that the hub gives, and writes the cache as the hub's own library \
does. What is proved is written down: the next run has nothing to do. A task that still runs is followed; one that \
broke off goes on where it stopped. HF_ENDPOINT names another hub.`
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --again --progress plain',
  ]
  static override readonly flags = {
    again: Flags.boolean({
      description: 'look at every byte again, also of models that are proved',
      env: 'RAMPART_AGAIN',
    }),
    'lock-wait': Flags.string({
      description: 'wait that long for another run that changes this environment, e.g. 10m',
      env: 'RAMPART_LOCK_WAIT',
      helpValue: 'TIME',
    }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(CacheWarm)
    const { runCacheWarm } = await import('../../lib/compose/cache.js')
    return this.finish(await runCacheWarm({ ...flags, json: this.jsonEnabled() }))
  }
}
