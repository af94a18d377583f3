import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../base-command.js'

const formats = ['shell', 'dotenv', 'json', 'make'] as const

export default class Env extends BaseCommand {
  static override readonly summary = 'Print the environment of a release: registry, images by digest, ports.'
  static override readonly description = `For Makefiles, compose files and .env files: APP, ENVIRONMENT, AWS_REGION, REGISTRY, RELEASE and, for each service, \
NAME_IMAGE, NAME_DIGEST and NAME_PORT. It is of what serves now, unless a release or a tag is named.`
  static override readonly examples = [
    'eval "$(<%= config.bin %> <%= command.id %>)"',
    '<%= config.bin %> <%= command.id %> --format dotenv > .env.prod',
    '<%= config.bin %> <%= command.id %> --format make --tag v1.4 > release.mk',
  ]
  static override readonly flags = {
    format: Flags.option({
      default: 'shell' as const,
      description: 'how to write it',
      env: 'RAMPART_FORMAT',
      options: formats,
    })(),
    release: Flags.string({
      description: 'of this release, whether it serves or not',
      env: 'RAMPART_RELEASE',
      helpValue: 'ID',
    }),
    tag: Flags.string({
      description: 'of the images with this tag',
      env: 'RAMPART_TAG',
      helpValue: 'TAG',
    }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Env)
    const { runEnv } = await import('../lib/compose/env.js')
    return this.finish(await runEnv({ ...flags, json: this.jsonEnabled() }))
  }
}
