import { describe, expect, test } from 'vitest'
import { ecs, complete, failure, report, small } from './project.js'

const services = (text: string): string => small.replace('    repository: demo-web\n', text)
const rollout = (text: string): string => `${small}    rollout: ${text}\n`

/** Typical mistakes, each with the whole of what a person then reads. */
const mistakes: readonly (readonly [name: string, file: string, report: string])[] = [
  [
    'an empty file',
    '# nothing yet\n',
    'rampart.yml:1:1: The file is empty\n  It needs a map with `app`, `services` and `environments`',
  ],
  [
    'parts that are missing',
    'services:\n  web: {}\n',
    `rampart.yml:1:1: \`app\` is missing
  Add \`app: rampart-ai\`. The name of the app.
rampart.yml:1:1: \`environments\` is missing
  Add \`environments\`. The places that the app is deployed to.
rampart.yml:2:3: \`services.web.repository\` is missing
  Add \`repository: rampart-backend\`. The repository of the app image. The registry's host follows from the environment.`,
  ],
  [
    'a key misspelt',
    services('    repository: demo-web\n    dockerFile: Dockerfile.app\n    tag: [latest]\n'),
    `rampart.yml:5:5: \`services.web.dockerFile\` is not a key of rampart.yml
  Did you mean \`dockerfile\`?
rampart.yml:6:5: \`services.web.tag\` is not a key of rampart.yml
  Did you mean \`tags\`?`,
  ],
  [
    'a key in the wrong place, and one that is none',
    `${small}    warmup: 180s\n    colour: blue\n`,
    `rampart.yml:9:5: \`environments.production.warmup\` is not a key of rampart.yml
  It belongs under \`environments.<name>.rollout\`
rampart.yml:10:5: \`environments.production.colour\` is not a key of rampart.yml
  Valid here: \`default\`, \`region\`, \`registry\`, \`target\`, \`rollout\`, \`logs\`, \`release\`, \`infra\`, \`secrets\`, \`alarms\`, \`serves\`, \`notify\``,
  ],
  [
    'numbers without units',
    services('    repository: demo-web\n    budget: 100\n').replace('asg }\n', 'asg }\n    rollout: { warmup: 180 }\n'),
    `rampart.yml:5:13: \`services.web.budget\` must be a size above zero, with its unit, not the number 100
  Write \`100MB\`
rampart.yml:10:24: \`environments.production.rollout.warmup\` must be \`auto\`, or a duration from 0s to 24h, with its unit, not the number 180
  Write \`180s\``,
  ],
  [
    'units that are none',
    rollout('{ bake: 3min, timeout: 0s }'),
    `rampart.yml:9:22: \`environments.production.rollout.bake\` must be a duration from 0s to 2d, with its unit, not \`3min\`
  Such as \`5m\`, \`3m\`, \`1h30m\`
rampart.yml:9:37: \`environments.production.rollout.timeout\` must be \`auto\`, or a duration above 0s up to 14d, with its unit, not \`0s\`
  Such as \`auto\`, \`45m\``,
  ],
  [
    'values of the wrong kind',
    services('    repository: demo-web\n    tags: latest\n    health: { live: /up, port: "80" }\n    args: [A]\n'),
    `rampart.yml:5:11: \`services.web.tags\` must be a list, not \`latest\`
  -
rampart.yml:6:32: \`services.web.health.port\` must be a whole number from 1 to 65535, not the text \`80\`
  Write \`80\`, without quotes and sign
rampart.yml:7:5: \`services.web.args\` must be a map of build arguments, not a list of 1
  -`,
  ],
  [
    'what YAML reads as something else',
    services('    repository: demo-web\n    tags: [1.10]\n    args: { VERSION: 3.10, DEBUG: true }\n').replace(
      'region:',
      'default: yes\n    region:',
    ),
    `rampart.yml:5:12: \`services.web.tags[0]\` must be a tag: letters, digits and \`. _ -\`, with \`{version}\` and \`{commit}\` as placeholders, not the number 1.10
  YAML reads this as a number; put it into quotes: \`"1.10"\`
rampart.yml:6:22: \`services.web.args.VERSION\` must be text, not the number 3.10
  YAML reads this as a number; put it into quotes: \`"3.10"\`
rampart.yml:6:35: \`services.web.args.DEBUG\` must be text, not the boolean true
  YAML reads this as a boolean; put it into quotes: \`"true"\`
rampart.yml:9:14: \`environments.production.default\` must be \`true\` or \`false\`, not \`yes\`
  Write \`true\``,
  ],
  [
    'percentages that EC2 Auto Scaling refuses',
    rollout('{ minHealthy: 50, maxHealthy: 200, checkpoints: { at: [50, 20, 80] } }'),
    `rampart.yml:9:44: \`environments.production.rollout.maxHealthy\` is more than 100 above minHealthy (50)
  Write \`maxHealthy: 150\`, or leave it out
rampart.yml:9:73: \`environments.production.rollout.checkpoints.at[1]\` is not above the one before it (50)
  Percentages rise, each above the last
rampart.yml:9:77: \`environments.production.rollout.checkpoints.at[2]\` is the last checkpoint and is not 100
  End with 100: replacing stops at the last checkpoint, and the rest of the group would keep the old release`,
  ],
  [
    'percentages out of range',
    rollout('{ minHealthy: 90%, maxHealthy: 250, maxFailedStarts: 0.5 }'),
    `rampart.yml:9:28: \`environments.production.rollout.minHealthy\` must be a whole number from 0 to 100, not the text \`90%\`
  Write \`90\`, without quotes and sign
rampart.yml:9:45: \`environments.production.rollout.maxHealthy\` must be a whole number from 100 to 200, not the number 250
  Such as \`200\`
rampart.yml:9:67: \`environments.production.rollout.maxFailedStarts\` must be a whole number from 1 to 1000, not the number 0.5
  Such as \`3\``,
  ],
  [
    'a platform that there is not',
    small.replace('kind: asg', 'kind: esc'),
    `rampart.yml:8:21: \`environments.production.target.kind\` must be \`asg\` or \`ecs\`, not \`esc\`
  Such as \`asg\`, \`ecs\``,
  ],
  [
    'an ECS cluster without services',
    small.replace('{ kind: asg, group: demo-asg }', '{ kind: ecs, cluster: demo }'),
    `rampart.yml:8:5: \`environments.production.target.services\` is missing
  Add \`services\`. The ECS service of each service of the app. They are moved in this order, and go back when a later one fails. For kind \`ecs\`.`,
  ],
  [
    'keys of another kind',
    small.replace('kind: asg', 'kind: ecs, cluster: demo, services: { web: { service: demo-web } }'),
    `rampart.yml:8:83: \`environments.production.target.group\` does not go with kind \`ecs\`
  It is for kind \`asg\``,
  ],
  [
    'services that do not match those of the app',
    small.replace(
      '{ kind: asg, group: demo-asg }',
      '{ kind: ecs, cluster: demo, services: { wep: { service: demo-web } } }',
    ),
    `rampart.yml:8:53: \`environments.production.target.services.wep\` is no service of this app
  Did you mean \`web\`?`,
  ],
  [
    'a service of the app without a place',
    small.replace('{ kind: asg, group: demo-asg }', '{ kind: ecs, cluster: demo, services: {} }'),
    `rampart.yml:8:41: \`environments.production.target.services\` has no place for \`web\`
  Every service of the app is released together`,
  ],
  [
    'settings of an Auto Scaling group for ECS',
    `${ecs}    rollout: { warmup: 60s, bake: 90s, checkpoints: { at: [50, 100] } }\n`,
    `rampart.yml:9:16: \`environments.production.rollout.warmup\` does not apply to kind \`ecs\`
  It is for kind \`asg\`; leave it out
rampart.yml:9:35: \`environments.production.rollout.bake\` is not in whole minutes
  ECS counts bake times in minutes, e.g. \`5m\`
rampart.yml:9:40: \`environments.production.rollout.checkpoints\` does not apply to kind \`ecs\`
  It is for kind \`asg\`; leave it out`,
  ],
  [
    'settings of ECS for an Auto Scaling group',
    `${small}    rollout: { circuitBreaker: {}, strategy: { kind: CANARY } }\n`,
    `rampart.yml:9:16: \`environments.production.rollout.circuitBreaker\` does not apply to kind \`asg\`
  It is for kind \`ecs\`; leave it out
rampart.yml:9:36: \`environments.production.rollout.strategy\` does not apply to kind \`asg\`
  It is for kind \`ecs\`; leave it out`,
  ],
  [
    'a strategy with settings of another',
    `${ecs}    rollout: { strategy: { kind: BLUE_GREEN, percent: 10, bake: 30s }, earlySuccess: { healthyPercent: 50 } }\n`,
    `rampart.yml:9:46: \`environments.production.rollout.strategy.percent\` does not go with \`BLUE_GREEN\`
  It is for \`CANARY\` and \`LINEAR\`
rampart.yml:9:59: \`environments.production.rollout.strategy.bake\` does not go with \`BLUE_GREEN\`
  It is for \`CANARY\` and \`LINEAR\`
rampart.yml:9:65: \`environments.production.rollout.strategy.bake\` is not in whole minutes
  ECS counts bake times in minutes, e.g. \`5m\`
rampart.yml:9:72: \`environments.production.rollout.earlySuccess\` is for rolling deployments alone
  Leave it out, or write \`kind: ROLLING\``,
  ],
  [
    'a whole reference in the place of a repository',
    services('    repository: 123456789012.dkr.ecr.us-west-2.amazonaws.com/demo-web:latest\n'),
    `rampart.yml:4:17: \`services.web.repository\` must be the name of a repository without registry, tag and digest: lower-case letters, digits and \`. _ - /\`, not \`123456789012.dkr.ecr.us-west-2.amazonaws.com/demo-web:latest\`
  Write \`demo-web\``,
  ],
  [
    'paths that lead nowhere',
    services(
      '    repository: demo-web\n    context: backnd\n  api:\n    context: backend\n    repository: demo-api\n' +
        '    base: { repository: demo-base, dockerfile: Dockerfile.bse, inputs: [poetry.lock, ../Dockerfile.app, "."] }\n',
    ),
    `rampart.yml:5:14: \`services.web.context\` names \`backnd\`, which does not exist
  Did you mean \`backend\`? Paths here are relative to DIRECTORY
rampart.yml:9:48: \`services.api.base.dockerfile\` names \`Dockerfile.bse\`, which does not exist
  Did you mean \`Dockerfile.base\`? Paths here are relative to DIRECTORY/backend
rampart.yml:9:73: \`services.api.base.inputs[0]\` names \`poetry.lock\`, which does not exist
  Name a file that exists. Paths here are relative to DIRECTORY/backend
rampart.yml:9:86: \`services.api.base.inputs[1]\` names \`../Dockerfile.app\`, which is outside the context
  A base can only be made of files in its context
rampart.yml:9:105: \`services.api.base.inputs[2]\` names \`.\`, which is a directory
  Name a file that exists. Paths here are relative to DIRECTORY/backend`,
  ],
  [
    'a model that is not pinned',
    services(
      '    repository: demo-web\n    base: { dockerfile: Dockerfile.app, repository: demo-base, models: [{ id: a/b, revision: main }, c] }\n',
    ),
    `rampart.yml:5:94: \`services.web.base.models[0].revision\` must be the full hash of a commit, 40 hexadecimal digits, not \`main\`
  Branches and tags move; let \`rampart base build --write-revisions\` write the commits, or copy them from the model's page
rampart.yml:5:102: \`services.web.base.models[1]\` must be a model: a map with \`id\` and \`revision\`, not \`c\`
  -`,
  ],
  [
    'names of AWS and of rampart that can not be',
    small
      .replace('app: demo', 'app: Demo')
      .replace('web:', 'Web UI:')
      .replace('us-west-2', 'us-west-2a')
      .replace('demo-asg', '"arn:aws:autoscaling"')
      .concat('    registry: https://registry.example.com/\n    logs: { group: "/demo logs" }\n'),
    `rampart.yml:1:6: \`app\` must be lower-case letters, digits, \`-\` and \`_\`, beginning with a letter, at most 63, not \`Demo\`
  Write \`demo\`
rampart.yml:3:3: \`Web UI\` is not a valid name for a service
  Names are lower-case letters, digits, \`-\` and \`_\`, beginning with a letter, at most 63
rampart.yml:7:13: \`environments.production.region\` must be an AWS region, not \`us-west-2a\`
  Such as \`us-west-2\`
rampart.yml:8:33: \`environments.production.target.group\` must be the exact name of an Auto Scaling group, at most 255 characters without \`:\`, not \`arn:aws:autoscaling\`
  Such as \`rampart-production-asg\`
rampart.yml:9:15: \`environments.production.registry\` must be the host of a registry, with its port if it has one, without \`https://\` and path, not \`https://registry.example.com/\`
  Such as \`registry.example.com\`, \`localhost:5000\`
rampart.yml:10:20: \`environments.production.logs.group\` must be the name of a log group: letters, digits and \`. - _ / #\`, at most 512, not \`/demo logs\`
  Such as \`/rampart/production\``,
  ],
  [
    'things that are there twice',
    small
      .replace(
        '    repository: demo-web\n',
        '    repository: demo-web\n    repository: other\n  api:\n    repository: demo-web\n    tags: [a, a]\n',
      )
      .replace('app: demo\n', 'app: demo\napp: demo\n'),
    `rampart.yml:2:1: \`app\` is given twice
  The first is on line 1; keep one of them
rampart.yml:6:5: \`services.web.repository\` is given twice
  The first is on line 5; keep one of them
rampart.yml:8:17: \`services.api.repository\` is that of \`web\`
  Each service needs a repository of its own
rampart.yml:9:15: \`services.api.tags[1]\` is there twice
  Name each once`,
  ],
  [
    'a variable written as in a shell',
    small.replace('demo-asg', 'demo-$STAGE'),
    `rampart.yml:8:38: \`$STAGE\` is neither a variable nor plain text
  Write \`\${STAGE}\` for the variable, or \`$$STAGE\` for the characters themselves`,
  ],
  [
    'tabs',
    'app: demo\nservices:\n\tweb:\n',
    `rampart.yml:3:1: A tab indents this line
  YAML is indented with spaces`,
  ],
  [
    'an alias that nothing stands behind',
    small.replace('app: demo', 'app: *name'),
    `rampart.yml:1:6: There is no anchor \`&name\` above this
  An alias repeats what \`&name\` marked before it`,
  ],
  [
    'a variable inside braces',
    small.replace('demo-asg', '${GROUP}'),
    `rampart.yml:8:34: A variable needs quotes inside \`{ }\` and \`[ ]\`
  Write \`"\${NAME}"\`, or give the value a line of its own`,
  ],
  [
    'a second colon',
    'app: my: demo\n',
    `rampart.yml:1:6: There is a second \`:\` on this line
  Put a value that holds \`: \` into quotes, or begin a new line`,
  ],
  [
    'two documents',
    `${small}---\n${small}`,
    `rampart.yml:9:1: A second document begins here
  rampart.yml is one document; remove the \`---\``,
  ],
  [
    'a tag',
    'app: !env NAME\n',
    `rampart.yml:1:6: This tag is not known
  Tags such as \`!env\` are not read; use \`\${NAME}\``,
  ],
]

describe('what typical mistakes are answered with', () => {
  test.each(mistakes)('%s', async (_, file, expected) => {
    expect(await report(file)).toBe(expected)
  })

  test('problems in .env come first, with their own places', async () => {
    expect(await report(small.replace('demo', '"${GROUP}"'), { files: { '.env': 'GROUP demo\n' } })).toBe(
      `.env:1:1: This line is not \`NAME=value\`
  A name holds letters, digits and \`_\`; a comment starts with \`#\`
rampart.yml:1:7: The variable GROUP is not set
  Export it, put \`GROUP=…\` into .env beside the file, or give a default: \`\${GROUP:-default}\``,
    )
  })

  test('the error counts them, names the file and stands at the first', async () => {
    const error = await failure(complete.replace('bake: 5m', 'bake: 5').replace('app: demo', 'app: 1'))
    expect(error).toMatchObject({ kind: 'usage', exitCode: 2, place: { line: 1, column: 6 } })
    expect(error.message).toMatch(/rampart\.yml has 2 problems$/)
    expect((await failure('')).message).toMatch(/rampart\.yml has a problem$/)
  })
})
