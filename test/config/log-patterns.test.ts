import { expect, test } from 'vitest'
import { load, report, small } from './project.js'

const withPatterns = (patterns: string): string =>
  `${small}    logs:\n      group: /demo\n      patterns: ${patterns}\n`

test('patterns of the app’s own lines', async () => {
  const { environment } = await load(withPatterns('[{ when: "rules {model}: {done} of {total}", means: loading }]'))
  expect(environment.logs).toEqual({
    group: '/demo',
    patterns: [
      {
        means: 'loading',
        parts: [
          { text: 'rules ' },
          { placeholder: 'model', text: ': ' },
          { placeholder: 'done', text: ' of ' },
          { placeholder: 'total', text: '' },
        ],
      },
    ],
  })
})

test('each problem at its place', async () => {
  expect(
    await report(
      withPatterns(`
        - { when: up, means: ready }
        - { when: "rules {modle} in", means: loaded }
        - { when: "{done}{total} bytes", means: loading }
        - { when: "engine is up", means: rdy }
        - { when: "engine is up" }`),
    ),
  ).toMatchInlineSnapshot(`
    "rampart.yml:12:19: \`environments.production.logs.patterns[0].when\` must be text of at least four characters, with \`{model}\`, \`{done}\`, \`{total}\`, \`{percent}\` or \`{any}\` in it, each apart from the next, not \`up\`
      Such as \`policy model {model}: {done} of {total}\`, \`engine is up\`
    rampart.yml:13:19: \`environments.production.logs.patterns[1].when\` must be text of at least four characters, with \`{model}\`, \`{done}\`, \`{total}\`, \`{percent}\` or \`{any}\` in it, each apart from the next, not \`rules {modle} in\`
      Such as \`policy model {model}: {done} of {total}\`, \`engine is up\`
    rampart.yml:14:19: \`environments.production.logs.patterns[2].when\` must be text of at least four characters, with \`{model}\`, \`{done}\`, \`{total}\`, \`{percent}\` or \`{any}\` in it, each apart from the next, not \`{done}{total} bytes\`
      Such as \`policy model {model}: {done} of {total}\`, \`engine is up\`
    rampart.yml:15:42: \`environments.production.logs.patterns[3].means\` must be \`loading\` or \`loaded\` or \`downloading\` or \`ready\` or \`killed\`, not \`rdy\`
      Such as \`loading\`, \`loaded\`, \`downloading\`, \`ready\`, \`killed\`
    rampart.yml:16:11: \`environments.production.logs.patterns[4].means\` is missing
      Add \`means: loading\`. What such a line says of the target."
  `)
})
