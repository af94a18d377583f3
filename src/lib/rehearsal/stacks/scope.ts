import type { RehearsalSetup } from '../setup.js'
import { evaluate, holds, type Scope } from './evaluate.js'
import type { Made, Output, StackRecord, Wanted } from './stack.js'
import { invalid, word, type Json, type Template } from './template.js'

/** What `Ref` and `Fn::GetAtt` find while a stack is worked on. */
export type Lookup = (id: string) => Made | undefined

const isList = (type: string | undefined): boolean => /^(?:CommaDelimitedList$|List<)/.test(type ?? '')

/** What a template's functions are worked out with, for that stack. */
export function scopeOf(
  setup: RehearsalSetup,
  stack: Pick<StackRecord, 'name' | 'arn'>,
  { template, parameters }: Pick<Wanted, 'template' | 'parameters'>,
  around: { readonly lookup: Lookup; readonly exports: ReadonlyMap<string, string> },
): Scope {
  const values = Object.entries(parameters).map(([name, value]) => [
    name,
    isList(template.Parameters[name]?.Type) ? value.split(',') : value,
  ])
  const found = (id: string): Made => {
    const made = around.lookup(id)
    if (made === undefined) throw invalid(`Template error: instance of Fn::GetAtt references undefined resource ${id}`)
    return made
  }
  return {
    template,
    values: {
      ...(Object.fromEntries(values) as Record<string, string | readonly string[]>),
      'AWS::Region': setup.region,
      'AWS::AccountId': setup.accountId,
      'AWS::Partition': 'aws',
      'AWS::URLSuffix': 'amazonaws.com',
      'AWS::StackName': stack.name,
      'AWS::StackId': stack.arn,
      'AWS::NotificationARNs': [],
    },
    zones: ['a', 'b', 'c'].map((letter) => `${setup.region}${letter}`),
    exports: around.exports,
    ref: (id) => found(id).physicalId,
    attribute: (id, name) => {
      const value = found(id).attributes[name]
      if (value !== undefined) return value
      throw invalid(`Template error: resource ${id} does not support attribute type ${name} in Fn::GetAtt`)
    },
  }
}

/** The values of a template's parameters. @throws ServiceError ValidationError, worded as CloudFormation does. */
export function parametersOf(
  { Parameters }: Template,
  given: readonly {
    readonly ParameterKey?: string | undefined
    readonly ParameterValue?: string | undefined
    readonly UsePreviousValue?: boolean | undefined
  }[],
  previous: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const unknown = given.filter(({ ParameterKey = '' }) => Parameters[ParameterKey] === undefined)
  if (unknown.length > 0) {
    throw invalid(
      `Parameters: [${unknown.map(({ ParameterKey }) => ParameterKey).join(', ')}] do not exist in the template`,
    )
  }
  const values: Record<string, string> = {}
  const missing: string[] = []
  for (const [name, { Default, AllowedPattern, AllowedValues, Type }] of Object.entries(Parameters)) {
    const own = given.find(({ ParameterKey }) => ParameterKey === name)
    const value = own?.UsePreviousValue === true ? previous[name] : (own?.ParameterValue ?? textOf(Default))
    if (value === undefined) {
      missing.push(name)
      continue
    }
    if (AllowedValues !== undefined && !AllowedValues.map(word).includes(value)) {
      throw invalid(`Parameter '${name}' must be one of AllowedValues`)
    }
    if (AllowedPattern !== undefined && !new RegExp(`^(?:${AllowedPattern})$`).test(value)) {
      throw invalid(`Parameter '${name}' must match pattern ${AllowedPattern}`)
    }
    if (Type === 'Number' && !/^-?\d+(?:\.\d+)?$/.test(value)) throw invalid(`Parameter '${name}' must be a number`)
    values[name] = value
  }
  if (missing.length > 0) throw invalid(`Parameters: [${missing.join(', ')}] must have values`)
  return values
}

const textOf = (value: Json | undefined): string | undefined =>
  value === undefined || value === null ? undefined : word(value)

/** The outputs of a template whose conditions hold. */
export function outputsOf({ Outputs }: Template, scope: Scope): readonly Output[] {
  return Object.entries(Outputs)
    .filter(([, { Condition }]) => Condition === undefined || holds(Condition, scope))
    .map(([key, { Value, Description, Export }]) => {
      const value = evaluate(Value, scope)
      return {
        key,
        value: Array.isArray(value) ? (value as readonly Json[]).map(word).join(',') : word(value),
        description: Description,
        exportName: Export === undefined ? undefined : word(evaluate(Export.Name, scope)),
      }
    })
}

/** The logical ids of a template's resources whose conditions hold. */
export const wantedIds = (template: Template, scope: Scope): readonly string[] =>
  Object.entries(template.Resources)
    .filter(([, { Condition }]) => Condition === undefined || holds(Condition, scope))
    .map(([id]) => id)
