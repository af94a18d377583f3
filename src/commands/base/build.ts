import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.js'

export default class BaseBuild extends BaseCommand {
  static override readonly summary = 'Build the base images with their models, prove them, and push them.'
  static override readonly description = `A base carries dependencies and models. It is named by its fingerprint: Dockerfile.base, the files that it copies, \
the models with their revisions, build arguments and platform. What the registry has under that fingerprint is not \
built again, unless it is older than its \`maxAge\`.

Before it is pushed a base is proved: it is started as the application's user, without a network and with a root that \
cannot be written, and every model must be complete, readable and where the application will look. Commands under \
\`prove:\` must succeed there, too.`
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --service backend --force',
  ]
  static override readonly flags = {
    service: Flags.string({
      description: 'only the base of this service; may be given more than once, in the variable with commas',
      env: 'RAMPART_SERVICE',
      helpValue: 'NAME',
      multiple: true,
    }),
    force: Flags.boolean({
      description: 'build, prove and push also what the registry has, every step anew',
      env: 'RAMPART_FORCE',
    }),
    yes: Flags.boolean({
      char: 'y',
      description: 'make a missing ECR repository without a question',
      env: 'RAMPART_YES',
    }),
    via: Flags.string({
      default: 'rampart',
      description: 'who compresses and sends the layers',
      env: 'RAMPART_VIA',
      options: ['rampart', 'docker'],
    }),
    platform: Flags.string({
      description: 'build for this platform instead of the configured one',
      env: 'RAMPART_PLATFORM',
      options: ['linux/amd64', 'linux/arm64'],
    }),
    'write-revisions': Flags.boolean({
      description: 'first write commits into rampart.yml for models that name a branch or tag',
      env: 'RAMPART_WRITE_REVISIONS',
    }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(BaseBuild)
    const { runBaseBuild } = await import('../../lib/compose/base.js')
    // oclif leaves what comes from the environment as one text.
    const named = flags.service as string | readonly string[] | undefined
    const service = typeof named === 'string' ? named.split(/[\s,]+/).filter((name) => name !== '') : named
    return this.finish(await runBaseBuild({ ...flags, service, json: this.jsonEnabled() }))
  }
}
