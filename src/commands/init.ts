import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../base-command.js'

export default class Init extends BaseCommand {
  static override readonly summary = 'Look at a repository, and write what rampart needs to deploy it.'
  static override readonly description = `Finds Dockerfiles, compose files, dependencies, ports, health routes and the models that Python code loads, shows what \
it found and what is wrong with it, asks for what it could not find, and writes rampart.yml, a pair of Dockerfiles for \
each service, .dockerignore, a Makefile with the deploy targets, and where .github/workflows or .gitlab-ci.yml is, or with --ci, the workflow \
that rehearses what is proposed and deploys what is merged, without long-lived keys.

Nothing that is there already is replaced without consent: the difference is shown, and with --yes the file is kept. \
Models that the code does not pin are pinned to the commit that the hub (HF_ENDPOINT) names now, if it answers.

With --from-stack or --from-service it reads what serves already and writes the rampart.yml that drives it as it is: \
group or cluster, repositories, ports, health paths, log group, alarms and address. It tells by exact lines what keeps \
releases from being pinned to digests. Nothing in AWS is changed by it.`
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --dry-run',
    '<%= config.bin %> <%= command.id %> --ci github',
    '<%= config.bin %> <%= command.id %> --yes --region us-west-2 --group shop-production-asg',
    '<%= config.bin %> <%= command.id %> --yes --region eu-west-1 --target ecs --cluster shop',
    '<%= config.bin %> <%= command.id %> --region us-west-2 --from-stack shop-production',
    '<%= config.bin %> <%= command.id %> --from-service shop-prod/shop-api --from-service shop-prod/shop-ui',
  ]
  static override readonly args = {
    directory: Args.string({ description: 'top directory of the repository', default: '.' }),
  }
  static override readonly flags = {
    yes: Flags.boolean({
      char: 'y',
      description: 'ask nothing; take what was found, and keep files that are there',
      env: 'RAMPART_YES',
    }),
    'dry-run': Flags.boolean({ description: 'show the files, and write none', env: 'RAMPART_DRY_RUN' }),
    force: Flags.boolean({ description: 'replace files that are there and differ', env: 'RAMPART_FORCE' }),
    offline: Flags.boolean({ description: 'do not ask the hub for the commits of models', env: 'RAMPART_OFFLINE' }),
    region: Flags.string({
      description: 'AWS region to write; AWS_REGION, else us-east-1 when not given',
      env: 'RAMPART_REGION',
      helpValue: 'REGION',
    }),
    group: Flags.string({
      description: 'Auto Scaling group to write, or to choose of a stack; APP-ENVIRONMENT-asg when not given',
      env: 'RAMPART_GROUP',
      helpValue: 'NAME',
    }),
    target: Flags.custom<'asg' | 'ecs'>({
      options: ['asg', 'ecs'],
      description: 'what the app will run on: an Auto Scaling group, or services of ECS; asked, else asg',
      env: 'RAMPART_TARGET',
      exclusive: ['from-stack', 'from-service'],
    })(),
    cluster: Flags.string({
      description: 'ECS cluster to write; APP-ENVIRONMENT when not given',
      env: 'RAMPART_CLUSTER',
      helpValue: 'NAME',
      exclusive: ['from-stack', 'from-service'],
    }),
    'ecs-service': Flags.string({
      description: 'ECS service to write for a service of the app; APP-NAME when not given',
      env: 'RAMPART_ECS_SERVICE',
      helpValue: 'NAME=SERVICE',
      multiple: true,
      delimiter: ',',
      exclusive: ['from-stack', 'from-service'],
    }),
    'from-stack': Flags.string({
      description: 'CloudFormation stack that serves already: write the rampart.yml that drives it',
      env: 'RAMPART_FROM_STACK',
      helpValue: 'NAME',
    }),
    'from-service': Flags.string({
      description: 'ECS service that serves already; give it once for each service of the app',
      env: 'RAMPART_FROM_SERVICE',
      helpValue: 'CLUSTER/SERVICE',
      multiple: true,
      delimiter: ',',
    }),
    // The names are repeated, because the list of the files would load what init is made of.
    ci: Flags.custom<'github' | 'gitlab' | 'make' | 'none'>({
      options: ['github', 'gitlab', 'make', 'none'],
      description:
        'write the workflow or job too that rehearses and deploys; for what the repository has when not given',
      multiple: true,
      delimiter: ',',
      env: 'RAMPART_CI',
    })(),
  }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Init)
    const { runInit } = await import('../lib/compose/init.js')
    return this.finish(await runInit(args.directory, { ...flags, json: this.jsonEnabled() }))
  }
}
