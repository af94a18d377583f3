export { startDashboard, type Dashboard, type DashboardActions, type Leaving } from './dashboard.js'
export { summaryLines } from './summary.js'
