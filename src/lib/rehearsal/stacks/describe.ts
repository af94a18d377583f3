import type { Stack, StackEvent, StackResource, StackResourceSummary } from '@aws-sdk/client-cloudformation'
import type { StackEventRecord, StackRecord } from './stack.js'

/** A stack as DescribeStacks shows it. Parameters that are not to be echoed are stars. */
export function describeStack(stack: StackRecord): Stack {
  const { wanted } = stack
  const newest = [...stack.changeSets.values()].at(-1)
  const shown = wanted ?? newest?.wanted
  return {
    StackId: stack.arn,
    StackName: stack.name,
    ...(shown?.template.Description !== undefined && { Description: shown.template.Description }),
    Parameters: Object.entries(shown?.parameters ?? {}).map(([ParameterKey, value]) => ({
      ParameterKey,
      ParameterValue: shown?.template.Parameters[ParameterKey]?.NoEcho === true ? '****' : value,
    })),
    CreationTime: new Date(stack.createdAt),
    ...(stack.updatedAt !== undefined && wanted !== undefined && { LastUpdatedTime: new Date(stack.updatedAt) }),
    ...(stack.deletedAt !== undefined && { DeletionTime: new Date(stack.deletedAt) }),
    StackStatus: stack.status as NonNullable<Stack['StackStatus']>,
    ...(stack.reason !== undefined && { StackStatusReason: stack.reason }),
    DisableRollback: false,
    NotificationARNs: [],
    Capabilities: [...(shown?.capabilities ?? [])] as NonNullable<Stack['Capabilities']>,
    Outputs: stack.outputs.map(({ key, value, description, exportName }) => ({
      OutputKey: key,
      OutputValue: value,
      ...(description !== undefined && { Description: description }),
      ...(exportName !== undefined && { ExportName: exportName }),
    })),
    Tags: [...(shown?.tags ?? [])],
    EnableTerminationProtection: false,
    DriftInformation: { StackDriftStatus: 'NOT_CHECKED' },
  }
}

/** One line of a stack's history. */
export function describeEvent(stack: StackRecord, event: StackEventRecord): StackEvent {
  return {
    StackId: stack.arn,
    StackName: stack.name,
    EventId: event.id,
    LogicalResourceId: event.resource,
    PhysicalResourceId: event.physicalId,
    ResourceType: event.type,
    Timestamp: new Date(event.at),
    ResourceStatus: event.status as NonNullable<StackEvent['ResourceStatus']>,
    ...(event.reason !== undefined && { ResourceStatusReason: event.reason }),
    ...(event.token !== undefined && { ClientRequestToken: event.token }),
  }
}

/** A resource, by its newest event. */
export function describeResource(stack: StackRecord, event: StackEventRecord): StackResource {
  const { resource, physicalId, type, status, reason, at } = event
  return {
    StackId: stack.arn,
    StackName: stack.name,
    LogicalResourceId: resource,
    PhysicalResourceId: physicalId,
    ResourceType: type,
    Timestamp: new Date(at),
    ResourceStatus: status as NonNullable<StackResource['ResourceStatus']>,
    ...(reason !== undefined && { ResourceStatusReason: reason }),
    DriftInformation: { StackResourceDriftStatus: 'NOT_CHECKED' },
  }
}

/** The same, shorter. */
export function summaryOf({ resource, physicalId, type, status, reason, at }: StackEventRecord): StackResourceSummary {
  return {
    LogicalResourceId: resource,
    PhysicalResourceId: physicalId,
    ResourceType: type,
    LastUpdatedTimestamp: new Date(at),
    ResourceStatus: status as NonNullable<StackResourceSummary['ResourceStatus']>,
    ...(reason !== undefined && { ResourceStatusReason: reason }),
    DriftInformation: { StackResourceDriftStatus: 'NOT_CHECKED' },
  }
}
