import type { RegisterTaskDefinitionRequest } from '@aws-sdk/client-ecs'
import { ServiceError } from '../../wire/service.js'

const client = (message: string): ServiceError => new ServiceError('ClientException', message)

/**
 * The memory in MiB that each size of CPU may have: from, to, in steps of. The two sizes above 8192 are of Linux only.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
 */
const sizes: Readonly<Record<string, readonly [from: number, to: number, step: number]>> = {
  512: [1024, 4096, 1024],
  1024: [2048, 8192, 1024],
  2048: [4096, 16_384, 1024],
  4096: [8192, 30_720, 1024],
  8192: [16_384, 61_440, 4096],
  16384: [32_768, 122_880, 8192],
  32768: [61_440, 249_856, 4096],
}

/** Refuses a definition that Fargate can not run. @throws ServiceError ClientException. */
export function checkFargate(definition: Omit<RegisterTaskDefinitionRequest, 'tags'>): void {
  const { cpu, memory, networkMode } = definition
  if (cpu === undefined || memory === undefined) {
    throw client(`Fargate requires that '${cpu === undefined ? 'cpu' : 'memory'}' be defined at the task level.`)
  }
  if (networkMode !== 'awsvpc') throw client("Fargate only supports network mode 'awsvpc'.")
  if (!isSize(cpuUnits(cpu), memoryMebibytes(memory))) {
    throw client(
      `No Fargate configuration exists for given values: ${cpuUnits(cpu)} CPU, ${memoryMebibytes(memory)} memory. See the Amazon ECS documentation for the valid values.`,
    )
  }
}

const cpuUnits = (cpu: string): number => Math.round(Number.parseFloat(cpu) * (/vcpu/i.test(cpu) ? 1024 : 1))

/** A task's memory as a definition writes it (`2048`, `2 GB`), in MiB. */
export function memoryMebibytes(memory: string): number {
  return Math.round(Number.parseFloat(memory) * (/gb/i.test(memory) ? 1024 : 1))
}

function isSize(cpu: number, memory: number): boolean {
  if (cpu === 256) return [512, 1024, 2048].includes(memory)
  const size = sizes[cpu]
  if (size === undefined) return false
  const [from, to, step] = size
  return memory >= from && memory <= to && (memory - from) % step === 0
}

/** The smallest size of a task with that much memory, as a definition writes it. */
export function sizeForMemory(mebibytes: number): { readonly cpu: string; readonly memory: string } {
  for (const [cpu, [from, to, step]] of Object.entries(sizes)) {
    const memory = from + Math.max(0, Math.ceil((mebibytes - from) / step)) * step
    if (memory <= to) return { cpu, memory: String(memory) }
  }
  return { cpu: '32768', memory: '249856' }
}
