import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.js'

// oclif leaves what comes from the environment as one text.
const patterns = (given: string | readonly string[] | undefined): readonly string[] =>
  typeof given === 'string' ? given.split(/[\s,]+/).filter((one) => one !== '') : (given ?? [])

export default class RegistryMigrate extends BaseCommand {
  static override readonly summary = 'Copy images from one registry to another, without a Docker daemon.'
  static override readonly description = `Copies by digest: images of one platform or several, with what refers to them (signatures, attestations, lists of \
contents) and their tags. Each layer crosses the network once, every byte is checked against its digest on the way, and \
at the end the target is asked for every image.

What the target has is left as it is. A run that was stopped or killed is run again: it copies the rest only. The \
target may be a registry, a repository, or a repository of the environment's registry without a host; an ECR repository \
that is missing is made after a question.`
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> ghcr.io/team/app/api 123456789012.dkr.ecr.ap-south-1.amazonaws.com/app/api',
    "<%= config.bin %> <%= command.id %> ghcr.io/team/app/api app/api --tag 'v1.*' --tag latest --dry-run",
    "<%= config.bin %> <%= command.id %> 'registry.example.com:5000/team/*' 123456789012.dkr.ecr.eu-west-1.amazonaws.com/team",
  ]
  static override readonly args = {
    source: Args.string({ description: 'repository to copy from; * stands for several', required: true }),
    target: Args.string({ description: 'registry or repository to copy to', required: true }),
  }
  static override readonly flags = {
    tag: Flags.string({
      description: 'only tags like this, with * and ?; may be given more than once, in the variable with commas',
      env: 'RAMPART_TAG',
      helpValue: 'PATTERN',
      multiple: true,
    }),
    'skip-tag': Flags.string({
      description: 'no tags like this; may be given more than once, in the variable with commas',
      env: 'RAMPART_SKIP_TAG',
      helpValue: 'PATTERN',
      multiple: true,
    }),
    jobs: Flags.integer({
      default: 4,
      description: 'how many layers are copied at once',
      env: 'RAMPART_JOBS',
      helpValue: 'N',
      max: 16,
      min: 1,
    }),
    'dry-run': Flags.boolean({
      description: 'say what would be copied, and change nothing',
      env: 'RAMPART_DRY_RUN',
    }),
    yes: Flags.boolean({
      char: 'y',
      description: 'make a missing ECR repository without a question',
      env: 'RAMPART_YES',
    }),
  }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(RegistryMigrate)
    const { runMigrate } = await import('../../lib/compose/registry.js')
    const chosen = { tag: patterns(flags.tag), 'skip-tag': patterns(flags['skip-tag']) }
    return this.finish(await runMigrate({ ...flags, ...args, ...chosen, json: this.jsonEnabled() }))
  }
}
