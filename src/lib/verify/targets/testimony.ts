import { shortDigest, type Digest } from '../../domain/digest.js'
import { proofGrades, type ProofGrade, type TargetProof } from '../../domain/outcome.js'
import type { ProbeAnswer, ProbedReport, ProbedService, ProbeReport } from '../../domain/target-probe.js'

/** A service that a target should serve. */
export interface WantedService {
  readonly probed: ProbedService
  /** What was released; undefined when the release says nothing of this service. */
  readonly digest: Digest | undefined
  /** What is wrong with an answer to the question; nothing when it is as it should be. */
  readonly judge: (answer: ProbeAnswer & { readonly body: string; readonly cut: boolean }) => readonly string[]
}

/** What one target shows of itself. */
export interface Testimony {
  readonly grade: ProofGrade
  /** What contradicts the release. */
  readonly problems: readonly string[]
  /** Why the grade is not higher. */
  readonly notes: readonly string[]
  /** What was seen, for people. */
  readonly evidence: readonly string[]
  /** True when the configured request was answered. */
  readonly answered: boolean
  /** True when nobody but the network was asked: which digest runs is then for the platform to say. */
  readonly directly: boolean
}

const took = ({ seconds }: ProbeAnswer): string => `${Math.round(seconds * 1000)} ms`

const weakest = (a: ProofGrade, b: ProofGrade): ProofGrade => (proofGrades.indexOf(a) <= proofGrades.indexOf(b) ? a : b)

/** What a target's own report says for and against each service. */
export function testimonyOf(report: ProbeReport, wanted: readonly WantedService[]): Testimony {
  const directly = report.directly === true
  const all = wanted.flatMap((one) => {
    const said = report.services.find(({ name }) => name === one.probed.name)
    // What does not run there, or can not be reached, is not missed: agents alone know of all.
    if (said === undefined) return directly ? [] : silent(one)
    return testify(one, said, report)
  })
  const asked = all.some(({ answered }) => answered)
  const problems = all.flatMap((one) => one.problems)
  return {
    // Where no request is configured for any service, readiness alone has answered.
    grade: all.reduce<ProofGrade>(
      (grade, one) => weakest(grade, one.grade),
      wanted.length === 0 ? 'launched' : asked ? 'answered' : 'reported',
    ),
    problems,
    notes: [
      ...new Set([
        ...all.flatMap((one) => one.notes),
        ...(wanted.some(({ probed }) => probed.question !== undefined) || problems.length > 0
          ? []
          : ['no endpoint of rampart.yml is asked of the targets themselves']),
      ]),
    ],
    evidence: all.flatMap((one) => one.evidence),
    answered: asked,
    directly,
  }
}

type Part = Omit<Testimony, 'directly'>

const silent = ({ probed }: WantedService): Part => ({
  grade: 'launched',
  problems: [],
  notes: [`the probe's answer says nothing of ${probed.name}`],
  evidence: [],
  answered: false,
})

function testify(
  { probed, digest, judge }: WantedService,
  said: ProbedReport,
  { lacks, directly = false }: ProbeReport,
): Part {
  const { name } = probed
  const noDocker = directly || lacks.includes('docker')
  const noCurl = lacks.includes('curl')
  const runs = said.digests.map(shortDigest).join(', ')
  const isWanted = digest !== undefined && said.digests.length === 1 && said.digests[0] === digest
  const ready = said.ready !== undefined && said.ready.status >= 200 && said.ready.status < 300
  const wrong = noCurl || said.again === undefined ? [] : judge(said.again)
  const answers = !noCurl && said.again !== undefined
  return {
    grade: noDocker || digest === undefined ? 'launched' : noCurl ? 'reported' : 'answered',
    answered: answers,
    problems: [
      ...(noDocker || digest === undefined || isWanted ? [] : [wrongDigest(said, probed, digest)]),
      ...(noCurl || ready ? [] : [`${name}: ${probed.readyPath} answers ${statusOf(said.ready)} on the target itself`]),
      ...(ready && wrong.length > 0
        ? [
            `${name}: ${probed.readyPath} answers ${statusOf(said.ready)}, but ${questionOf(probed)}: ${wrong.join('; ')}`,
          ]
        : wrong.map((one) => `${name}: ${questionOf(probed)}: ${one}`)),
    ],
    notes: [
      ...(noDocker && !directly ? ['no docker on the target to ask which digest runs'] : []),
      ...(noCurl ? ['no curl on the target to ask it anything'] : []),
    ],
    evidence: [
      ...(isWanted ? [`${name} runs ${runs}`] : []),
      ...(ready && said.ready !== undefined
        ? [`${probed.readyPath} ${statusOf(said.ready)} in ${took(said.ready)}`]
        : []),
      ...(answers && wrong.length === 0 && said.first !== undefined && said.again !== undefined
        ? [`${questionOf(probed)} ${statusOf(said.again)} in ${took(said.again)}, the first time ${took(said.first)}`]
        : []),
    ],
  }
}

const statusOf = (answer: ProbeAnswer | undefined): string =>
  answer === undefined || answer.status === 0 ? 'nothing' : String(answer.status)

const questionOf = ({ question }: ProbedService): string =>
  question === undefined ? 'nothing' : `${question.method} ${question.path}`

function wrongDigest(
  { digests, containers }: ProbedReport,
  { name, repository }: ProbedService,
  wanted: Digest,
): string {
  if (containers === 0) return `${name}: no container of ${repository} runs`
  return `${name}: runs ${digests.map(shortDigest).join(' and ')}, not ${shortDigest(wanted)}`
}

/** A proof with what the target itself said: a higher grade, or what contradicts it. */
export function withTestimony(proof: TargetProof, testimony: Testimony): TargetProof {
  const { grade, problems, evidence, answered, directly } = testimony
  if (!proof.proved) return proof
  if (directly) {
    if (problems.length > 0) return { ...proof, proved: false, grade: 'answered', detail: problems.join('; ') }
    // That the right thing answers says no more of the digest than is known already.
    const known = answered && proof.grade !== 'launched' ? 'answered' : proof.grade
    return { ...proof, grade: known, detail: [proof.detail, ...evidence.map((one) => `directly: ${one}`)].join('; ') }
  }
  if (problems.length > 0) return { ...proof, proved: false, grade, detail: problems.join('; ') }
  return grade === 'launched' ? proof : { ...proof, grade, detail: evidence.join('; ') }
}
