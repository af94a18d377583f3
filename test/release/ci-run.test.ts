import { expect, test } from 'vitest'
import { ciRun } from '../../src/lib/release/ci-run.js'

const github = {
  GITHUB_ACTIONS: 'true',
  GITHUB_SERVER_URL: 'https://git.example.com',
  GITHUB_REPOSITORY: 'team/app',
  GITHUB_RUN_ID: '7',
}

test.each([
  ['no CI', { BUILD_URL: 'https://example.com/1' }, {}],
  ['GitHub', { ...github, GITHUB_ACTOR: 'a' }, { link: 'https://git.example.com/team/app/actions/runs/7', actor: 'a' }],
  [
    'GitHub, started again by another',
    { ...github, GITHUB_RUN_ATTEMPT: '2', GITHUB_ACTOR: 'a', GITHUB_TRIGGERING_ACTOR: 'b' },
    { link: 'https://git.example.com/team/app/actions/runs/7/attempts/2', actor: 'b' },
  ],
  ['GitLab', { CI_JOB_URL: 'https://l/j/1', GITLAB_USER_LOGIN: 'a' }, { link: 'https://l/j/1', actor: 'a' }],
  [
    'Buildkite',
    { BUILDKITE_BUILD_URL: 'https://b/1', BUILDKITE_BUILD_CREATOR: 'a' },
    { link: 'https://b/1', actor: 'a' },
  ],
  ['CircleCI', { CIRCLE_BUILD_URL: 'https://c/1', CIRCLE_USERNAME: '' }, { link: 'https://c/1' }],
  ['Jenkins', { JENKINS_URL: 'https://j/', BUILD_URL: 'https://j/1' }, { link: 'https://j/1' }],
  ['an address with a password in it', { CI_JOB_URL: 'https://u:p@l/j/1' }, {}],
  ['no address at all', { CI_JOB_URL: 'javascript:alert(1)' }, {}],
])('%s', (_name, env, expected) => {
  expect(ciRun(env)).toEqual(expected)
})
