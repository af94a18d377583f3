import type { ImaginedConditions } from '../../domain/imagined-rollout.js'
import type { Switches } from '../world/switches.js'

/** The switches of a world in which things go as fast as that, and nobody writes logs of ordinary traffic. */
export function switchesFor(conditions: ImaginedConditions): Partial<Switches> {
  return {
    launchSeconds: conditions.launch / 1000,
    bootSeconds: conditions.boot / 1000,
    taskProvisioningSeconds: conditions.taskProvisioning / 1000,
    healthCheckIntervalSeconds: conditions.healthCheckInterval / 1000,
    deregistrationDelaySeconds: conditions.draining / 1000,
    downloadBytesPerSecond: conditions.download,
    unpackBytesPerSecond: conditions.unpack,
    modelDownloadBytesPerSecond: conditions.modelDownload,
    modelLoadBytesPerSecond: conditions.modelLoad,
    machineImageCarriesBase: conditions.machineImageCarriesBase,
    trafficSeconds: 0,
  }
}
