import type {
  CreateChangeSetInput,
  CreateChangeSetOutput,
  DeleteChangeSetInput,
  DescribeChangeSetInput,
  DescribeChangeSetOutput,
  ExecuteChangeSetInput,
  ListChangeSetsInput,
  ListChangeSetsOutput,
} from '@aws-sdk/client-cloudformation'
import { paginate } from '../wire/pagination.js'
import { type RequestContext, ServiceError } from '../wire/service.js'
import { execute, existingOf, placeOf, propertiesOf, scopeFor } from './change.js'
import { turn } from './events.js'
import { checkTypes } from './kinds/index.js'
import { planChanges, tryOut } from './plan.js'
import { parametersOf, wantedIds } from './scope.js'
import type { ChangeSetRecord, StackRecord, Wanted } from './stack.js'
import type { StackStore } from './store.js'
import { invalid, readTemplate } from './template.js'

const wire = { signingName: 'cloudformation', protocol: 'awsQuery' } as const
const templateLimit = 51_200

const notFound = (name: string): ServiceError =>
  new ServiceError('ChangeSetNotFound', `ChangeSet [${name}] does not exist`, { status: 404 })

type Now = <I, O>(handle: (input: I, context: RequestContext) => O) => (input: I, context: RequestContext) => O

/** The operations on change sets. */
export function changeSetHandlers(store: StackStore, now: Now) {
  const { world } = store

  function required(name: string, stackName: string | undefined): readonly [StackRecord, ChangeSetRecord] {
    const stacks = stackName === undefined ? store.all() : [store.require(stackName)]
    for (const stack of stacks) {
      const found = [...stack.changeSets.values()].find((one) => one.name === name || one.arn === name)
      if (found !== undefined) return [stack, found]
    }
    throw notFound(name)
  }

  return {
    CreateChangeSet: now((input: CreateChangeSetInput): CreateChangeSetOutput => {
      const { StackName = '', ChangeSetName = '', ChangeSetType: type = 'UPDATE' } = input
      if (type === 'IMPORT') throw invalid('The rehearsal imports what exists with CREATE and UPDATE alone.')
      const standing = store.find(StackName)
      checkStanding(standing, StackName, ChangeSetName, type)
      const wanted = wantedOf(input, standing)
      const stack = standing ?? store.add(StackName)
      if (standing === undefined) turn(world, stack, 'REVIEW_IN_PROGRESS', 'User Initiated')
      const { region, accountId } = world.setup
      const changeSet: ChangeSetRecord = {
        name: ChangeSetName,
        arn: `arn:aws:cloudformation:${region}:${accountId}:changeSet/${ChangeSetName}/${world.random.uuid()}`,
        type,
        createdAt: world.now,
        description: input.Description,
        wanted,
        imports: input.ImportExistingResources === true,
        status: 'CREATE_PENDING',
        reason: undefined,
        execution: 'UNAVAILABLE',
        changes: [],
      }
      stack.changeSets.set(ChangeSetName, changeSet)
      world.agenda.add(world.now + 1000, () => (changeSet.status = 'CREATE_IN_PROGRESS'), { quiet: true })
      world.agenda.add(world.now + 4000, () => draw(store, stack, changeSet), { quiet: true })
      return { Id: changeSet.arn, StackId: stack.arn }
    }),

    DescribeChangeSet: now((input: DescribeChangeSetInput): DescribeChangeSetOutput => {
      const [stack, changeSet] = required(input.ChangeSetName ?? '', input.StackName)
      const page = paginate(wire, {
        operation: 'DescribeChangeSet',
        items: changeSet.changes,
        limit: 100,
        token: input.NextToken,
        boundTo: changeSet.arn,
      })
      const { wanted } = changeSet
      return {
        ...briefOf(stack, changeSet),
        Parameters: Object.entries(wanted.parameters).map(([ParameterKey, ParameterValue]) => ({
          ParameterKey,
          ParameterValue,
        })),
        Capabilities: [...wanted.capabilities] as NonNullable<DescribeChangeSetOutput['Capabilities']>,
        Tags: [...wanted.tags],
        Changes: [...page.items],
        NextToken: page.nextToken,
      }
    }),

    ListChangeSets: now((input: ListChangeSetsInput): ListChangeSetsOutput => {
      const stack = store.require(input.StackName ?? '')
      const all = [...stack.changeSets.values()]
      return { Summaries: all.map((changeSet) => briefOf(stack, changeSet)) }
    }),

    DeleteChangeSet: now((input: DeleteChangeSetInput): object => {
      const { ChangeSetName = '', StackName } = input
      const stack = StackName === undefined ? undefined : store.require(StackName)
      // Deleting one that is not there is done already.
      const found = stack === undefined ? required(ChangeSetName, undefined) : undefined
      const name = found?.[1].name ?? ChangeSetName
      ;(stack ?? found?.[0])?.changeSets.delete(name)
      return {}
    }),

    ExecuteChangeSet: now((input: ExecuteChangeSetInput): object => {
      const { ChangeSetName = '', StackName, ClientRequestToken } = input
      const named = StackName === undefined ? undefined : store.require(StackName)
      // The same token again is the same execution.
      if (named !== undefined && ClientRequestToken !== undefined && named.token === ClientRequestToken) return {}
      const [stack, changeSet] = required(ChangeSetName, StackName)
      if (changeSet.status !== 'CREATE_COMPLETE') {
        throw new ServiceError(
          'InvalidChangeSetStatus',
          `ChangeSet [${changeSet.arn}] cannot be executed in its current status of [${changeSet.status}]`,
        )
      }
      if (stack.status !== 'REVIEW_IN_PROGRESS') checkStanding(stack, stack.name, changeSet.name, 'UPDATE')
      stack.changeSets.clear()
      stack.token = ClientRequestToken
      execute(store, stack, changeSet)
      return {}
    }),
  }
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
function checkStanding(
  stack: StackRecord | undefined,
  name: string,
  changeSet: string,
  type: 'CREATE' | 'UPDATE',
): void {
  if (type === 'CREATE') {
    if (stack === undefined || stack.status === 'REVIEW_IN_PROGRESS') return
    throw invalid(`Stack [${name}] already exists and cannot be created again with the changeSet [${changeSet}].`)
  }
  if (stack === undefined || stack.status === 'REVIEW_IN_PROGRESS') throw invalid(`Stack [${name}] does not exist`)
  const takes = /^(?:CREATE|UPDATE|IMPORT)_COMPLETE$|^(?:UPDATE|IMPORT)_ROLLBACK_COMPLETE$/
  if (!takes.test(stack.status)) throw invalid(`Stack:${stack.arn} is in ${stack.status} state and can not be updated.`)
}

function wantedOf(input: CreateChangeSetInput, stack: StackRecord | undefined): Wanted {
  const body = input.UsePreviousTemplate === true ? stack?.wanted?.body : input.TemplateBody
  if (body === undefined) throw invalid('Either Template URL or Template Body must be specified.')
  if (Buffer.byteLength(body) > templateLimit) {
    throw invalid(
      `1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to ${templateLimit}`,
    )
  }
  const template = readTemplate(body)
  checkTypes(template)
  const parameters = parametersOf(template, input.Parameters ?? [], stack?.wanted?.parameters)
  const capabilities = input.Capabilities ?? []
  const roles = Object.values(template.Resources).filter(({ Type }) => Type.startsWith('AWS::IAM::'))
  const isNamed = roles.some(({ Properties = {} }) => 'RoleName' in Properties || 'InstanceProfileName' in Properties)
  const enough = isNamed
    ? capabilities.includes('CAPABILITY_NAMED_IAM')
    : capabilities.some((one) => one === 'CAPABILITY_IAM' || one === 'CAPABILITY_NAMED_IAM')
  if (roles.length > 0 && !enough) {
    const needed = isNamed ? 'CAPABILITY_NAMED_IAM' : 'CAPABILITY_IAM'
    throw new ServiceError('InsufficientCapabilitiesException', `Requires capabilities : [${needed}]`)
  }
  return { body, template, parameters, tags: input.Tags ?? stack?.wanted?.tags ?? [], capabilities }
}

/** Works out what a change set would do, when CloudFormation gets to it. */
function draw(store: StackStore, stack: StackRecord, changeSet: ChangeSetRecord): void {
  const { wanted, imports } = changeSet
  try {
    const scope = scopeFor(store, stack, wanted, (id) => stack.resources.get(id))
    const ids = wantedIds(wanted.template, scope)
    const properties = (id: string, lookup: Parameters<typeof propertiesOf>[4]) =>
      propertiesOf(store, stack, wanted, id, lookup)
    tryOut({ wanted, ids, properties })
    changeSet.changes = planChanges({
      stack,
      wanted,
      ids,
      properties,
      existing: (id, values) => {
        const resource = wanted.template.Resources[id]
        const keeps = resource?.DeletionPolicy?.startsWith('Retain') === true
        if (!imports || !keeps || resource === undefined) return undefined
        return existingOf(placeOf(store, stack, wanted, id), resource.Type, values)
      },
    })
    // A change of outputs or tags alone is one, too; of neither is none.
    const isSame =
      changeSet.changes.length === 0 &&
      JSON.stringify(stack.wanted?.template.Outputs) === JSON.stringify(wanted.template.Outputs) &&
      JSON.stringify(stack.wanted?.tags) === JSON.stringify(wanted.tags)
    if (!isSame) {
      changeSet.status = 'CREATE_COMPLETE'
      changeSet.execution = 'AVAILABLE'
      return
    }
    changeSet.status = 'FAILED'
    changeSet.reason =
      "The submitted information didn't contain changes. Submit different information to create a change set."
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
    changeSet.status = 'FAILED'
    changeSet.reason = error.message
  }
}

const briefOf = (stack: StackRecord, changeSet: ChangeSetRecord) => ({
  StackId: stack.arn,
  StackName: stack.name,
  ChangeSetId: changeSet.arn,
  ChangeSetName: changeSet.name,
  ...(changeSet.description !== undefined && { Description: changeSet.description }),
  CreationTime: new Date(changeSet.createdAt),
  Status: changeSet.status,
  ...(changeSet.reason !== undefined && { StatusReason: changeSet.reason }),
  ExecutionStatus: changeSet.execution,
  ImportExistingResources: changeSet.imports,
})
