import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.js'

export default class AppBuild extends BaseCommand {
  static override readonly summary = 'Build the thin app images and push them.'
  static override readonly description = `Builds one deterministic layer per service on top of its base image, which is never pulled, and pushes what the \
registry lacks. A Dockerfile that needs more than that, RUN or several stages, is built by a Docker engine. Nothing is \
rolled out.`
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --service backend',
  ]
  static override readonly flags = {
    'allow-over-budget': Flags.boolean({
      description: 'push app layers above their budget all the same',
      env: 'RAMPART_ALLOW_OVER_BUDGET',
    }),
    builder: Flags.string({
      default: 'auto',
      description:
        'layer needs no Docker engine, docker does what it can not (RUN, stages), auto takes the first that can',
      env: 'RAMPART_BUILDER',
      options: ['auto', 'layer', 'docker'],
    }),
    service: Flags.string({
      description: 'only this service; may be given more than once, in the variable with commas',
      env: 'RAMPART_SERVICE',
      helpValue: 'NAME',
      multiple: true,
    }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(AppBuild)
    const { runBuild } = await import('../../lib/compose/app-build.js')
    // oclif leaves what comes from the environment as one text.
    const named = flags.service as string | readonly string[] | undefined
    const service = typeof named === 'string' ? named.split(/[\s,]+/).filter((name) => name !== '') : named
    return this.finish(await runBuild({ ...flags, service, json: this.jsonEnabled() }))
  }
}
