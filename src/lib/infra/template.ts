/** A value of a template: plain data, with CloudFormation's functions as maps of one key, as JSON templates have them. */
export type Value = string | number | boolean | readonly Value[] | { readonly [key: string]: Value | undefined }

/** A resource, with the sentence that says why it is as it is. */
export interface Resource {
  readonly note?: string
  readonly Type: string
  readonly Condition?: string
  readonly DependsOn?: string | readonly string[]
  readonly DeletionPolicy?: 'Delete' | 'Retain'
  readonly UpdateReplacePolicy?: 'Delete' | 'Retain'
  readonly Properties?: { readonly [key: string]: Value | undefined }
}

export type Resources = Readonly<Record<string, Resource>>

export interface Parameter {
  readonly Type: string
  readonly Description: string
  readonly Default?: string | number
  readonly AllowedPattern?: string
  readonly AllowedValues?: readonly string[]
}

export interface Output {
  readonly Description: string
  readonly Condition?: string
  readonly Value: Value
}

/** A CloudFormation template. Keys stand in the order in which they are to be read. */
export interface Template {
  readonly AWSTemplateFormatVersion: '2010-09-09'
  readonly Description: string
  readonly Parameters: Readonly<Record<string, Parameter>>
  readonly Conditions: Readonly<Record<string, Value>>
  readonly Resources: Resources
  readonly Outputs: Readonly<Record<string, Output>>
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
export const ref = (name: string): Value => ({ Ref: name })
export const att = (resource: string, attribute: string): Value => ({ 'Fn::GetAtt': [resource, attribute] })
/** Text with `${…}` in it, which CloudFormation fills in; text without is as it is. */
export const sub = (text: string): Value => (text.includes('${') ? { 'Fn::Sub': text } : text)
export const when = (condition: string, yes: Value, no: Value): Value => ({ 'Fn::If': [condition, yes, no] })

/** Plain text for {@link sub}: what looks like a variable in it is none. */
export const literal = (text: string): string => text.replaceAll('${', '${!')

/** A part of a logical id: letters and digits alone. */
export const logical = (name: string): string =>
  name
    .split(/[^A-Za-z0-9]+/)
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('')

/** A statement of a policy. */
export const allow = (
  actions: readonly string[],
  resource: Value,
  more: Readonly<Record<string, Value>> = {},
): Value => ({
  Effect: 'Allow',
  Action: actions,
  Resource: resource,
  ...more,
})

export const policy = (...statements: readonly Value[]): Value => ({ Version: '2012-10-17', Statement: statements })

/** Who may take a role on: one service of AWS, and only for this account. */
export const trust = (service: string): Value =>
  policy({
    Effect: 'Allow',
    Principal: { Service: service },
    Action: 'sts:AssumeRole',
  })

/** A name that people see in the console. All else that a thing is tagged with comes from the stack's own tags. */
export const named = (name: Value): Value => [{ Key: 'Name', Value: name }]

/** The tags of a stack, which CloudFormation gives to what it makes. */
export const stackTags = (plan: {
  readonly app: string
  readonly environment: string
}): Readonly<Record<string, string>> => ({
  'rampart:app': plan.app,
  'rampart:environment': plan.environment,
})

/** A rule that lets nothing out, for groups whose real ways are rules of their own: with none at all, all is open. */
export const nowhere: Value = {
  Description: 'Nowhere else',
  IpProtocol: 'tcp',
  FromPort: 1,
  ToPort: 1,
  CidrIp: '127.0.0.1/32',
}
