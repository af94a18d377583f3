export { followLogs, type FollowedLines, type FollowOptions } from './follow.js'
export { createLogPoller, type Followed, type LogBatch, type LogPoller } from './poll.js'
export { createLoadTracker, type LoadTracker, type TargetLine } from './tracker.js'
