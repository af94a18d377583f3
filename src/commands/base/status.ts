import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.js'

export default class BaseStatus extends BaseCommand {
  static override readonly summary =
    'Say whether each base is fresh or stale and why, how large it is, and what uses it.'
  static override readonly description = `Compares what each base in the registry was made of with its sources as they are now: Dockerfile.base, the files that \
it copies, models, build arguments and platform. A base is stale, too, when it is older than its \`maxAge\`, or was proved \
for another user or other variables than the app has now.`
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --check --service backend',
  ]
  static override readonly flags = {
    service: Flags.string({
      description: 'only the base of this service; may be given more than once, in the variable with commas',
      env: 'RAMPART_SERVICE',
      helpValue: 'NAME',
      multiple: true,
    }),
    check: Flags.boolean({
      description: 'end with 3 when a base is stale, missing, or does not say what it was made of',
      env: 'RAMPART_CHECK',
    }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(BaseStatus)
    const { runBaseStatus } = await import('../../lib/compose/base.js')
    // oclif leaves what comes from the environment as one text.
    const named = flags.service as string | readonly string[] | undefined
    const service = typeof named === 'string' ? named.split(/[\s,]+/).filter((name) => name !== '') : named
    return this.finish(await runBaseStatus({ ...flags, service, json: this.jsonEnabled() }))
  }
}
