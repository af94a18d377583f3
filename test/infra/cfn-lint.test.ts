import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../support/cli.js'
import { requires } from '../support/requires.js'
import { variants } from './variants.js'

const golden = join(root, 'test/golden/infra')

requires('cfn-lint').describe('every variant', () => {
  test('cfn-lint finds nothing in any variant, by all of its rules, in the regions of both examples', () => {
    const files = readdirSync(golden)
    expect(files.sort()).toEqual(
      Object.keys(variants)
        .map((name) => `${name}.yaml`)
        .sort(),
    )
    const found = spawnSync(
      'cfn-lint',
      ['--include-checks', 'I', '--regions', 'us-west-2', 'ap-south-1', '--', ...files.map((one) => join(golden, one))],
      { encoding: 'utf8' },
    )
    expect([found.stdout, found.stderr, found.status]).toEqual(['', '', 0])
  }, 300_000)
})
