import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { shownValue } from '../../src/lib/operations/shown-value.js'

const line = (value: string): string => shownValue({ path: 'UserData', value })
const variable = (name: string, value: string): string => shownValue({ path: `api.environment.${name}`, name, value })

test.each([
  ['DB_PASSWORD', 'hunter2', '***'],
  ['STRIPE_API_KEY', 'abc', '***'],
  ['SENTRY_DSN', 'https://key@sentry.example.com/1', '***'],
  ['DATABASE_URL', 'postgres://app:hunter2@db/app', '***db/app'],
  ['SECRET_ARN', 'arn:aws:secretsmanager:us-west-2:1:secret:x', 'arn:aws:secretsmanager:us-west-2:1:secret:x'],
  ['LOG_LEVEL', 'debug', 'debug'],
  ['HF_HOME', '/opt/models', '/opt/models'],
])('the variable %s=%s is shown as %s', (name, value, shown) => {
  expect(variable(name, value)).toBe(shown)
})

test.each([
  ['  export DB_PASSWORD=hunter2', '  export DB_PASSWORD=***'],
  ['{ "token": "hunter2", "port": 8000 }', '{ "token": ***, "port": 8000 }'],
  ['password: hunter2', 'password: ***'],
  ['curl --token hunter2 https://x', 'curl --token *** https://x'],
  ['echo hunter2 | docker login --username app --password-stdin r', '*** docker login ***'],
  ['docker run -p 8000:8000 app', 'docker run -p 8000:8000 app'],
])('the line %s is shown as %s', (value, shown) => {
  expect(line(value)).toBe(shown)
})

test('the value of a name that speaks of a secret is never seen, whatever it is', () => {
  const name = fc.constantFrom('DB_PASSWORD', 'API_TOKEN', 'client-secret', 'AWS_SECRET_ACCESS_KEY', 'accessKey')
  const value = fc.stringMatching(/^[A-Za-z0-9+/=!-]{8,40}$/)
  fc.assert(
    fc.property(name, value, (own, secret) => {
      expect(variable(own, secret)).toBe('***')
      expect(line(`${own}='${secret}'`)).not.toContain(secret)
    }),
  )
})
